import { systemClock } from '../clock/system-clock.ts'
import { checkClock, checkDuration, checkInteger, checkObject } from '../errors/option-checks.ts'
import { LineLimiter } from './line-limiter.ts'
import type { RateLimiter, RateLimiterOptions } from './rate-limiter.ts'
import { RateLine } from './rate-line.ts'
import { RefillRule } from './refill-rule.ts'

export interface TokenBucketOptions extends RateLimiterOptions {
  /** How many tokens it holds at most, and so how many may be taken in a burst. */
  readonly capacity: number
  /** How many tokens drip into it, evenly, every `intervalMs`. Default `capacity`. */
  readonly refill?: number
  /** In milliseconds. Default 1000. */
  readonly intervalMs?: number
  /** How many tokens it holds at first. Default `capacity`. */
  readonly initial?: number
}

/**
 * A token bucket: in any span of time, not more than `capacity` plus what drips in are taken.
 *
 * @throws OptionError when an option is out of range
 * @example
 * const limiter = tokenBucket({ capacity: 20, refill: 5 })
 * await limiter.acquire(1, { signal })
 */
export function tokenBucket(options: TokenBucketOptions): RateLimiter {
  const capacity = checkInteger('capacity', checkObject(options).capacity, { min: 1 })
  const { refill = capacity, intervalMs = 1000, initial = capacity, clock = systemClock } = options
  const rate = {
    capacity,
    refill: checkInteger('refill', refill, { min: 1 }),
    intervalMs: checkDuration('intervalMs', intervalMs, { min: Number.MIN_VALUE }),
  }
  const tokens = checkInteger('initial', initial, { min: 0, max: capacity })
  const line = new RateLine(new RefillRule(rate, tokens, checkClock(clock).now()), clock)
  return new LineLimiter([line], { name: 'token bucket', ...options })
}
