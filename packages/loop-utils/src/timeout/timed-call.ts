import type { Clock, Timer } from '../clock/clock.ts'
import { TimeoutError, type TimeoutKind } from '../errors/timeout-error.ts'
import { callSafely } from '../observe/stray-error.ts'
import type { CallScope } from '../policy/call-scope.ts'
import type { PolicyFunction } from '../policy/policy.ts'
import { isThenable } from '../policy/race.ts'
import { Deadline } from './deadline.ts'
import { LateTimer, type TimeKeeper } from './late-timer.ts'

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
  return parent.aborted ? Promise.reject(parent.reason) : new TimedCall<T>(limit, parent).run(fn)
}

class TimedCall<T> implements TimeKeeper {
  readonly #limit: TimeLimit
  readonly #parent: CallScope
  readonly #scope: CallScope
  /** Whether the deadline that came from outside is nearer than the limit. */
  readonly #isDeadlineNearer: boolean
  /** When time is up; undefined for never. */
  readonly #end: Deadline | undefined
  #resolve: ((value: T | PromiseLike<T>) => void) | undefined
  #reject: ((error: unknown) => void) | undefined
  #timer: LateTimer | undefined
  #grace: Timer | undefined
  #forget: (() => void) | undefined
  /** Set once time is up, while the grace runs. */
  #timeout: TimeoutError | undefined
  #isSettled = false

  constructor(limit: TimeLimit, parent: CallScope) {
    const { timeoutMs, clock } = limit
    const outer = parent.isDeadlineKept ? undefined : parent.deadline
    this.#limit = limit
    this.#parent = parent
    this.#isDeadlineNearer = outer !== undefined && outer.remaining() < timeoutMs
    this.#end = this.#isDeadlineNearer ? outer : timeoutMs === Infinity ? undefined : Deadline.after(timeoutMs, clock)
    this.#scope = parent.child(this.#end === undefined ? {} : { deadline: parent.deadline?.min(this.#end) ?? this.#end })
  }
}
