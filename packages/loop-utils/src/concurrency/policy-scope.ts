import type { Clock } from '../clock/clock.ts'
import { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, PolicyFunction } from '../policy/policy.ts'
import { isThenable, raceAbort } from '../policy/race.ts'
import { callWithin, type TimeLimit } from '../timeout/timed-call.ts'

/** Runs one execution of a policy in a scope of its own, which ends at the caller's deadline unless a policy outside sees to that. */
export async function inScope<T>(
  options: ExecuteOptions | undefined,
  clock: Clock,
  body: (scope: CallScope) => Promise<T>,
): Promise<T> {
  const scope = CallScope.enter(options)
  try {
    if (scope.aborted) throw scope.reason
    if (scope.deadline === undefined || scope.isDeadlineKept) return await body(scope)
    const limit: TimeLimit = { timeoutMs: Infinity, kind: 'deadline', graceMs: 0, clock }
    return await callWithin(limit, scope, (context) => body(context as CallScope))
  } finally {
    scope.close()
  }
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
  readonly limit?: TimeLimit | undefined
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
    let outcome: T | PromiseLike<T>
    try {
      outcome = fn(context)
    } catch (error) {
      onEnd({ error })
      throw error
    }
    if (isThenable(outcome)) {
      outcome.then(
        () => onEnd(undefined),
        (error: unknown) => onEnd({ error }),
      )
    } else {
      onEnd(undefined)
    }
    return outcome
  }
  const result = limit === undefined ? raceAbort(scope, tracked) : callWithin(limit, scope, tracked)
  if (!isCalled) onEnd(undefined)
  return result
}
