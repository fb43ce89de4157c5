import { callSafely } from '../observe/stray-error.ts'
import { isObedience } from '../policy/obedience.ts'
import type { PolicyFunction } from '../policy/policy.ts'
import { isThenable } from '../policy/race.ts'
import type { LateOutcome } from '../timeout/late-outcome.ts'

/** How an attempt ended that nobody waited for any more, by its time or an abort. */
export type LateAttempt = LateOutcome & { readonly attempt: number }

/** As `fn`; tells how its attempts end that were given up. */
export function tellingLate<T>(fn: PolicyFunction<T>, onLate: (late: LateAttempt) => void): PolicyFunction<T> {
  return (context) => {
    const outcome = fn(context)
    if (!isThenable(outcome)) return outcome
    const tell = (late: LateOutcome): void => {
      const { aborted, attempt } = context
      if (!aborted || (late.status === 'rejected' && isObedience(late.reason, context.signal.reason))) return
      callSafely('onLate', () => onLate({ ...late, attempt }))
    }
    // a promise, as some do their work at each call of their `then`
    const result = Promise.resolve(outcome)
    result.then(
      (value) => tell({ status: 'fulfilled', value }),
      (reason: unknown) => tell({ status: 'rejected', reason }),
    )
    return result
  }
}
