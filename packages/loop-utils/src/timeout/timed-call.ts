import type { Clock, Timer } from '../clock/clock.ts'
import { TimeoutError, type TimeoutKind } from '../errors/timeout-error.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import { callSafely } from '../observe/stray-error.ts'
import type { CallScope } from '../policy/call-scope.ts'
import type { PolicyFunction } from '../policy/policy.ts'
import { isThenable } from '../policy/race.ts'
import { Deadline } from './deadline.ts'
import { LateTimer, type TimeKeeper } from './late-timer.ts'

const expired = new ObservationPoint('x:loop-utils:timeout:expire')
const late = new ObservationPoint('x:loop-utils:timeout:late')

/** How a function ended after nobody waited for it any more. */
export type LateOutcome =
  | { readonly status: 'fulfilled'; readonly value: unknown }
  | { readonly status: 'rejected'; readonly reason: unknown }

/** A checked time limit. */
export interface TimeLimit extends Observer {
  /** `Infinity` for none but the deadline. */
  readonly timeoutMs: number
  readonly kind: TimeoutKind
  readonly what?: string | undefined
  /** How long an overdue function may still finish; 0 for not at all. */
  readonly graceMs: number
  readonly onLate?: ((late: LateOutcome) => void) | undefined
  /** Makes what stands in for the result when time is up. */
  readonly substitute?: ((timeout: TimeoutError) => unknown) | undefined
  readonly clock: Clock
}

/**
 * Calls `fn` once within the time limit and the deadline of `parent`. Rejects with a TimeoutError, or at once with the
 * reason of an abort; whatever `fn` does later goes to `onLate`. Leaves no timer and no listener.
 */
export function callWithin<T>(limit: TimeLimit, parent: CallScope, fn: PolicyFunction<T>): Promise<T> {
  return parent.aborted ? Promise.reject(parent.reason) : new TimedCall<T>(limit, parent).run(fn)
}

class TimedCall<T> implements TimeKeeper {
  // no private fields: see LateTimer
  readonly limit: TimeLimit
  readonly parent: CallScope
  readonly scope: CallScope
  /** When time is up; undefined for never. */
  readonly end: Deadline | undefined
  /** Whether that is since the deadline from outside is nearer than the limit. */
  readonly isDeadlineNearer: boolean
  resolve!: (value: T | PromiseLike<T>) => void
  reject!: (error: unknown) => void
  timer: LateTimer | undefined
  graceTimer: Timer | undefined
  forget: (() => void) | undefined
  /** Set once time is up, while the grace runs. */
  timeout: TimeoutError | undefined
  isSettled = false

  constructor(limit: TimeLimit, parent: CallScope) {
    const { timeoutMs, clock } = limit
    const { deadline, isDeadlineKept } = parent
    this.limit = limit
    this.parent = parent
    this.isDeadlineNearer = deadline !== undefined && !isDeadlineKept && deadline.remaining() < timeoutMs
    if (this.isDeadlineNearer) this.end = deadline
    else if (timeoutMs !== Infinity) this.end = Deadline.after(timeoutMs, clock)
    this.scope = parent.child({ deadline: earlier(deadline, this.end) })
  }

  run(fn: PolicyFunction<T>): Promise<T> {
    if (this.isDeadlineNearer && this.end?.isExpired === true) return this.expireAtOnce()
    let outcome: T | PromiseLike<T>
    try {
      outcome = fn(this.scope)
    } catch (error) {
      this.scope.close()
      return Promise.reject(error)
    }
    if (isThenable(outcome)) return this.waitFor(outcome)
    this.scope.close()
    return Promise.resolve(outcome)
  }

  onTime(): void {
    const { graceMs, clock } = this.limit
    const timeout = this.overdue()
    if (graceMs > 0) {
      this.timeout = timeout
      this.graceTimer = clock.setTimer(() => {
        this.settle()
        this.expire(timeout)
      }, graceMs)
    } else {
      this.settle()
      this.expire(timeout)
    }
    this.scope.abort(timeout)
  }

  private expireAtOnce(): Promise<T> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      this.expire(this.overdue())
    })
  }

  private waitFor(outcome: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      if (this.end !== undefined) this.timer = new LateTimer(this.end, this)
      if (this.parent.isAbortable) this.forget = this.parent.onAbort(() => this.onAbort(this.parent.reason))
      outcome.then(
        (value) => this.onFulfilled(value),
        (error: unknown) => this.onRejected(error),
      )
    })
  }

  private onAbort(reason: unknown): void {
    this.settle()
    this.reject(reason)
    this.scope.abort(reason)
  }

  private onFulfilled(value: T): void {
    if (this.isSettled) {
      this.tellLate({ status: 'fulfilled', value })
      return
    }
    this.settle()
    this.resolve(value)
    this.scope.close()
  }

  private onRejected(error: unknown): void {
    if (this.isSettled) {
      // a function that rejects with what it was aborted with has merely obeyed
      if (error !== this.scope.reason) this.tellLate({ status: 'rejected', reason: error })
      return
    }
    const { timeout } = this
    this.settle()
    if (timeout === undefined) this.reject(error)
    else this.expire(error === timeout ? timeout : this.overdue({ error }))
    this.scope.close()
  }

  private settle(): void {
    this.isSettled = true
    this.timer?.cancel()
    this.graceTimer?.[Symbol.dispose]()
    this.forget?.()
  }

  private expire(timeout: TimeoutError): void {
    const { substitute, what } = this.limit
    const { timeoutMs, kind } = timeout
    if (expired.isObserved(this.limit)) expired.publish({ what, timeoutMs, kind }, this.limit)
    if (substitute === undefined) {
      this.reject(timeout)
      return
    }
    try {
      this.resolve(substitute(timeout) as T)
    } catch (error) {
      this.reject(error)
    }
  }

  private overdue(cause?: { readonly error: unknown }): TimeoutError {
    const { timeoutMs, kind, what } = this.limit
    const budgetMs = this.isDeadlineNearer ? (this.end?.budgetMs ?? timeoutMs) : timeoutMs
    return new TimeoutError(budgetMs, this.isDeadlineNearer ? 'deadline' : kind, {
      ...(what === undefined ? {} : { what }),
      ...(cause === undefined ? {} : { cause: cause.error }),
    })
  }

  private tellLate(outcome: LateOutcome): void {
    const { onLate, what } = this.limit
    if (onLate !== undefined) callSafely('onLate', () => onLate(outcome))
    if (!late.isObserved(this.limit)) return
    const { status } = outcome
    late.publish(status === 'rejected' ? { what, status, error: outcome.reason } : { what, status }, this.limit)
  }
}

function earlier(one: Deadline | undefined, other: Deadline | undefined): Deadline | undefined {
  return one === undefined || other === undefined || one === other ? (other ?? one) : one.min(other)
}
