import type { ModuleRef } from '../channel/module-ref.ts'
import type { Executor, ExecutorRunOptions } from './executor.ts'
import { PoolExecutor } from './pool-executor.ts'
import type { TaskContext } from './task-context.ts'

/** Any function that an executor can call. */
export type ExecutorFunction = (...args: never[]) => unknown

/** The arguments to give for a function: all but the TaskContext that the executor adds behind them. */
export type ExecutorArgs<F extends ExecutorFunction> =
  Parameters<F> extends [...infer A, TaskContext]
    ? A
    : Parameters<F> extends [...infer A, TaskContext?]
      ? A
      : Parameters<F>

/** How to run one function, and where. */
export interface RunInExecutorOptions extends ExecutorRunOptions {
  /** Default: {@link defaultExecutor}. */
  readonly executor?: Executor
}

let shared: PoolExecutor | undefined

/**
 * The executor of `runInExecutor` when none is given: one for all of this thread, made when first asked for, with the
 * default options. It does not keep the process alive, and its threads end when they have nothing to do; who wants them
 * gone at once closes it, and the next call makes a new one.
 */
export function defaultExecutor(): Executor {
  if (shared === undefined || shared.isClosed) shared = new PoolExecutor()
  return shared
}

/**
 * Runs blocking or long-computing code on another thread, as Python's `loop.run_in_executor` does.
 *
 * The function is named by its module and export, since functions cannot cross threads. It is called with `args`, which
 * are cloned, and a `TaskContext` behind them: give all arguments, also optional ones. It may be asynchronous. Rejects
 * with what it throws, with `signal.reason`, TimeoutError, QueueOverflowError, WorkerCrashedError when its thread dies,
 * NotPlainError when an argument or the result cannot be cloned, ModuleRefError, PoolMissingError, ExecutorClosedError
 * or OptionError.
 *
 * @example
 * ```ts
 * const ref = { module: new URL('./hash.js', import.meta.url), export: 'hash' }
 * const digest = await runInExecutor<typeof import('./hash.js').hash>(ref, [bytes], { timeoutMs: 1000 })
 * ```
 */
export function runInExecutor<F extends ExecutorFunction = (...args: unknown[]) => unknown>(
  ref: ModuleRef,
  args: ExecutorArgs<F>,
  options: RunInExecutorOptions = {},
): Promise<Awaited<ReturnType<F>>> {
  // not a copy: the signal of a policy's context is made when it is read
  const { executor = defaultExecutor() } = options
  return executor.run(ref, args, options) as Promise<Awaited<ReturnType<F>>>
}
