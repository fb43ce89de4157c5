export {
  LoopManager,
  type LoopCloseReport,
  type LoopFailure,
  type LoopManagerCloseOptions,
  type LoopManagerOptions,
  type LoopManagerStats,
  type SpawnOptions,
} from './loop-manager.ts'
export { LoopManagerClosedError } from './loop-manager-errors.ts'
export {
  monitorLoop,
  type LoopDelay,
  type LoopHealth,
  type LoopMonitor,
  type LoopMonitorOptions,
} from './loop-monitor.ts'
export type { LoopTask, LoopTaskContext, LoopTaskState } from './managed-task.ts'
export { serveLoop, type WorkerLoopContext, type WorkerLoopSetup } from './serve-loop.ts'
export type { StartThreadOptions, WorkerLoop } from './worker-loop.ts'
