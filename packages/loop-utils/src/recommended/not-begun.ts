import type { Classify } from '../breaker/breaker-options.ts'
import { CallScope } from '../policy/call-scope.ts'
import type { Policy } from '../policy/policy.ts'

/** What a call has just rejected with whose function never began, as it was refused or still waited for its turn. */
const notBegun = new WeakSet<object>()

/** As `inner`; the circuit around it can tell by {@link sparePeer} which rejections say nothing about the peer. */
export function notingBeginnings(inner: Policy): Policy {
  return {
    name: inner.name,
    execute: (fn, options) =>
      CallScope.run(options, (scope) => {
        let isNoted = false
        const note = (reason: unknown): void => {
          if (!isNoted && typeof reason === 'object' && reason !== null) notBegun.add(reason)
          isNoted = true
        }
        // the circuit judges at the abort, before a rejection comes
        const forget = scope.onAbort(() => note(scope.reason))
        const began = (): void => {
          isNoted = true
          forget()
        }
        const outcome = inner.execute((context) => {
          began()
          return fn(context)
        }, scope)
        return outcome.then(undefined, (error: unknown) => {
          note(error)
          forget()
          throw error
        })
      }),
  }
}

/** What never reached the peer is no failure of it. Each note is taken once: one reason may end several calls. */
export const sparePeer: Classify = (settled, byDefault) =>
  settled.status === 'rejected' && notBegun.delete(settled.reason as object) ? 'ignore' : byDefault
