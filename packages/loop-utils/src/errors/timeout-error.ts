import { XError } from './x-error.ts'

/**
 * What a timeout bounds: one `attempt` of a retry, the `total` of an operation, a shared `deadline`, or a `call` to
 * another loop or peer.
 */
export type TimeoutKind = 'attempt' | 'total' | 'deadline' | 'call'

/** An operation took longer than it was given. An abort by the caller is never reported so. */
export class TimeoutError extends XError {
  override readonly name = 'TimeoutError'
  readonly code = 'LOOP_TIMEOUT'
  /** What was given, in milliseconds. */
  readonly timeoutMs: number
  readonly kind: TimeoutKind

  /** `what` names the operation in the message. Default `'operation'`. */
  constructor(
    timeoutMs: number,
    kind: TimeoutKind,
    options: { readonly what?: string; readonly cause?: unknown } = {},
  ) {
    const { what = 'operation' } = options
    super(`${what} timed out after ${timeoutMs} ms (${kind}); give it more time or find what keeps it waiting`, options)
    this.timeoutMs = timeoutMs
    this.kind = kind
  }
}
