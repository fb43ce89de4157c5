import type { HeldPermit } from './held-permit.ts'
import { KeyedSemaphore, type KeyedSemaphoreOptions, type KeyedSemaphoreStats } from './keyed-semaphore.ts'
import type { WaitForTurnOptions } from './turn-queue.ts'

/**
 * A mutex for each key, such as one for each device, strictly first come first served. A key costs memory only while
 * its mutex is held.
 *
 * @example
 * await perDevice.run(device.id, () => device.write(value))
 */
export class KeyedMutex<K> implements Disposable {
  readonly #semaphores: KeyedSemaphore<K>

  /** @throws OptionError when an option is out of range */
  constructor(options: KeyedSemaphoreOptions = {}) {
    this.#semaphores = new KeyedSemaphore(1, { name: 'keyed mutex', ...options })
  }

  /** How many keys are in use. */
  get size(): number {
    return this.#semaphores.size
  }

  isHeld(key: K): boolean {
    return this.#semaphores.available(key) === 0
  }

  /** How many wait for `key`. */
  waiting(key: K): number {
    return this.#semaphores.waiting(key)
  }

  /**
   * Waits for its turn at `key`. Rejects with `signal.reason` at the abort, with a QueueOverflowError when too many wait
   * or too many keys are in use, and with a CancelledError once the mutex is disposed of.
   */
  acquire(key: K, options?: WaitForTurnOptions): Promise<HeldPermit> {
    return this.#semaphores.acquire(key, options)
  }

  /**
   * Takes the mutex of `key` now, or returns undefined when another holds it or all is disposed of.
   *
   * @throws QueueOverflowError when too many keys are in use
   */
  tryAcquire(key: K): HeldPermit | undefined {
    return this.#semaphores.tryAcquire(key)
  }

  /** Waits for its turn at `key`, calls `fn`, and releases when that has settled. After an abort `fn` is not called. */
  run<T>(key: K, fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T> {
    return this.#semaphores.run(key, fn, options)
  }

  /** Rejects all who wait for any key, as on shutdown; returns how many there were. */
  rejectWaiting(reason: unknown): number {
    return this.#semaphores.rejectWaiting(reason)
  }

  stats(): KeyedSemaphoreStats {
    return this.#semaphores.stats()
  }

  /** Rejects all who wait, and who asks from now on, with a CancelledError. Mutexes that are held stay so. */
  [Symbol.dispose](): void {
    this.#semaphores[Symbol.dispose]()
  }
}
