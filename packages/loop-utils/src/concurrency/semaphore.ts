import { checkFunction, checkInteger, checkSignal } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { HeldPermit } from './held-permit.ts'
import { rejectAll, Waiter, WaiterQueue } from './waiter-queue.ts'
import { checkMaxWaiting, checkRoom, type WaitingBound } from './waiting-bound.ts'

export interface SemaphoreOptions extends WaitingBound {
  /** Names the semaphore in errors. Default `'semaphore'`. */
  readonly name?: string
}

export interface WaitForTurnOptions {
  /** Its abort ends the wait at once with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

export interface SemaphoreAcquireOptions extends WaitForTurnOptions {
  /** How many permits to take together. Default 1. */
  readonly permits?: number
}

/**
 * Lets at most `capacity` permits be held at a time. Strictly first come first served: nobody overtakes one who waits,
 * not even by asking for less.
 *
 * @example
 * const semaphore = new Semaphore(4)
 * const page = await semaphore.run(() => fetchPage(url, { signal }), { signal })
 */
export class Semaphore {
  readonly #name: string
  readonly #maxWaiting: number
  readonly #queue = new WaiterQueue<Waiter<HeldPermit, number>>()
  #capacity: number
  #free: number

  /** @throws OptionError when `capacity` is not a whole number of at least 1, or an option is out of range */
  constructor(capacity: number, options: SemaphoreOptions = {}) {
    this.#capacity = checkInteger('capacity', capacity, { min: 1 })
    this.#free = capacity
    this.#name = options.name ?? 'semaphore'
    this.#maxWaiting = checkMaxWaiting(options.maxWaiting)
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
    return this.#queue.size
  }

  /**
   * Waits for its turn and takes permits.
   *
   * Rejects with `signal.reason` at the abort, with a QueueOverflowError when too many wait already, and with an
   * OptionError when it asks for more permits than there are.
   */
  acquire(options: SemaphoreAcquireOptions = {}): Promise<HeldPermit> {
    try {
      const signal = checkSignal('signal', options.signal)
      signal?.throwIfAborted()
      const permits = this.#checkPermits(options.permits)
      const permit = this.#take(permits)
      if (permit !== undefined) return Promise.resolve(permit)
      checkRoom(this.#queue, this.#maxWaiting, `queue of ${this.#name}`)
      return Waiter.in(this.#queue, permits, { abort: signal, onGiveUp: () => this.#serve() })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Takes permits now, or returns undefined when there are too few or others wait.
   *
   * @throws OptionError when it asks for more permits than there are
   */
  tryAcquire(permits?: number): HeldPermit | undefined {
    return this.#take(this.#checkPermits(permits))
  }

  /** Waits for its turn, calls `fn`, and releases when that has settled. After an abort `fn` is not called. */
  async run<T>(fn: () => T | PromiseLike<T>, options: SemaphoreAcquireOptions = {}): Promise<T> {
    checkFunction('fn', fn)
    const permit = await this.acquire(options)
    try {
      options.signal?.throwIfAborted()
      return await fn()
    } finally {
      permit.release()
    }
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
    if (isLower) this.#rejectUnservable()
    this.#serve()
  }

  /** Rejects all who wait, as on shutdown; returns how many there were. Permits that are held stay so. */
  rejectWaiting(reason: unknown): number {
    return rejectAll(this.#queue, reason)
  }

  #take(permits: number): HeldPermit | undefined {
    return this.#queue.size > 0 || permits > this.#free ? undefined : this.#grant(permits)
  }

  #grant(permits: number): HeldPermit {
    this.#free -= permits
    return new HeldPermit(() => {
      this.#free += permits
      this.#serve()
    })
  }

  /** Hands what is free to those who wait, in their order; the first whom it does not suffice for ends it. */
  #serve(): void {
    for (;;) {
      const { first } = this.#queue
      if (first === undefined || first.payload > this.#free) return
      first.resolve(this.#grant(first.payload))
    }
  }

  #rejectUnservable(): void {
    for (const waiter of this.#queue) {
      const permits = waiter.payload
      if (permits > this.#capacity) waiter.reject(new OptionError('permits', permits, this.#expectedPermits()))
    }
  }

  #checkPermits(permits = 1): number {
    return checkInteger('permits', permits, { min: 1, max: this.#capacity })
  }

  #expectedPermits(): string {
    return `at most the new capacity of ${this.#capacity}`
  }
}
