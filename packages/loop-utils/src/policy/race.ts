import type { CallScope } from './call-scope.ts'
import type { PolicyFunction } from './policy.ts'

/**
 * Calls `fn` once, unless the scope was aborted before. The abort rejects at once, whether or not `fn` heeds it; what
 * it does later is dropped.
 */
export function raceAbort<T>(scope: CallScope, fn: PolicyFunction<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (scope.aborted) {
      reject(scope.reason)
      return
    }
    const outcome = fn(scope)
    if (!isThenable(outcome)) {
      resolve(outcome)
      return
    }
    const forget = scope.onAbort(() => reject(scope.reason))
    outcome.then(
      (value) => {
        forget()
        resolve(value)
      },
      (error: unknown) => {
        forget()
        reject(error)
      },
    )
  })
}

/** Whether `value` has a `then` to wait for. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
