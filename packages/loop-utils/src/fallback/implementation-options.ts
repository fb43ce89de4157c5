import type { Backoff } from '../backoff/backoff.ts'
import type { HalfOpenOptions } from '../breaker/half-open-options.ts'
import type { Trip } from '../breaker/trip.ts'
import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import type { Observer } from '../observe/observer.ts'

/** Which of two implementations. */
export type Implementation = 'primary' | 'secondary'

/** That calls go to the other implementation from now on. */
export interface ImplementationSwitch {
  readonly name: string
  readonly from: Implementation
  readonly to: Implementation
  /** The last failure of the primary, if there was one. */
  readonly lastError: unknown
}

export interface ImplementationFallbackOptions extends Observer {
  /** For logs and metrics. Default `'fallback'`. */
  readonly name?: string
  /** Which failures of the primary switch to the secondary. Default `consecutive(5)`. */
  readonly trip?: Trip
  /** Needed by a trip with a `slowRate`: calls of the primary that take longer, in milliseconds, are slow. */
  readonly slowCallMs?: number
  /**
   * How long all calls go to the secondary after a switch, in milliseconds, or a sequence of delays that grows while
   * the primary keeps failing; then the primary is probed. Default 60 000.
   */
  readonly stickyMs?: number | Backoff
  /** How the primary is probed: calls that are no probes still go to the secondary. Default: one success switches back. */
  readonly probing?: HalfOpenOptions
  /**
   * Whether an error of the primary is one that the secondary may make good, by calling `member` again; other errors
   * are thrown and do not count. Default: all. An abort by the caller is never one.
   */
  readonly when?: (error: unknown, member: PropertyKey) => boolean
  /** Told of each switch. */
  readonly onSwitch?: (change: ImplementationSwitch) => void
  /** Told what `when`, `onSwitch` or the backoff threw. Default: a warning of the process. */
  readonly onError?: (error: unknown) => void
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default `Math.random`. */
  readonly random?: Random
}

/** What has been called. */
export interface ImplementationFallbackStats {
  readonly active: Implementation
  /** Calls that the primary answered, with a result or with an error that is not to be made good. */
  readonly primaryCalls: number
  /** Calls that went to the secondary at once. */
  readonly secondaryCalls: number
  /** Calls that failed in the primary and were made again in the secondary. */
  readonly repeatedCalls: number
  /** How often calls were switched over. */
  readonly switches: number
}

/** The control surface beside the members of the implementation. */
export interface FallbackControl {
  /**
   * Switches by hand. To `'secondary'`: until switched back. To `'primary'`: its past failures are forgotten, and it is
   * watched as before.
   */
  switchTo(implementation: Implementation): void
  stats(): ImplementationFallbackStats
}

/** An implementation that falls back to another one. */
export type WithFallback<I extends object> = I & {
  /** Where calls go; probes aside. */
  readonly active: Implementation
  readonly fallbackControl: FallbackControl
}
