/** How a call ended, as a trip counts it. A call is slow when it took longer than the breaker's `slowCallMs`. */
export type CountedOutcome = 'success' | 'slow-success' | 'failure' | 'slow-failure'

/** What a counter remembers, as plain data; `kind` names the trip that wrote it. */
export interface TripSnapshot {
  readonly kind: string
}

/** The rule by which a closed breaker opens. One trip may serve many breakers: each has a counter of its own. */
export interface Trip {
  /** Names the rule in snapshots, such as `'consecutive'`. */
  readonly kind: string
  /** Whether the rule looks at how long calls take: the breaker then demands `slowCallMs`. */
  readonly countsSlowCalls: boolean
  /** Whether the rule looks at the clock. Without, its counter always gets 0 for the time. */
  readonly usesTime: boolean
  createCounter(): TripCounter
}

/** What one breaker counts in its closed state. Times are monotonic milliseconds and never decrease. */
export interface TripCounter {
  /** Counts one call; returns whether the breaker is to open. It must not throw. */
  record(outcome: CountedOutcome, nowMs: number): boolean
  /** Forgets everything. */
  reset(): void
  snapshot(nowMs: number): TripSnapshot
  /**
   * Takes over what {@link snapshot} wrote, perhaps long ago and in another process.
   *
   * @throws OptionError naming what is wrong, a path that begins with `option`
   */
  restore(snapshot: unknown, option: string, nowMs: number): void
}

export function isFailure(outcome: CountedOutcome): boolean {
  return outcome === 'failure' || outcome === 'slow-failure'
}

export function isSlow(outcome: CountedOutcome): boolean {
  return outcome === 'slow-success' || outcome === 'slow-failure'
}
