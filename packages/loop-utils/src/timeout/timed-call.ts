import type { Clock } from '../clock/clock.ts'
import { TimeoutError, type TimeoutKind } from '../errors/timeout-error.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import type { CallScope } from '../policy/call-scope.ts'
import type { PolicyFunction } from '../policy/policy.ts'
import { raceAbort, type RaceEnd } from '../policy/race.ts'
import { Deadline } from './deadline.ts'
import type { LateOutcome } from './late-outcome.ts'
import { LateTimer, type TimeKeeper } from './late-timer.ts'

const expired = new ObservationPoint('x:loop-utils:timeout:expire')
const late = new ObservationPoint('x:loop-utils:timeout:late')

/** A checked time limit. */
export interface TimeLimit extends Observer {
  /** `Infinity` for none but the deadline. */
  readonly timeoutMs: number
  readonly kind: TimeoutKind
  readonly what?: string | undefined
  /** Which attempt of a retry it bounds. Default: that of the scope around it. */
  readonly attempt?: number
  readonly clock: Clock
}

/**
 * Calls `fn` once within the time limit and the deadline of `parent`. Rejects with a TimeoutError, or at once with the
 * reason of an abort. Leaves no timer and no listener.
 */
export function callWithin<T>(limit: TimeLimit, parent: CallScope, fn: PolicyFunction<T>): Promise<T> {
  return new TimedCall<T>(limit, parent).run(fn)
}

/** One call within a time limit: time is kept by aborting the scope in which the function runs. */
export class TimedCall<T> implements TimeKeeper, RaceEnd {
  // no private fields: see LateTimer
  readonly limit: TimeLimit
  readonly scope: CallScope
  /** When time is up; undefined for never, or when a policy outside sees to that. */
  readonly end: Deadline | undefined
  readonly kind: TimeoutKind
  timer: LateTimer | undefined

  constructor(limit: TimeLimit, parent: CallScope) {
    const { timeoutMs, attempt, clock } = limit
    const { deadline, isDeadlineKept } = parent
    const isDeadlineNearer = deadline !== undefined && deadline.remaining() < timeoutMs
    let end: Deadline | undefined
    if (!isDeadlineNearer && timeoutMs !== Infinity) end = Deadline.after(timeoutMs, clock)
    else if (!isDeadlineKept) end = deadline
    this.limit = limit
    this.scope = parent.child({ attempt, deadline: end })
    this.end = end
    this.kind = isDeadlineNearer ? 'deadline' : limit.kind
  }

  run(fn: PolicyFunction<T>): Promise<T> {
    if (this.end !== undefined && !this.scope.aborted) {
      // no time at all is a deadline that has passed: a limit of 0 ms leaves the rest of this turn
      if (this.kind === 'deadline' && this.end.isExpired) return Promise.reject(this.expire())
      this.timer = new LateTimer(this.end, this)
    }
    return raceAbort(this.scope, fn, this)
  }

  onTime(): void {
    this.scope.abort(this.expire())
  }

  close(): void {
    this.timer?.cancel()
    this.scope.close()
  }

  onLate(outcome: LateOutcome): void {
    if (!late.isObserved(this.limit)) return
    const { what } = this.limit
    const { status } = outcome
    late.publish(status === 'rejected' ? { what, status, error: outcome.reason } : { what, status }, this.limit)
  }

  /** The error of a call whose time is up, which observers are told of. */
  expire(timeout: TimeoutError = this.overdue()): TimeoutError {
    const { what } = this.limit
    const { timeoutMs, kind } = timeout
    if (expired.isObserved(this.limit)) expired.publish({ what, timeoutMs, kind }, this.limit)
    return timeout
  }

  overdue(cause: { readonly cause?: unknown } = {}): TimeoutError {
    const { what = 'operation', timeoutMs } = this.limit
    return new TimeoutError(this.end?.budgetMs ?? timeoutMs, this.kind, { what, ...cause })
  }
}
