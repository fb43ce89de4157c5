export {
  AdaptiveConcurrency,
  adaptiveConcurrency,
  type AdaptiveConcurrencyOptions,
  type AdaptiveConcurrencyStats,
} from './adaptive-concurrency.ts'
export type { AimdOptions } from './aimd-limit.ts'
export {
  AsyncChannel,
  type AsyncChannelOptions,
  type AsyncChannelStats,
  type ChannelWaitOptions,
} from './async-channel.ts'
export { BulkheadFullError, type BulkheadRefusal } from './bulkhead-full-error.ts'
export { Bulkhead, type BulkheadExecuteOptions, type BulkheadOptions, type BulkheadStats } from './bulkhead.ts'
export { CancelledError } from './cancelled-error.ts'
export { ChannelClosedError } from './channel-closed-error.ts'
export { debounce, type DebounceOptions } from './debounce.ts'
export type { GradientOptions } from './gradient-limit.ts'
export {
  createHandshakeLimiter,
  handshakeLimiter,
  type HandshakeLimiter,
  type HandshakeLimits,
  type HandshakeStats,
  type OwnHandshakeLimiter,
} from './handshake-limiter.ts'
export { hedge, hedgePolicy, type HedgeOptions, type HedgePolicyOptions } from './hedge.ts'
export { HeldPermit } from './held-permit.ts'
export { KeyedMutex } from './keyed-mutex.ts'
export { KeyedSemaphore, type KeyedSemaphoreOptions, type KeyedSemaphoreStats } from './keyed-semaphore.ts'
export { LatencyWindow } from './latency-window.ts'
export { LimitPermit, type LimitOutcome } from './limit-permit.ts'
export { mapConcurrent, type ConcurrentResults, type MapConcurrentOptions, type MapContext } from './map-concurrent.ts'
export { Mutex } from './mutex.ts'
export type { Paced, PacedOptions } from './paced-call.ts'
export { RwLock, type RwLockStats } from './rw-lock.ts'
export { Semaphore, type SemaphoreAcquireOptions, type SemaphoreOptions, type SemaphoreStats } from './semaphore.ts'
export { Singleflight, type SingleflightOptions, type SingleflightStats } from './singleflight.ts'
export { TaskGroupClosedError } from './task-group-closed-error.ts'
export { TaskGroup, withTaskGroup, type TaskGroupOptions, type TaskGroupStats } from './task-group.ts'
export { throttle, type ThrottleOptions } from './throttle.ts'
export type { TurnStats, WaitForTurnOptions } from './turn-queue.ts'
export type { WaitingBound } from './waiting-bound.ts'
