/** The share of a distribution that lies at or below `x`. */
export type Distribution = (x: number) => number

/** Evenly from `low` to `high`. */
export function uniform(low: number, high: number): Distribution {
  return (x) => Math.min(1, Math.max(0, (x - low) / (high - low)))
}

/** The largest distance between the empirical distribution of `samples` and `expected`: the statistic of Kolmogorov. */
export function distance(samples: readonly number[], expected: Distribution): number {
  const sorted = Float64Array.from(samples).sort()
  let largest = 0
  for (const [index, sample] of sorted.entries()) {
    const share = expected(sample)
    largest = Math.max(largest, (index + 1) / sorted.length - share, share - index / sorted.length)
  }
  return largest
}

/**
 * The distance that chance exceeds in one of a thousand cases (Smirnov 1948: K = 1.9495 for α = 0.001), with the
 * correction of Stephens (1970) for a finite number of samples.
 */
export function criticalDistance(samples: number): number {
  const root = Math.sqrt(samples)
  return 1.9495 / (root + 0.12 + 0.11 / root)
}
