import type { Deadline } from '../timeout/deadline.ts'

/** What a function learns that a policy calls. */
export interface CallContext {
  /** Aborted when the result is no longer wanted. Made when first read: a function that does not look at it pays nothing. */
  readonly signal: AbortSignal
  /** Whether the result is no longer wanted; does not make the signal. */
  readonly aborted: boolean
  /** Which attempt of the innermost retry this is; from 1. */
  readonly attempt: number
  /** Until when the call has to be done, as far as a policy or the caller bounded it. */
  readonly deadline: Deadline | undefined
}

/** A function that a policy can call, once or more. */
export type PolicyFunction<T> = (context: CallContext) => T | PromiseLike<T>

/** What a caller gives with one execution. */
export interface ExecuteOptions {
  /** Its abort settles the execution at once with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
  /** When it passes, the execution is aborted and rejects. */
  readonly deadline?: Deadline | undefined
}

/**
 * A way of calling functions: with a time limit, again after failures, and so on. It keeps nothing of one execution for
 * the next unless it says so, and any number may run at once.
 *
 * `options` may be the context that an outer policy was given: signal and deadline then hold for this one, too.
 */
export interface Policy {
  /** Short, for logs and metrics: `'retry'`. */
  readonly name: string
  execute<T>(fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T>
}
