import type { LateOutcome } from '../timeout/late-outcome.ts'
import type { CallScope } from './call-scope.ts'
import { isObedience } from './obedience.ts'
import type { PolicyFunction } from './policy.ts'

/** Who is told of the end of a race. */
export interface RaceEnd {
  /** It is over: the function has ended, or the abort came first. */
  close(): void
  /** The function has ended after the abort. */
  onLate?(late: LateOutcome): void
}

/**
 * Calls `fn` once, unless the scope was aborted before. The abort rejects at once, whether or not `fn` heeds it; what
 * it does later is dropped, or told to `end`. When nothing can abort the scope, there is nothing to close either, and
 * the result is the very promise of `fn`.
 */
export function raceAbort<T>(scope: CallScope, fn: PolicyFunction<T>, end?: RaceEnd): Promise<T> {
  const { aborted, isAbortable } = scope
  if (aborted) return Promise.reject(scope.reason)
  let outcome: T | PromiseLike<T>
  try {
    outcome = fn(scope)
  } catch (error) {
    end?.close()
    return Promise.reject(error)
  }
  if (!isAbortable) return Promise.resolve(outcome)
  // a promise, as others may settle twice, throw in their `then`, or pass on to one without end
  if (isThenable(outcome)) return raceOutcome(scope, Promise.resolve(outcome), end)
  end?.close()
  return Promise.resolve(outcome)
}

function raceOutcome<T>(scope: CallScope, outcome: Promise<T>, end: RaceEnd | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const forget = scope.onAbort(() => {
      isLate = true
      reject(scope.reason)
      end?.close()
    })
    outcome.then(
      (value) => {
        if (isLate) {
          end?.onLate?.({ status: 'fulfilled', value })
          return
        }
        forget()
        end?.close()
        resolve(value)
      },
      (reason: unknown) => {
        if (isLate) {
          if (!isObedience(reason, scope.reason)) end?.onLate?.({ status: 'rejected', reason })
          return
        }
        forget()
        end?.close()
        reject(reason)
      },
    )
  })
}

/** Whether `value` has a `then` to wait for. One that cannot be read is none. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  try {
    return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
  } catch {
    return false
  }
}
