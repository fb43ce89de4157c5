import { exponential } from '../../src/backoff/index.ts'
import { CircuitBreaker, consecutive } from '../../src/breaker/index.ts'
import type { ManualClock, Random } from '../../src/clock/index.ts'
import { AdaptiveConcurrency, Bulkhead, hedgePolicy } from '../../src/concurrency/index.ts'
import { fallback } from '../../src/fallback/index.ts'
import { compose, type Policy, timeoutPolicy } from '../../src/policy/index.ts'
import { type RateLimiter, tokenBucket } from '../../src/rate/index.ts'
import { retryPolicy } from '../../src/retry/index.ts'
import type { Chance } from '../concurrency/interleavings.ts'

/** What a fallback stands in with. */
export const STAND_IN = 'the fallback'

/** One to four policies in a random order, and what each of them may have left behind. */
export class RandomPolicy {
  readonly policy: Policy
  readonly #chance: Chance
  readonly #clock: ManualClock
  readonly #random: Random
  readonly #bulkheads: Bulkhead[] = []
  readonly #breakers: CircuitBreaker[] = []
  readonly #limits: AdaptiveConcurrency[] = []
  readonly #limiters: RateLimiter[] = []

  constructor(chance: Chance, clock: ManualClock) {
    this.#chance = chance
    this.#clock = clock
    this.#random = () => chance.below(2 ** 20) / 2 ** 20
    this.policy = compose(...Array.from({ length: 1 + chance.below(4) }, () => this.#layer()))
  }

  /** Calls that still run or wait somewhere, though all have ended. */
  get remains(): readonly string[] {
    return [
      ...this.#bulkheads.filter(({ running, waiting }) => running + waiting > 0).map(() => 'bulkhead'),
      ...this.#limits.filter(({ running, waiting }) => running + waiting > 0).map(() => 'adaptive concurrency'),
      ...this.#breakers.filter((breaker) => breaker.stats().waiting > 0).map(() => 'breaker'),
      ...this.#limiters.filter(({ waiting }) => waiting > 0).map(() => 'limiter'),
    ]
  }

  #layer(): Policy {
    switch (this.#chance.below(8)) {
      case 0:
      case 1:
        return this.#retry()
      case 2:
        return this.#timeout()
      case 3:
        return this.#breaker()
      case 4:
        return this.#bulkhead()
      case 5:
        return hedgePolicy({ afterMs: this.#below(30), max: 1 + this.#below(3), clock: this.#clock })
      case 6:
        return fallback(STAND_IN, { clock: this.#clock }) as Policy
      default:
        return this.#limit()
    }
  }

  #below(bound: number): number {
    return this.#chance.below(bound)
  }

  /** A number in `percent` of all cases, no bound otherwise. */
  #maybe(percent: number, bound: number): number {
    return this.#chance.percent(percent) ? 1 + this.#below(bound) : Infinity
  }

  #retry(): Policy {
    const chance = this.#chance
    const limiter = chance.percent(20) ? this.#limiter() : undefined
    return retryPolicy({
      maxAttempts: 1 + this.#below(4),
      backoff: exponential({ initialDelayMs: 1 + this.#below(20), maxDelayMs: 50, jitter: 'full' }),
      attemptTimeoutMs: this.#maybe(30, 60),
      maxElapsedMs: this.#maybe(30, 100),
      clock: this.#clock,
      random: this.#random,
      ...(chance.percent(20) ? { retryIfResult: () => chance.percent(30) } : {}),
      ...(chance.percent(20) ? { retryIf: async () => chance.percent(70) } : {}),
      ...(limiter === undefined ? {} : { limiter }),
    })
  }

  #limiter(): RateLimiter {
    const limiter = tokenBucket({ capacity: 2, refill: 1, intervalMs: 20, clock: this.#clock })
    this.#limiters.push(limiter)
    return limiter
  }

  #timeout(): Policy {
    const isCooperative = this.#chance.percent(40)
    return timeoutPolicy(1 + this.#below(80), {
      clock: this.#clock,
      ...(isCooperative ? { mode: 'cooperative', graceMs: this.#below(30) } : {}),
    })
  }

  #breaker(): Policy {
    const breaker = new CircuitBreaker({
      trip: consecutive(1 + this.#below(3)),
      halfOpenAfterMs: this.#below(60),
      whenHalfOpen: this.#chance.percent(40) ? 'wait' : 'reject',
      halfOpen: { maxWaitMs: 1 + this.#below(100) },
      clock: this.#clock,
      random: this.#random,
    })
    this.#breakers.push(breaker)
    return breaker
  }

  #bulkhead(): Policy {
    const bulkhead = new Bulkhead({
      concurrent: 1 + this.#below(3),
      queue: this.#below(5),
      maxWaitMs: this.#maybe(50, 50),
      timeoutMs: this.#maybe(30, 50),
      order: this.#chance.pick(['fifo', 'lifo', 'priority'] as const) ?? 'fifo',
      clock: this.#clock,
    })
    this.#bulkheads.push(bulkhead)
    return bulkhead
  }

  #limit(): Policy {
    const limit = new AdaptiveConcurrency({ min: 1, max: 3, initial: 2, clock: this.#clock })
    this.#limits.push(limit)
    return limit
  }
}
