import { checkFunction, checkInteger, checkObject } from '../errors/option-checks.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import type { RateAcquireOptions, RateLimiter, Reservation, ReserveOptions } from './rate-limiter.ts'

export interface KeyedRateLimiterOptions {
  /** How many limiters are kept at most. */
  readonly max: number
}

/** A rate limiter for each key. */
export interface KeyedRateLimiter<K> extends Disposable {
  /** How many limiters are kept. */
  readonly size: number
  /** The limiter of `key`, made when there is none. Do not keep it: ask again, or it may be made twice. */
  get(key: K): RateLimiter
  /** As {@link RateLimiter.tryAcquire}. */
  tryAcquire(key: K, n?: number): boolean
  /** As {@link RateLimiter.acquire}. */
  acquire(key: K, n?: number, options?: RateAcquireOptions): Promise<void>
  /** As {@link RateLimiter.retryAfterMs}. */
  retryAfterMs(key: K, n?: number): number
  /** As {@link RateLimiter.reserve}. */
  reserve(key: K, n?: number, options?: ReserveOptions): Reservation | undefined
  /** Rejects all who wait for any key, as on shutdown; returns how many there were. */
  rejectWaiting(reason: unknown): number
  /** Disposes of all limiters and forgets them; a key that is used later gets a new one. */
  [Symbol.dispose](): void
}

/**
 * A limiter for each key, made by `make` when the key is first used. When there are `max`, the one that was used least
 * recently makes room; one at which somebody waits is kept. A key that comes back then begins anew, so choose `max`
 * above the number of keys that are in use within the limiters' windows.
 *
 * A key is refused with a QueueOverflowError when somebody waits at every limiter.
 *
 * @throws OptionError when `make` is no function or `max` is not a whole number of at least 1
 */
export function keyed<K>(make: (key: K) => RateLimiter, options: KeyedRateLimiterOptions): KeyedRateLimiter<K> {
  return new LeastRecentlyUsed(checkFunction('make', make), checkInteger('max', checkObject(options).max, { min: 1 }))
}

/** A Map iterates in the order of insertion: what is used is inserted again, so the first is the least recent. */
class LeastRecentlyUsed<K> implements KeyedRateLimiter<K> {
  readonly #make: (key: K) => RateLimiter
  readonly #max: number
  readonly #limiters = new Map<K, RateLimiter>()

  constructor(make: (key: K) => RateLimiter, max: number) {
    this.#make = make
    this.#max = max
  }

  get size(): number {
    return this.#limiters.size
  }

  get(key: K): RateLimiter {
    const known = this.#limiters.get(key)
    if (known === undefined && this.#limiters.size >= this.#max) this.#evict()
    const limiter = known ?? this.#make(key)
    this.#limiters.delete(key)
    this.#limiters.set(key, limiter)
    return limiter
  }

  tryAcquire(key: K, n?: number): boolean {
    return this.get(key).tryAcquire(n)
  }

  async acquire(key: K, n?: number, options?: RateAcquireOptions): Promise<void> {
    return this.get(key).acquire(n, options)
  }

  retryAfterMs(key: K, n?: number): number {
    return this.get(key).retryAfterMs(n)
  }

  reserve(key: K, n?: number, options?: ReserveOptions): Reservation | undefined {
    return this.get(key).reserve(n, options)
  }

  rejectWaiting(reason: unknown): number {
    let count = 0
    for (const limiter of this.#limiters.values()) count += limiter.rejectWaiting(reason)
    return count
  }

  [Symbol.dispose](): void {
    for (const limiter of this.#limiters.values()) limiter[Symbol.dispose]()
    this.#limiters.clear()
  }

  #evict(): void {
    for (let left = this.#limiters.size; left > 0; left--) {
      const [[key, limiter]] = this.#limiters as unknown as [[K, RateLimiter]]
      this.#limiters.delete(key)
      if (limiter.waiting === 0) return
      this.#limiters.set(key, limiter)
    }
    throw new QueueOverflowError({ queue: 'keyed rate limiter', capacity: this.#max })
  }
}
