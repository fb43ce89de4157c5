import type { Random } from '../clock/random.ts'

/**
 * A sequence of delays. It is pure: every call of `delays` begins the sequence anew, and the same source of random
 * numbers gives the same delays. A sequence may end: whoever uses it then gives up.
 */
export interface Backoff {
  /** Milliseconds to wait before the second attempt, the third, and so on. `random` is `Math.random` by default. */
  delays(random?: Random): IterableIterator<number>
}

/** Makes a backoff of a generator. */
export function backoffOf(delays: (random: Random) => Generator<number, void, undefined>): Backoff {
  return { delays: (random: Random = Math.random): IterableIterator<number> => delays(random) }
}
