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
  /** When time is up; undefined for never. */
  readonly end: Deadline | undefined
  /** Whether that is since the deadline from outside is nearer than the limit. */
  readonly isDeadlineNearer: boolean
  timer: LateTimer | undefined

  constructor(limit: TimeLimit, parent: CallScope) {
    const { timeoutMs, attempt = parent.attempt, clock } = limit
    const { deadline, isDeadlineKept } = parent
    this.limit = limit
    this.isDeadlineNearer = deadline !== undefined && !isDeadlineKept && deadline.remaining() < timeoutMs
    if (this.isDeadlineNearer) this.end = deadline
    else if (timeoutMs !== Infinity) this.end = Deadline.after(timeoutMs, clock)
    this.scope = parent.child({ attempt, deadline: earlier(deadline, this.end) })
    this.timer = undefined
  }

  run(fn: PolicyFunction<T>): Promise<T> {
    if (this.end !== undefined && !this.scope.aborted) {
      // no time at all is a deadline that has passed: a limit of 0 ms leaves the rest of this turn
      if (this.isDeadlineNearer && this.end.isExpired) return Promise.reject(this.expire())
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
    const { timeoutMs, kind, what = 'operation' } = this.limit
    if (this.isDeadlineNearer && this.end !== undefined) {
      return new TimeoutError(this.end.budgetMs, 'deadline', { what, ...cause })
    }
    return new TimeoutError(timeoutMs, kind, { what, ...cause })
  }
}

function earlier(one: Deadline | undefined, other: Deadline | undefined): Deadline | undefined {
  return one === undefined || other === undefined || one === other ? (other ?? one) : one.min(other)
}
