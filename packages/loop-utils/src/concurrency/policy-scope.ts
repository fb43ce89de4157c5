import type { Clock } from '../clock/clock.ts'
import { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, PolicyFunction } from '../policy/policy.ts'
import { isThenable, raceAbort } from '../policy/race.ts'
import { callUnder, type CallLimit } from '../timeout/limited-call.ts'
import { callWithin } from '../timeout/timed-call.ts'

/**
 * Runs one execution of a policy in the scope of the outer one, or in a root of its own, and ends it at the caller's
 * deadline unless a policy outside sees to that. For a body that by itself leaves no listener behind.
 */
export function inScope<T>(
  options: ExecuteOptions | undefined,
  clock: Clock,
  body: (scope: CallScope) => Promise<T>,
): Promise<T> {
  if (options instanceof CallScope) return untilDeadline(options, clock, body)
  return CallScope.run(options, (scope) => untilDeadline(scope, clock, body))
}

function untilDeadline<T>(scope: CallScope, clock: Clock, body: (scope: CallScope) => Promise<T>): Promise<T> {
  if (scope.aborted) return Promise.reject(scope.reason)
  if (scope.deadline === undefined || scope.isDeadlineKept) return body(scope)
  return callWithin({ timeoutMs: Infinity, kind: 'deadline', clock }, scope, (context) => body(context as CallScope))
}

/** A scope that its owner may abort. */
export interface OwnScope {
  readonly scope: CallScope
  /** Lets go of the outer signal. */
  close(): void
}

/** Opens a scope that its owner may abort, and that follows `signal`. */
export function openScope(signal?: AbortSignal): OwnScope {
  const root = CallScope.enter({ signal })
  const scope = root.child({})
  const close = (): void => {
    scope.close()
    root.close()
  }
  return { scope, close }
}

/** How a function ended: with an error, or without. */
export type Ending = { readonly error: unknown } | undefined

/** What goes with running a function whose end is waited for even when its caller no longer does. */
export interface Tracking {
  readonly limit?: CallLimit | undefined
  /** Called when the function has really ended, or was not called after all. */
  readonly onEnd: (ending: Ending) => void
}

/**
 * Calls `fn` once. An abort or the time limit rejects at once; `onEnd` is called when `fn` itself has ended, however
 * long that takes, and before its caller learns of it.
 */
export function runTracked<T>(scope: CallScope, fn: PolicyFunction<T>, { limit, onEnd }: Tracking): Promise<T> {
  let isCalled = false
  const tracked: PolicyFunction<T> = (context) => {
    isCalled = true
    return runToEnd(context, fn, onEnd)
  }
  const result = limit === undefined ? raceAbort(scope, tracked) : callUnder(limit, scope, tracked)
  if (!isCalled) onEnd(undefined)
  return result
}

function runToEnd<T>(
  context: Parameters<PolicyFunction<T>>[0],
  fn: PolicyFunction<T>,
  onEnd: Tracking['onEnd'],
): T | PromiseLike<T> {
  let outcome: T | PromiseLike<T>
  try {
    outcome = fn(context)
  } catch (error) {
    onEnd({ error })
    throw error
  }
  if (!isThenable(outcome)) {
    onEnd(undefined)
    return outcome
  }
  // a promise, by which `onEnd` is called once, whatever kind of `then` it is
  return Promise.resolve(outcome).then(
    (value) => {
      onEnd(undefined)
      return value
    },
    (error: unknown) => {
      onEnd({ error })
      throw error
    },
  )
}
