import type { Random } from '../clock/random.ts'
import { backoffOf, type Backoff } from './backoff.ts'
import type { Spread } from './jitter.ts'

/** How delays grow; all of it was checked. */
export interface Growth {
  readonly initialDelayMs: number
  readonly maxDelayMs: number
  /** Makes, for each sequence, what turns a delay into the next one. */
  readonly makeGrow: () => (delayMs: number) => number
  readonly spread: Spread
}

/** Delays that grow up to the longest one, each of them spread, for ever. */
export function growth({ initialDelayMs, maxDelayMs, makeGrow, spread }: Growth): Backoff {
  return backoffOf(function* (random: Random): Generator<number, void, undefined> {
    const grow = makeGrow()
    for (let delayMs = initialDelayMs; ; delayMs = Math.min(maxDelayMs, grow(delayMs))) yield spread(delayMs, random)
  })
}
