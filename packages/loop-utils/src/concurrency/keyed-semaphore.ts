import { checkCount, checkInteger, checkSignal } from '../errors/option-checks.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import { disposedError } from './disposed-error.ts'
import { HeldPermit } from './held-permit.ts'
import { runHolding } from './run-holding.ts'
import { Semaphore, type SemaphoreOptions } from './semaphore.ts'
import type { TurnStats, WaitForTurnOptions } from './turn-queue.ts'
import { checkMaxWaiting } from './waiting-bound.ts'

export interface KeyedSemaphoreOptions extends SemaphoreOptions {
  /** How many keys may be in use at once; a further one is refused with a QueueOverflowError. Default 65 536. */
  readonly maxKeys?: number
}

/** What the semaphores of all keys did so far, those of keys that are not in use any more included. */
export interface KeyedSemaphoreStats extends TurnStats {
  /** How many keys are in use. */
  readonly keys: number
  /** Permits that are held. */
  readonly held: number
}

/**
 * A semaphore for each key, such as one for each host. A key costs memory only while one of its permits is held:
 * whoever releases the last one takes the key away.
 *
 * @example
 * const perHost = new KeyedSemaphore<string>(2)
 * await perHost.run(host, () => connect(host))
 */
export class KeyedSemaphore<K> implements Disposable {
  readonly #capacity: number
  readonly #maxKeys: number
  readonly #name: string
  readonly #options: SemaphoreOptions
  readonly #semaphores = new Map<K, Semaphore>()
  /** Of semaphores that are gone, and of keys that were refused. */
  readonly #past = { acquired: 0, refused: 0, abandoned: 0 }
  #isDisposed = false

  /** @throws OptionError when `capacity` is not a whole number of at least 1, or an option is out of range */
  constructor(capacity: number, options: KeyedSemaphoreOptions = {}) {
    const { name = 'keyed semaphore', maxWaiting, maxKeys = 65_536 } = options
    this.#capacity = checkInteger('capacity', capacity, { min: 1 })
    this.#maxKeys = checkCount('maxKeys', maxKeys)
    this.#name = name
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
   * Waits for its turn at `key`. Rejects with `signal.reason` at the abort, with a QueueOverflowError when too many wait
   * or too many keys are in use, and with a CancelledError once all is disposed of.
   */
  async acquire(key: K, options?: WaitForTurnOptions): Promise<HeldPermit> {
    const signal = checkSignal('signal', options?.signal)
    signal?.throwIfAborted()
    const semaphore = this.#semaphoreOf(key)
    const permit = await semaphore.acquire({ signal })
    return this.#evicting(key, semaphore, permit)
  }

  /**
   * Takes a permit of `key` now, or returns undefined when there is none or all is disposed of.
   *
   * @throws QueueOverflowError when too many keys are in use
   */
  tryAcquire(key: K): HeldPermit | undefined {
    if (this.#isDisposed) {
      this.#past.refused++
      return undefined
    }
    const semaphore = this.#semaphoreOf(key)
    const permit = semaphore.tryAcquire()
    return permit === undefined ? undefined : this.#evicting(key, semaphore, permit)
  }

  /** Waits for its turn at `key`, calls `fn`, and releases when that has settled. After an abort `fn` is not called. */
  run<T>(key: K, fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T> {
    return runHolding(() => this.acquire(key, options), fn, options)
  }

  /** Rejects all who wait for any key, as on shutdown; returns how many there were. */
  rejectWaiting(reason: unknown): number {
    let count = 0
    for (const semaphore of this.#semaphores.values()) count += semaphore.rejectWaiting(reason)
    return count
  }

  stats(): KeyedSemaphoreStats {
    const sum = { keys: this.size, held: 0, waiting: 0, ...this.#past }
    for (const semaphore of this.#semaphores.values()) {
      const { held, waiting, acquired, refused, abandoned } = semaphore.stats()
      sum.held += held
      sum.waiting += waiting
      sum.acquired += acquired
      sum.refused += refused
      sum.abandoned += abandoned
    }
    return sum
  }

  /** Rejects all who wait, and who asks from now on, with a CancelledError. Permits that are held stay so. */
  [Symbol.dispose](): void {
    this.#isDisposed = true
    for (const semaphore of this.#semaphores.values()) semaphore[Symbol.dispose]()
  }

  /** Only who holds no permit may meet a new semaphore, so a semaphore stays as long as one of its permits is held. */
  #semaphoreOf(key: K): Semaphore {
    const known = this.#semaphores.get(key)
    if (known !== undefined && !this.#isDisposed) return known
    if (this.#isDisposed || this.#semaphores.size >= this.#maxKeys) {
      this.#past.refused++
      if (this.#isDisposed) throw disposedError(this.#name)
      throw new QueueOverflowError({ queue: `keys of ${this.#name}`, capacity: this.#maxKeys })
    }
    const semaphore = new Semaphore(this.#capacity, this.#options)
    this.#semaphores.set(key, semaphore)
    return semaphore
  }

  #evicting(key: K, semaphore: Semaphore, permit: HeldPermit): HeldPermit {
    return new HeldPermit(() => {
      permit.release()
      if (semaphore.available === semaphore.capacity) this.#evict(key, semaphore)
    })
  }

  #evict(key: K, semaphore: Semaphore): void {
    const { acquired, refused, abandoned } = semaphore.stats()
    this.#past.acquired += acquired
    this.#past.refused += refused
    this.#past.abandoned += abandoned
    this.#semaphores.delete(key)
  }
}
