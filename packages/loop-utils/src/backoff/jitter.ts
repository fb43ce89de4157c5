import type { Random } from '../clock/random.ts'
import { checkNumber, checkOneOf } from '../errors/option-checks.ts'

/**
 * How a delay `d` is spread, so that many clients do not come back together.
 *
 * - `'none'`: `d` itself;
 * - `'full'`: uniformly from 0 to `d`;
 * - `'equal'`: uniformly from `d`/2 to `d`;
 * - `{ ratio }`: uniformly from `d`·(1 − ratio) to `d`·(1 + ratio), and never above the longest delay: at the cap of
 *   60 s and a ratio of 0.1, from 54 to 60 s. With `clamp: false`, up to 66 s.
 */
export type Jitter = 'none' | 'full' | 'equal' | { readonly ratio: number; readonly clamp?: boolean }

/** Spreads one delay; `maxDelayMs` bounds the result unless the jitter says otherwise. */
export type Spread = (delayMs: number, random: Random) => number

/**
 * Turns a jitter into a function.
 *
 * @throws OptionError when it is none, or its ratio is not from 0 to 1
 */
export function spreadOf(jitter: Jitter, maxDelayMs: number): Spread {
  if (typeof jitter === 'object' && jitter !== null) return spreadByRatio(jitter, maxDelayMs)
  return SPREADS[checkOneOf('jitter', jitter, ['none', 'full', 'equal'])]
}

/** Uniformly from 0 to the delay. */
export const fullJitter: Spread = (delayMs, random) => delayMs * random()

const SPREADS: Readonly<Record<'none' | 'full' | 'equal', Spread>> = {
  none: (delayMs) => delayMs,
  full: fullJitter,
  // a delay of a few 2⁻¹⁰⁷⁴ ms rounds up when halved
  equal: (delayMs, random) => Math.min(delayMs, (delayMs / 2) * (1 + random())),
}

function spreadByRatio(jitter: Exclude<Jitter, string>, maxDelayMs: number): Spread {
  const ratio = checkNumber('jitter.ratio', jitter.ratio, { min: 0, max: 1 })
  const ceilingMs = jitter.clamp === false ? Number.MAX_VALUE : maxDelayMs
  return (delayMs, random) => {
    const lowest = delayMs * (1 - ratio)
    const highest = Math.min(delayMs * (1 + ratio), ceilingMs)
    return Math.min(highest, lowest + (highest - lowest) * random())
  }
}
