import { systemClock } from '../clock/system-clock.ts'
import { checkClock, checkDuration, checkInteger, checkObject } from '../errors/option-checks.ts'
import { LineLimiter } from './line-limiter.ts'
import type { RateLimiter, RateLimiterOptions } from './rate-limiter.ts'
import { RateLine } from './rate-line.ts'
import { WindowRule } from './window-rule.ts'

export interface SlidingWindowOptions extends RateLimiterOptions {
  /** How many may be taken in any `windowMs`, of whose two ends one counts. At most 1 048 576. */
  readonly limit: number
  /** In milliseconds. Default 1000. */
  readonly windowMs?: number
}

/**
 * An exact sliding window: no span of `windowMs`, wherever it begins, holds more than `limit`. It remembers each time at
 * which something was taken, up to `limit` of them.
 *
 * @throws OptionError when an option is out of range
 * @example
 * const limiter = slidingWindow({ limit: 100, windowMs: 60_000 })
 */
export function slidingWindow(options: SlidingWindowOptions): RateLimiter {
  const { windowMs = 1000, clock = systemClock } = checkObject(options)
  const limit = checkInteger('limit', options.limit, { min: 1, max: 2 ** 20 })
  const rule = new WindowRule(limit, checkDuration('windowMs', windowMs, { min: Number.MIN_VALUE }))
  return new LineLimiter([new RateLine(rule, checkClock(clock))], { name: 'sliding window', ...options })
}
