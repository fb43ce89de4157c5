export type {
  AnyEngineDefinition,
  AskOptions,
  CallOptions,
  CommandContext,
  CommandName,
  DeliveryClass,
  EmitOptions,
  Engine,
  EngineContext,
  EngineContract,
  EngineDefinition,
  EngineHost,
  EngineLink,
  EventName,
  FacadeHandlers,
  Input,
  LinkCloseReport,
  LinkState,
  LinkStats,
  ObserveOptions,
  Output,
  Plain,
  QuestionName,
} from './contract.ts'
export { LinkClosedError, CallCancelledError, ContractError } from './link-errors.ts'
export type { LinkOptions } from './link-limits.ts'
export {
  isModuleRef,
  loadModuleRef,
  type ModuleRef,
  ModuleRefError,
  type PlainModuleRef,
  toPlainModuleRef,
} from './module-ref.ts'
export {
  readRecords,
  RecordBatch,
  type RecordBatchData,
  RecordBatchError,
  type RecordBatchOptions,
  type TakenBatch,
} from './record-batch.ts'
export { checkThreadOptions } from './thread-options.ts'
export { LoopHost, type LoopHostOptions } from '../host/loop-host.ts'
export { openHost, type OpenHostOptions } from '../host/open-host.ts'
export type { RestartOptions } from '../host/restart-policy.ts'
export { ThreadHost, type ThreadHostOptions } from '../host/thread-host.ts'
export { workerFrom, type WorkerFactory } from '../host/worker-from.ts'
