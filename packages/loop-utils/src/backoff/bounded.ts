import type { Random } from '../clock/random.ts'
import { checkDuration, checkInteger } from '../errors/option-checks.ts'
import { backoffOf, type Backoff } from './backoff.ts'

/**
 * The first `count` delays of `backoff`.
 *
 * @throws OptionError when `count` is not a whole number of at least 0
 */
export function take(backoff: Backoff, count: number): Backoff {
  checkInteger('count', count, { min: 0 })
  return backoffOf(function* (random: Random): Generator<number, void, undefined> {
    let taken = 0
    if (count === 0) return
    for (const delayMs of backoff.delays(random)) {
      yield delayMs
      if (++taken === count) return
    }
  })
}

/**
 * The delays of `backoff` as long as their sum stays within `totalMs`; the last one is cut to fit.
 *
 * @throws OptionError when `totalMs` is no duration
 */
export function capTotal(backoff: Backoff, totalMs: number): Backoff {
  checkDuration('totalMs', totalMs)
  return backoffOf(function* (random: Random): Generator<number, void, undefined> {
    let remainingMs = totalMs
    for (const delayMs of backoff.delays(random)) {
      if (delayMs >= remainingMs) {
        if (remainingMs > 0) yield remainingMs
        return
      }
      remainingMs -= delayMs
      yield delayMs
    }
  })
}
