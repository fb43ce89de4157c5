import type { HeldPermit } from './held-permit.ts'
import { Semaphore, type SemaphoreOptions, type SemaphoreStats } from './semaphore.ts'
import type { WaitForTurnOptions } from './turn-queue.ts'

/**
 * Lets one at a time into a section of code, strictly first come first served. It is not re-entrant: who holds it and
 * waits for it again waits for ever.
 *
 * @example
 * await mutex.run(() => file.append(line))
 */
export class Mutex implements Disposable {
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
   * Waits for its turn. Rejects with `signal.reason` at the abort, with a QueueOverflowError when too many wait already,
   * and with a CancelledError once the mutex is disposed of.
   */
  acquire(options?: WaitForTurnOptions): Promise<HeldPermit> {
    return this.#semaphore.acquire(options && { signal: options.signal })
  }

  /** Enters now, or returns undefined when another is inside or it is disposed of. */
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

  /** Those of a semaphore with one permit. */
  stats(): SemaphoreStats {
    return this.#semaphore.stats()
  }

  /** Rejects all who wait, and who asks from now on, with a CancelledError. Who is inside stays there. */
  [Symbol.dispose](): void {
    this.#semaphore[Symbol.dispose]()
  }
}
