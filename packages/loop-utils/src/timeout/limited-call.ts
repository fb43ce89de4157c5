import type { Timer } from '../clock/clock.ts'
import type { TimeoutError } from '../errors/timeout-error.ts'
import { callSafely } from '../observe/stray-error.ts'
import type { CallScope } from '../policy/call-scope.ts'
import { isObedience } from '../policy/obedience.ts'
import type { PolicyFunction } from '../policy/policy.ts'
import type { LateOutcome } from './late-outcome.ts'
import { TimedCall, type TimeLimit } from './timed-call.ts'

/** A checked time limit, and what happens around its end. */
export interface CallLimit extends TimeLimit {
  /** How long an overdue function may still finish; 0 for not at all. */
  readonly graceMs: number
  readonly onLate?: ((late: LateOutcome) => void) | undefined
  /** Makes what stands in for the result when time is up. */
  readonly substitute?: ((timeout: TimeoutError) => unknown) | undefined
}

/** As `callWithin`; whatever `fn` does later goes to `onLate`, and `substitute` may make up for the TimeoutError. */
export function callUnder<T>(limit: CallLimit, parent: CallScope, fn: PolicyFunction<T>): Promise<T> {
  const { graceMs, onLate, substitute } = limit
  // an object of a class that extends another is slow to make
  const isPlain = graceMs === 0 && onLate === undefined && substitute === undefined
  return new (isPlain ? TimedCall<T> : LimitedCall<T>)(limit, parent).run(fn)
}

class LimitedCall<T> extends TimedCall<T> {
  declare readonly limit: CallLimit
  /** With which the call rejects, once that is known. */
  told: TimeoutError | undefined
  /** In which a function runs that is given grace: aborted when time is up, before the call is. */
  warned: CallScope | undefined
  warning: TimeoutError | undefined
  grace: Timer | undefined

  override run(fn: PolicyFunction<T>): Promise<T> {
    const { graceMs, substitute } = this.limit
    const result = super.run(graceMs > 0 ? () => this.runWithGrace(fn) : fn)
    if (substitute === undefined) return result
    return result.then(undefined, (error: unknown) => {
      if (this.told === undefined || error !== this.told) throw error
      return substitute(this.told) as T
    })
  }

  override onTime(): void {
    const { graceMs, clock } = this.limit
    if (graceMs === 0) {
      super.onTime()
      return
    }
    const warning = this.overdue()
    this.warning = warning
    this.grace = clock.setTimer(() => this.scope.abort(this.expire(warning)), graceMs)
    this.warned?.abort(warning)
  }

  override close(): void {
    this.grace?.[Symbol.dispose]()
    // what began to listen later than the race would be let go before it is told
    if (this.scope.aborted) this.warned?.abort(this.scope.reason)
    else this.warned?.close()
    super.close()
  }

  override onLate(late: LateOutcome): void {
    const { onLate } = this.limit
    if (onLate !== undefined) callSafely('onLate', () => onLate(late))
    super.onLate(late)
  }

  override expire(timeout?: TimeoutError): TimeoutError {
    this.told = super.expire(timeout)
    return this.told
  }

  private async runWithGrace(fn: PolicyFunction<T>): Promise<T> {
    this.warned = this.scope.child({})
    try {
      return await fn(this.warned)
    } catch (error) {
      const { warning } = this
      if (warning === undefined || this.scope.aborted) throw error
      throw this.expire(isObedience(error, warning) ? warning : this.overdue({ cause: error }))
    }
  }
}
