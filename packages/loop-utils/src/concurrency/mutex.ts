import type { HeldPermit } from './held-permit.ts'
import { Semaphore, type SemaphoreOptions, type WaitForTurnOptions } from './semaphore.ts'

/**
 * Lets one at a time into a section of code, strictly first come first served. It is not re-entrant: who holds it and
 * waits for it again waits for ever.
 *
 * @example
 * await mutex.run(() => file.append(line))
 */
export class Mutex {
  readonly #semaphore: Semaphore

  /** @throws OptionError when an option is out of range */
  constructor(options: SemaphoreOptions = {}) {
    this.#semaphore = new Semaphore(1, { name: 'mutex', ...options })
  }

  get isHeld(): boolean {
    return this.#semaphore.available === 0
  }

  /** How many wait. */
  get waiting(): number {
    return this.#semaphore.waiting
  }

  /**
   * Waits for its turn. Rejects with `signal.reason` at the abort, and with a QueueOverflowError when too many wait
   * already.
   */
  acquire(options?: WaitForTurnOptions): Promise<HeldPermit> {
    return this.#semaphore.acquire(options && { signal: options.signal })
  }

  /** Enters now, or returns undefined when another is inside. */
  tryAcquire(): HeldPermit | undefined {
    return this.#semaphore.tryAcquire()
  }

  /** Waits for its turn, calls `fn`, and leaves when that has settled. After an abort `fn` is not called. */
  run<T>(fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T> {
    return this.#semaphore.run(fn, options && { signal: options.signal })
  }

  /** Rejects all who wait, as on shutdown; returns how many there were. */
  rejectWaiting(reason: unknown): number {
    return this.#semaphore.rejectWaiting(reason)
  }
}
