import type { Clock, Timer } from '../clock/clock.ts'
import { TimeoutError, type TimeoutKind } from '../errors/timeout-error.ts'
import { callSafely } from '../observe/stray-error.ts'
import type { CallScope } from '../policy/call-scope.ts'
import type { PolicyFunction } from '../policy/policy.ts'
import { isThenable } from '../policy/race.ts'
import { Deadline } from './deadline.ts'

/** How a function ended after nobody waited for it any more. */
export type LateOutcome =
  | { readonly status: 'fulfilled'; readonly value: unknown }
  | { readonly status: 'rejected'; readonly reason: unknown }

/** A checked time limit. */
export interface TimeLimit {
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
  return new Promise((resolve, reject) => {
    if (parent.aborted) {
      reject(parent.reason)
      return
    }
    const bound = boundOf(limit, parent)
    const settlers = { resolve, reject, expire: expiry(limit, resolve, reject) }
    if (bound.limitMs <= 0 && bound.kind === 'deadline') settlers.expire(overdue(limit, bound))
    else new TimedCall(limit, bound, settlers).run(parent, fn)
  })
}

function expiry<T>(
  { substitute }: TimeLimit,
  resolve: Settlers<T>['resolve'],
  reject: Settlers<T>['reject'],
): Settlers<T>['expire'] {
  if (substitute === undefined) return reject
  return (timeout) => {
    try {
      resolve(substitute(timeout) as T)
    } catch (error) {
      reject(error)
    }
  }
}

/** The nearer of limit and deadline. */
interface Bound {
  readonly limitMs: number
  readonly kind: TimeoutKind
  /** What the error tells that there was. */
  readonly budgetMs: number
}

function boundOf({ timeoutMs, kind }: TimeLimit, { deadline, isDeadlineKept }: CallScope): Bound {
  if (deadline !== undefined && !isDeadlineKept) {
    const remainingMs = deadline.remaining()
    if (remainingMs < timeoutMs) return { limitMs: remainingMs, kind: 'deadline', budgetMs: deadline.budgetMs }
  }
  return { limitMs: timeoutMs, kind, budgetMs: timeoutMs }
}

function overdue(limit: TimeLimit, bound: Bound, cause?: { readonly error: unknown }): TimeoutError {
  return new TimeoutError(bound.budgetMs, bound.kind, {
    ...(limit.what === undefined ? {} : { what: limit.what }),
    ...(cause === undefined ? {} : { cause: cause.error }),
  })
}

interface Settlers<T> {
  readonly resolve: (value: T | PromiseLike<T>) => void
  readonly reject: (error: unknown) => void
  readonly expire: (timeout: TimeoutError) => void
}

class TimedCall<T> {
  readonly #limit: TimeLimit
  readonly #bound: Bound
  readonly #settlers: Settlers<T>
  #timer: Timer | undefined
  #forget: (() => void) | undefined
  /** Set once time is up, while the grace runs. */
  #timeout: TimeoutError | undefined
  #isSettled = false

  constructor(limit: TimeLimit, bound: Bound, settlers: Settlers<T>) {
    this.#limit = limit
    this.#bound = bound
    this.#settlers = settlers
  }

  run(parent: CallScope, fn: PolicyFunction<T>): void {
    const { clock } = this.#limit
    const { limitMs } = this.#bound
    const deadline = limitMs === Infinity ? undefined : Deadline.after(limitMs, clock)
    const scope = parent.child(deadline === undefined ? {} : { deadline: parent.deadline?.min(deadline) ?? deadline })
    let outcome: T | PromiseLike<T>
    try {
      outcome = fn(scope)
    } catch (error) {
      scope.close()
      this.#settlers.reject(error)
      return
    }
    if (!isThenable(outcome)) {
      scope.close()
      this.#settlers.resolve(outcome)
      return
    }
    if (deadline !== undefined) {
      this.#timer = clock.setTimer(() => this.#onTime(scope), deadline.remaining())
    }
    this.#forget = parent.onAbort(() => this.#onAbort(scope, parent.reason))
    outcome.then(
      (value) => this.#onFulfilled(scope, value),
      (error: unknown) => this.#onRejected(scope, error),
    )
  }

  #onTime(scope: CallScope): void {
    const { graceMs, clock } = this.#limit
    const timeout = overdue(this.#limit, this.#bound)
    if (graceMs > 0) {
      this.#timeout = timeout
      this.#timer = clock.setTimer(() => this.#settle(() => this.#settlers.expire(timeout)), graceMs)
    } else {
      this.#settle(() => this.#settlers.expire(timeout))
    }
    scope.abort(timeout)
  }

  #onAbort(scope: CallScope, reason: unknown): void {
    this.#settle(() => this.#settlers.reject(reason))
    scope.abort(reason)
  }

  #onFulfilled(scope: CallScope, value: T): void {
    if (this.#isSettled) {
      this.#tellLate({ status: 'fulfilled', value })
      return
    }
    this.#settle(() => this.#settlers.resolve(value))
    scope.close()
  }

  #onRejected(scope: CallScope, error: unknown): void {
    if (this.#isSettled) {
      // a function that rejects with what it was aborted with has merely obeyed
      if (error !== scope.reason) this.#tellLate({ status: 'rejected', reason: error })
      return
    }
    const timeout = this.#timeout
    this.#settle(() => {
      if (timeout === undefined) this.#settlers.reject(error)
      else this.#settlers.expire(error === timeout ? timeout : overdue(this.#limit, this.#bound, { error }))
    })
    scope.close()
  }

  #settle(tell: () => void): void {
    this.#isSettled = true
    this.#timer?.[Symbol.dispose]()
    this.#forget?.()
    tell()
  }

  #tellLate(late: LateOutcome): void {
    const { onLate } = this.#limit
    if (onLate !== undefined) callSafely('onLate', () => onLate(late))
  }
}
