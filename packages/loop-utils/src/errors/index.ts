export type { BuiltinErrorName } from './builtin-error.ts'
export { ErrorRevival, type ErrorClass } from './error-revival.ts'
export { ModeOptionError } from './mode-option-error.ts'
export { NotPlainError } from './not-plain-error.ts'
export {
  checkBoolean,
  checkClock,
  checkCount,
  checkDeadline,
  checkDuration,
  checkFunction,
  checkInteger,
  checkNumber,
  checkObject,
  checkOnEvent,
  checkOneOf,
  checkRandom,
  checkSignal,
  checkText,
  type DurationRange,
  type NumberRange,
  type TextRange,
} from './option-checks.ts'
export { OptionError } from './option-error.ts'
export {
  toPlainError,
  type PlainError,
  type PlainErrorOptions,
  type PlainThrown,
  type PlainThrownValue,
} from './plain-error.ts'
export type { PlainValue } from './plain-value.ts'
export { DispatcherClosedError, LaneClosedError, QueueOverflowError, type QueueOverflow } from './queue-errors.ts'
export { RemoteError, type RemoteFailure } from './remote-error.ts'
export { ReservedEventError } from './reserved-event-error.ts'
export { ResultRefusedError } from './result-refused-error.ts'
export { RetryExhaustedError, type RetryExhaustion, type RetryLimit } from './retry-exhausted-error.ts'
export { ServiceStateError } from './service-state-error.ts'
export { TimeoutError, type TimeoutKind } from './timeout-error.ts'
export { WorkerCrashedError, type WorkerCrash } from './worker-crashed-error.ts'
export { isXError, XError } from './x-error.ts'
