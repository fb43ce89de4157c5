import { XError } from '../errors/x-error.ts'

/** What is known when a circuit breaker refuses a call. */
export interface CircuitRefusal {
  /** The breaker's name. */
  readonly name: string
  /** When a call may be admitted at the earliest, in milliseconds from now. */
  readonly retryAfterMs: number
  /** Why, to complete the message. Default: the circuit is open. */
  readonly why?: string
  /** The last failure that the breaker counted. */
  readonly lastError?: unknown
}

/**
 * A circuit breaker refused a call, which was not made: too many calls before it failed. `cause` is the last failure.
 */
export class CircuitOpenError extends XError {
  override readonly name = 'CircuitOpenError'
  readonly code = 'LOOP_CIRCUIT_OPEN'
  /** The name of the breaker. */
  readonly breaker: string
  /**
   * When a call may be admitted at the earliest, in milliseconds. 0 when the circuit is half-open and all its probes
   * are out: as soon as one of them ends.
   */
  readonly retryAfterMs: number

  constructor({ name, retryAfterMs, why = 'is open', lastError }: CircuitRefusal) {
    const wait = retryAfterMs > 0 ? `try again in ${Math.ceil(retryAfterMs)} ms` : 'try again when a probe has ended'
    super(`circuit '${name}' ${why}; ${wait}`, lastError === undefined ? undefined : { cause: lastError })
    this.breaker = name
    this.retryAfterMs = retryAfterMs
  }
}

/** A circuit breaker refused a call since somebody isolated it; it admits calls again when that is released. */
export class CircuitIsolatedError extends XError {
  override readonly name = 'CircuitIsolatedError'
  readonly code = 'LOOP_CIRCUIT_ISOLATED'
  /** The name of the breaker. */
  readonly breaker: string
  /** What was given to `isolate`. */
  readonly reason: string

  constructor(breaker: string, reason: string) {
    super(`circuit '${breaker}' is isolated (${reason}); release what isolate() returned to admit calls again`)
    this.breaker = breaker
    this.reason = reason
  }
}
