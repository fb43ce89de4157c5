import { checkCount, checkInteger } from '../errors/option-checks.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import { HeldPermit } from './held-permit.ts'
import { Semaphore, type SemaphoreOptions, type WaitForTurnOptions } from './semaphore.ts'
import { checkMaxWaiting } from './waiting-bound.ts'

export interface KeyedSemaphoreOptions extends SemaphoreOptions {
  /** How many keys may be in use at once; a further one is refused with a QueueOverflowError. Default 65 536. */
  readonly maxKeys?: number
}

/**
 * A semaphore for each key, such as one for each host. A key costs memory only while one of its permits is held:
 * whoever releases the last one takes the key away.
 *
 * @example
 * const perHost = new KeyedSemaphore<string>(2)
 * await perHost.run(host, () => connect(host))
 */
export class KeyedSemaphore<K> {
  readonly #capacity: number
  readonly #maxKeys: number
  readonly #options: SemaphoreOptions
  readonly #semaphores = new Map<K, Semaphore>()

  /** @throws OptionError when `capacity` is not a whole number of at least 1, or an option is out of range */
  constructor(capacity: number, options: KeyedSemaphoreOptions = {}) {
    const { name = 'keyed semaphore', maxWaiting, maxKeys = 65_536 } = options
    this.#capacity = checkInteger('capacity', capacity, { min: 1 })
    this.#maxKeys = checkCount('maxKeys', maxKeys)
    this.#options = { name, maxWaiting: checkMaxWaiting(maxWaiting) }
  }

  /** How many keys are in use. */
  get size(): number {
    return this.#semaphores.size
  }

  /** Permits of `key` that nobody holds. */
  available(key: K): number {
    return this.#semaphores.get(key)?.available ?? this.#capacity
  }

  /** How many wait for `key`. */
  waiting(key: K): number {
    return this.#semaphores.get(key)?.waiting ?? 0
  }

  /**
   * Waits for its turn at `key`. Rejects with `signal.reason` at the abort, and with a QueueOverflowError when too many
   * wait or too many keys are in use.
   */
  async acquire(key: K, options?: WaitForTurnOptions): Promise<HeldPermit> {
    options?.signal?.throwIfAborted()
    const semaphore = this.#semaphoreOf(key)
    const permit = semaphore.tryAcquire() ?? (await semaphore.acquire(options && { signal: options.signal }))
    return this.#evicting(key, semaphore, permit)
  }

  /**
   * Takes a permit of `key` now, or returns undefined when there is none.
   *
   * @throws QueueOverflowError when too many keys are in use
   */
  tryAcquire(key: K): HeldPermit | undefined {
    const semaphore = this.#semaphoreOf(key)
    const permit = semaphore.tryAcquire()
    return permit === undefined ? undefined : this.#evicting(key, semaphore, permit)
  }

  /** Waits for its turn at `key`, calls `fn`, and releases when that has settled. After an abort `fn` is not called. */
  async run<T>(key: K, fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T> {
    const permit = await this.acquire(key, options)
    try {
      options?.signal?.throwIfAborted()
      return await fn()
    } finally {
      permit.release()
    }
  }

  /** Rejects all who wait for any key, as on shutdown; returns how many there were. */
  rejectWaiting(reason: unknown): number {
    let count = 0
    for (const semaphore of this.#semaphores.values()) count += semaphore.rejectWaiting(reason)
    return count
  }

  /** Only who holds no permit may meet a new semaphore, so a semaphore stays as long as one of its permits is held. */
  #semaphoreOf(key: K): Semaphore {
    let semaphore = this.#semaphores.get(key)
    if (semaphore !== undefined) return semaphore
    if (this.#semaphores.size >= this.#maxKeys) {
      throw new QueueOverflowError({ queue: `keys of ${this.#options.name}`, capacity: this.#maxKeys })
    }
    semaphore = new Semaphore(this.#capacity, this.#options)
    this.#semaphores.set(key, semaphore)
    return semaphore
  }

  #evicting(key: K, semaphore: Semaphore, permit: HeldPermit): HeldPermit {
    return new HeldPermit(() => {
      permit.release()
      if (semaphore.available === semaphore.capacity) this.#semaphores.delete(key)
    })
  }
}
