import { OptionError } from '../errors/option-error.ts'
import { LineLimiter } from './line-limiter.ts'
import type { RateLimiter } from './rate-limiter.ts'

/**
 * Admits what all of `limiters` admit: tokens are taken from all of them at once, or from none. The limiters can still
 * be used on their own and in other combinations, such as one limiter for a site in one for each of its devices. Who
 * waits holds nothing meanwhile, and does not keep others from a limiter that is not the one it waits for.
 *
 * @throws OptionError when none is given, one is not a limiter of this package, or their clocks differ
 * @example
 * const site = tokenBucket({ capacity: 50 })
 * const perDevice = keyed((id: string) => all(site, gcra({ limit: 2 })), { max: 1000 })
 */
export function all(...limiters: readonly RateLimiter[]): RateLimiter {
  const lines = limiters.flatMap((limiter, index) => {
    if (limiter instanceof LineLimiter) return limiter.lines
    throw new OptionError(`limiters[${index}]`, limiter, 'a tokenBucket, gcra, slidingWindow or all of this package')
  })
  const [first] = lines
  if (first === undefined) throw new OptionError('limiters', limiters, 'at least one limiter')
  if (lines.some((line) => line.clock !== first.clock)) {
    throw new OptionError('limiters', limiters, 'limiters that share one clock')
  }
  return new LineLimiter([...new Set(lines)], { name: 'combined rate limiter', isCombined: true })
}
