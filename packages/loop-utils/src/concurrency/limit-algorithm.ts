/** How one call went, as far as a limit learns from it. */
export interface LimitSample {
  /** How long the call took, in milliseconds. */
  readonly latencyMs: number
  /** How many calls ran when it began, itself included. */
  readonly inFlight: number
  /** How many ran when it ended, itself included. */
  readonly inFlightAtEnd: number
  /** Whether it failed because there was too much at once. */
  readonly isOverload: boolean
  /** Which call it was, and how many have begun up to now: those between ran beside it. */
  readonly serial: number
  readonly begun: number
}

/** Finds out how many calls a peer bears at a time. */
export interface LimitAlgorithm {
  /** At present; not necessarily whole. */
  readonly limit: number
  learn(sample: LimitSample): void
}

/** Between which numbers a limit moves, and where it begins. */
export interface LimitBounds {
  readonly min: number
  readonly max: number
  readonly initial: number
}

/** The value within the bounds that is nearest to `limit`. */
export function clampLimit(limit: number, { min, max }: LimitBounds): number {
  return Math.min(max, Math.max(min, limit))
}
