export type { Executor, ExecutorCloseOptions, ExecutorCloseReport, ExecutorRunOptions } from './executor.ts'
export { ExecutorClosedError, PoolMissingError } from './executor-errors.ts'
export type { JobEnd as ExecutorJobEnd } from './executor-job.ts'
export { PoolExecutor, type ExecutorStats, type PoolExecutorOptions } from './pool-executor.ts'
export {
  defaultExecutor,
  runInExecutor,
  type ExecutorArgs,
  type ExecutorFunction,
  type RunInExecutorOptions,
} from './run-in-executor.ts'
export type { TaskContext } from './task-context.ts'
export type { ExecutorTransfer } from './transfer-list.ts'
export { PoolCrash, type PoolJob, type WorkerPool } from './worker-pool.ts'
