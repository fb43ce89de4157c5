import type { CallScope } from './call-scope.ts'
import type { PolicyFunction } from './policy.ts'

/**
 * Calls `fn` once, unless the scope was aborted before. The abort rejects at once, whether or not `fn` heeds it; what
 * it does later is dropped. When nothing can abort the scope, the result is the very promise of `fn`.
 */
export function raceAbort<T>(scope: CallScope, fn: PolicyFunction<T>): Promise<T> {
  return race(scope, fn, nothing)
}

/** As {@link raceAbort}, and closes the scope when `fn` has ended. */
export function raceAndClose<T>(scope: CallScope, fn: PolicyFunction<T>): Promise<T> {
  return race(scope, fn, close)
}

function race<T>(scope: CallScope, fn: PolicyFunction<T>, onEnd: (scope: CallScope) => void): Promise<T> {
  if (scope.aborted) return Promise.reject(scope.reason)
  let outcome: T | PromiseLike<T>
  try {
    outcome = fn(scope)
  } catch (error) {
    onEnd(scope)
    return Promise.reject(error)
  }
  if (!(outcome instanceof Promise) && !isThenable(outcome)) {
    onEnd(scope)
    return Promise.resolve(outcome)
  }
  // what nobody can abort has nothing to close either
  return scope.isAbortable ? raceOutcome(scope, outcome, onEnd) : promiseOf(outcome)
}

function raceOutcome<T>(scope: CallScope, outcome: PromiseLike<T>, onEnd: (scope: CallScope) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = scope.onAbort(() => reject(scope.reason))
    outcome.then(
      (value) => {
        forget()
        onEnd(scope)
        resolve(value)
      },
      (error: unknown) => {
        forget()
        onEnd(scope)
        reject(error)
      },
    )
  })
}

function nothing(): void {}

function close(scope: CallScope): void {
  scope.close()
}

/** The promise itself, or one that follows a thenable of another kind. */
function promiseOf<T>(outcome: PromiseLike<T>): Promise<T> {
  return outcome instanceof Promise ? (outcome as Promise<T>) : Promise.resolve(outcome)
}

/** Whether `value` has a `then` to wait for. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
