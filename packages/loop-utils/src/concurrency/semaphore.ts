import { checkInteger } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { HeldPermit } from './held-permit.ts'
import { TurnQueue, type TurnStats, type WaitForTurnOptions } from './turn-queue.ts'
import type { WaitingBound } from './waiting-bound.ts'

export interface SemaphoreOptions extends WaitingBound {
  /** Names the semaphore in errors. Default `'semaphore'`. */
  readonly name?: string
}

export interface SemaphoreAcquireOptions extends WaitForTurnOptions {
  /** How many permits to take together. Default 1. */
  readonly permits?: number
}

/** What a semaphore or mutex did so far. */
export interface SemaphoreStats extends TurnStats {
  readonly capacity: number
  /** Permits that are held. */
  readonly held: number
}

/**
 * Lets at most `capacity` permits be held at a time. Strictly first come first served: nobody overtakes one who waits,
 * not even by asking for less.
 *
 * @example
 * const semaphore = new Semaphore(4)
 * const page = await semaphore.run(() => fetchPage(url, { signal }), { signal })
 */
export class Semaphore implements Disposable {
  readonly #turns: TurnQueue<number>
  #capacity: number
  #free: number

  /** @throws OptionError when `capacity` is not a whole number of at least 1, or an option is out of range */
  constructor(capacity: number, options: SemaphoreOptions = {}) {
    this.#capacity = checkInteger('capacity', capacity, { min: 1 })
    this.#free = capacity
    this.#turns = new TurnQueue(options.name ?? 'semaphore', options.maxWaiting, {
      admits: (permits) => permits <= this.#free,
      enter: (permits) => (this.#free -= permits),
      leave: (permits) => (this.#free += permits),
    })
  }

  get capacity(): number {
    return this.#capacity
  }

  /** Permits that nobody holds; negative while more are held than a lowered capacity admits. */
  get available(): number {
    return this.#free
  }

  /** How many wait. */
  get waiting(): number {
    return this.#turns.waiting
  }

  /**
   * Waits for its turn and takes permits.
   *
   * Rejects with `signal.reason` at the abort, with a QueueOverflowError when too many wait already, with an OptionError
   * when it asks for more permits than there are, and with a CancelledError once the semaphore is disposed of.
   */
  acquire(options: SemaphoreAcquireOptions = {}): Promise<HeldPermit> {
    try {
      return this.#turns.acquire(this.#checkPermits(options.permits), options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Takes permits now, or returns undefined when there are too few, others wait, or it is disposed of.
   *
   * @throws OptionError when it asks for more permits than there are
   */
  tryAcquire(permits?: number): HeldPermit | undefined {
    return this.#turns.tryAcquire(this.#checkPermits(permits))
  }

  /** Waits for its turn, calls `fn`, and releases when that has settled. After an abort `fn` is not called. */
  async run<T>(fn: () => T | PromiseLike<T>, options: SemaphoreAcquireOptions = {}): Promise<T> {
    return this.#turns.run(this.#checkPermits(options.permits), fn, options)
  }

  /**
   * Changes the capacity. Permits that are held stay so; those who wait for more than the new capacity are rejected
   * with an OptionError.
   *
   * @throws OptionError when `capacity` is not a whole number of at least 1
   */
  resize(capacity: number): void {
    checkInteger('capacity', capacity, { min: 1 })
    this.#free += capacity - this.#capacity
    const isLower = capacity < this.#capacity
    this.#capacity = capacity
    if (isLower) this.#turns.rejectFaulty((permits) => this.#excess(permits))
    this.#turns.serve()
  }

  /** Rejects all who wait, as on shutdown; returns how many there were. Permits that are held stay so. */
  rejectWaiting(reason: unknown): number {
    return this.#turns.rejectWaiting(reason)
  }

  stats(): SemaphoreStats {
    return { capacity: this.#capacity, held: this.#capacity - this.#free, ...this.#turns.stats() }
  }

  /** Rejects all who wait, and who asks from now on, with a CancelledError. Permits that are held stay so. */
  [Symbol.dispose](): void {
    this.#turns.dispose()
  }

  #checkPermits(permits = 1): number {
    return checkInteger('permits', permits, { min: 1, max: this.#capacity })
  }

  #excess(permits: number): OptionError | undefined {
    if (permits <= this.#capacity) return undefined
    return new OptionError('permits', permits, `at most the new capacity of ${this.#capacity}`)
  }
}
