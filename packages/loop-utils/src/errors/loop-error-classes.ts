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
  LOOP_DISPATCHER_CLOSED: DispatcherClosedError,
  LOOP_LANE_CLOSED: LaneClosedError,
  LOOP_NOT_PLAIN: NotPlainError,
  LOOP_OPTION: OptionError,
  LOOP_QUEUE_OVERFLOW: QueueOverflowError,
  LOOP_REMOTE: RemoteError,
  LOOP_RESERVED_EVENT: ReservedEventError,
  LOOP_RESULT_REFUSED: ResultRefusedError,
  LOOP_RETRY_EXHAUSTED: RetryExhaustedError,
  LOOP_SERVICE_STATE: ServiceStateError,
  LOOP_THREAD_OPTION: ModeOptionError,
  LOOP_TIMEOUT: TimeoutError,
  LOOP_WORKER_CRASHED: WorkerCrashedError,
}
