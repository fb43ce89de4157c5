import { systemClock } from '../clock/system-clock.ts'
import { checkClock, checkDuration, checkInteger, checkObject } from '../errors/option-checks.ts'
import { LineLimiter } from './line-limiter.ts'
import type { RateLimiter, RateLimiterOptions } from './rate-limiter.ts'
import { RateLine } from './rate-line.ts'
import { RefillRule } from './refill-rule.ts'

export interface GcraOptions extends RateLimiterOptions {
  /** How many are admitted in each `periodMs`, spread evenly. */
  readonly limit: number
  /** In milliseconds. Default 1000. */
  readonly periodMs?: number
  /** How many may come ahead of their time, beside the one that is due. Default 0: strictly spaced. */
  readonly burst?: number
}

/**
 * The generic cell rate algorithm (ITU-T I.371, virtual scheduling): one every `periodMs / limit`, give or take
 * `burst`. The same as a token bucket of `burst + 1` tokens, said by spacing.
 *
 * @throws OptionError when an option is out of range
 * @example
 * const spaced = gcra({ limit: 10 }) // one every 100 ms
 */
export function gcra(options: GcraOptions): RateLimiter {
  const { periodMs = 1000, burst = 0, clock = systemClock } = checkObject(options)
  const rate = {
    capacity: checkInteger('burst', burst, { min: 0, max: Number.MAX_SAFE_INTEGER - 1 }) + 1,
    refill: checkInteger('limit', options.limit, { min: 1 }),
    intervalMs: checkDuration('periodMs', periodMs, { min: Number.MIN_VALUE }),
  }
  const rule = new RefillRule(rate, rate.capacity, checkClock(clock).now())
  return new LineLimiter([new RateLine(rule, clock)], { name: 'gcra limiter', ...options })
}
