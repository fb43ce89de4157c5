/**
 * The state of a circuit breaker.
 *
 * - `closed`: calls are admitted and counted;
 * - `open`: calls are refused until the open time has passed;
 * - `half-open`: few calls are admitted as probes, which decide between `closed` and `open`;
 * - `isolated`: somebody refuses all calls by hand, whatever the circuit would do;
 * - `disabled`: all calls are admitted, and none moves the state.
 */
export type BreakerState = 'closed' | 'open' | 'half-open' | 'isolated' | 'disabled'

/** The states that follow from calls and time alone. */
export type CircuitState = 'closed' | 'open' | 'half-open'

/**
 * Why a state changed: the trip was met (`tripped`), the open time passed (`elapsed`), a probe failed or enough of them
 * succeeded (`probe-failed`, `recovered`), or it was asked for.
 */
export type ChangeReason =
  | 'tripped'
  | 'elapsed'
  | 'probe-failed'
  | 'recovered'
  | 'isolated'
  | 'released'
  | 'disabled'
  | 'enabled'
  | 'reset'

/** How a breaker takes the end of a call: `ignore` counts neither way. */
export type Outcome = 'success' | 'failure' | 'ignore'

/** How a call ended. */
export type Settled<T = unknown> =
  | { readonly status: 'fulfilled'; readonly value: T }
  | { readonly status: 'rejected'; readonly reason: unknown }

/** A change of state. */
export interface BreakerChange {
  /** The name of the breaker. */
  readonly name: string
  readonly from: BreakerState
  readonly to: BreakerState
  readonly reason: ChangeReason
  /** How long it stays open from now, in milliseconds; 0 unless `to` is `open`. */
  readonly openMs: number
  /** The last failure that was counted, if any. */
  readonly lastError: unknown
}

/** A call that was refused, or would have been by a breaker that only reports. */
export interface BreakerRejection {
  /** The name of the breaker. */
  readonly name: string
  readonly state: BreakerState
  /** As in CircuitOpenError; `Infinity` while isolated. */
  readonly retryAfterMs: number
  /** False when the breaker only reports: the call was made. */
  readonly isRefused: boolean
}

/** A call that was admitted as a probe of a half-open circuit. */
export interface BreakerProbe {
  /** The name of the breaker. */
  readonly name: string
  /** The share of calls that is admitted; 0 while single probes are. */
  readonly fraction: number
}

/** The events of a breaker: their arguments by their names. */
export type BreakerEvents = {
  change: [change: BreakerChange]
  reject: [rejection: BreakerRejection]
  probe: [probe: BreakerProbe]
}
