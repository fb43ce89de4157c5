import type { BreakerState } from './breaker-state.ts'

/** What a breaker has seen since it was made. Late and double settlements count nowhere else. */
export interface BreakerCounts {
  successes: number
  failures: number
  /** Calls that told nothing about the peer. */
  ignored: number
  /** Calls that took longer than `slowCallMs`; each is a success or a failure, too. */
  slow: number
  /** Calls that were refused, or would have been by a breaker that only reports. */
  rejected: number
  /** Calls that a half-open circuit admitted. */
  probes: number
  /** How often the circuit opened. */
  opened: number
  /** Permits that were settled after the circuit had moved on. */
  lateSettlements: number
  /** Attempts to settle a permit again. */
  doubleSettlements: number
}

/** A breaker's numbers. */
export interface BreakerStats extends Readonly<BreakerCounts> {
  readonly name: string
  readonly state: BreakerState
  /** Why it is isolated; undefined unless it is. */
  readonly isolation: string | undefined
  /** How long it has been in this state, in milliseconds. */
  readonly stateMs: number
  /** Probes that held a place for longer than `maxWaitMs`. */
  readonly hungProbes: number
  /** Calls that wait. */
  readonly waiting: number
  /** The last failure that was counted; undefined when there was none. */
  readonly lastError: unknown
  /** How long ago that was, in milliseconds. */
  readonly lastFailureAgoMs: number | undefined
}

export function noCounts(): BreakerCounts {
  return {
    successes: 0,
    failures: 0,
    ignored: 0,
    slow: 0,
    rejected: 0,
    probes: 0,
    opened: 0,
    lateSettlements: 0,
    doubleSettlements: 0,
  }
}
