import { CircuitIsolatedError, CircuitOpenError } from '../breaker/circuit-errors.ts'
import { BulkheadFullError } from '../concurrency/bulkhead-full-error.ts'
import { CancelledError } from '../concurrency/cancelled-error.ts'
import { ChannelClosedError } from '../concurrency/channel-closed-error.ts'
import { TaskGroupClosedError } from '../concurrency/task-group-closed-error.ts'
import { ExecutorClosedError, PoolMissingError } from '../executor/executor-errors.ts'
import { FallbackFailedError } from '../fallback/fallback-failed-error.ts'
import { LoopManagerClosedError } from '../loop-manager/loop-manager-errors.ts'
import { RateLimitedError } from '../rate/rate-limited-error.ts'
import { ResourceDisposeError } from '../resources/resource-dispose-error.ts'
import { CounterRangeError } from '../shared/counter-range-error.ts'
import type { ErrorClass } from './error-revival.ts'
import { ModeOptionError } from './mode-option-error.ts'
import { NotPlainError } from './not-plain-error.ts'
import { OptionError } from './option-error.ts'
import { DispatcherClosedError, LaneClosedError, QueueOverflowError } from './queue-errors.ts'
import { RemoteError } from './remote-error.ts'
import { ReservedEventError } from './reserved-event-error.ts'
import { ResultRefusedError } from './result-refused-error.ts'
import { RetryExhaustedError } from './retry-exhausted-error.ts'
import { ServiceStateError } from './service-state-error.ts'
import { TimeoutError } from './timeout-error.ts'
import { WorkerCrashedError } from './worker-crashed-error.ts'

/** The classes behind the `LOOP_*` codes. */
export const LOOP_ERROR_CLASSES: Readonly<Record<string, ErrorClass>> = {
  LOOP_BULKHEAD_FULL: BulkheadFullError,
  LOOP_CANCELLED: CancelledError,
  LOOP_CHANNEL_CLOSED: ChannelClosedError,
  LOOP_CIRCUIT_ISOLATED: CircuitIsolatedError,
  LOOP_CIRCUIT_OPEN: CircuitOpenError,
  LOOP_COUNTER_RANGE: CounterRangeError,
  LOOP_DISPATCHER_CLOSED: DispatcherClosedError,
  LOOP_EXECUTOR_CLOSED: ExecutorClosedError,
  LOOP_FALLBACK_FAILED: FallbackFailedError,
  LOOP_LANE_CLOSED: LaneClosedError,
  LOOP_MANAGER_CLOSED: LoopManagerClosedError,
  LOOP_NOT_PLAIN: NotPlainError,
  LOOP_OPTION: OptionError,
  LOOP_POOL_MISSING: PoolMissingError,
  LOOP_QUEUE_OVERFLOW: QueueOverflowError,
  LOOP_RATE_LIMITED: RateLimitedError,
  LOOP_REMOTE: RemoteError,
  LOOP_RESERVED_EVENT: ReservedEventError,
  LOOP_RESOURCE_DISPOSE: ResourceDisposeError,
  LOOP_RESULT_REFUSED: ResultRefusedError,
  LOOP_RETRY_EXHAUSTED: RetryExhaustedError,
  LOOP_SERVICE_STATE: ServiceStateError,
  LOOP_TASK_GROUP_CLOSED: TaskGroupClosedError,
  LOOP_THREAD_OPTION: ModeOptionError,
  LOOP_TIMEOUT: TimeoutError,
  LOOP_WORKER_CRASHED: WorkerCrashedError,
}
