import type { ModuleRef } from '../channel/module-ref.ts'
import type { Deadline } from '../timeout/deadline.ts'
import type { ExecutorTransfer } from './transfer-list.ts'

/** How to run one function. */
export interface ExecutorRunOptions {
  /**
   * Its abort settles the call at once with `signal.reason`. A function that has not begun is not called; one that runs
   * is told by its context, and its thread is ended `graceMs` later if it goes on.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Longest time from the beginning of the function to its end, in milliseconds; the time in the queue does not count.
   * When it is over, the call rejects with TimeoutError and the function is ended like after an abort. Default
   * `Infinity`.
   */
  readonly timeoutMs?: number
  /**
   * When it passes, the call rejects with a TimeoutError of kind `deadline`, wherever the function is: not called, or ended
   * like after an abort. What is left of it travels to the thread. The context of a policy can be given as the options: it
   * has signal and deadline.
   */
  readonly deadline?: Deadline | undefined
  /**
   * Longest time from the call to the beginning of the function, in milliseconds. When it is over, the call rejects with
   * TimeoutError and the function is not called. Default `Infinity`.
   */
  readonly queueTimeoutMs?: number
  /** What to move instead of copying: of the arguments, or what lies in them. */
  readonly transfer?: readonly ExecutorTransfer[]
}

/** How to close an executor. */
export interface ExecutorCloseOptions {
  /** Whether calls that were accepted are completed first. Default true. */
  readonly drain?: boolean
  /** How long to wait for them, in milliseconds; `Infinity` for as long as it takes. Default 5000. */
  readonly deadlineMs?: number
}

/** What became of the calls that were accepted when an executor closed. */
export interface ExecutorCloseReport {
  /** They came to their own end. */
  readonly completed: number
  /** They had not begun and were rejected. */
  readonly discarded: number
  /** They ran, were rejected, and their threads were ended unless they heeded the cancellation. */
  readonly cancelled: number
}

/** Runs functions of modules on other threads. */
export interface Executor extends AsyncDisposable {
  /**
   * Imports the module on another thread and calls its export with `args` and, behind them, a `TaskContext`. Resolves
   * with what the function returns or resolves with. Rejects with what it throws, revived by its code.
   */
  run(ref: ModuleRef, args: readonly unknown[], options?: ExecutorRunOptions): Promise<unknown>
  /** Takes no more calls, ends those that it has, and its threads. Idempotent; rejects only with OptionError. */
  close(options?: ExecutorCloseOptions): Promise<ExecutorCloseReport>
}
