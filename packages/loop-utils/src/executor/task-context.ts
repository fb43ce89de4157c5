import type { Deadline } from '../timeout/deadline.ts'
import type { ExecutorTransfer } from './transfer-list.ts'

/** What a function learns that an executor calls: its last argument. */
export interface TaskContext {
  /**
   * Whether the result is no longer wanted. Costs one reading of shared memory, so long computations can ask often; what
   * goes on regardless is ended with its thread after the executor's `graceMs`.
   */
  readonly isCancelled: boolean
  /** Throws the reason when the result is no longer wanted. */
  throwIfCancelled(): void
  /** Aborted when the result is no longer wanted, as far as the function lets its thread's loop run. Made when read. */
  readonly signal: AbortSignal
  /** What is left of the call's `timeoutMs` or `deadline`, the nearer of both, in milliseconds; `Infinity` without. */
  readonly remainingMs: number
  /**
   * The same as a deadline of this thread, made when read; undefined without. Policies take the context for their options:
   * `policy.execute(fn, context)`.
   */
  readonly deadline: Deadline | undefined
  /**
   * Returned by the function, it moves what is in `list` instead of copying it: `return context.move(bytes,
   * [bytes.buffer])`.
   *
   * @throws OptionError when something in `list` cannot be moved
   */
  move<T>(value: T, list: readonly ExecutorTransfer[]): T
}
