export {
  capTotal,
  concat,
  constant,
  custom,
  decorrelated,
  exponential,
  fibonacci,
  linear,
  reconnectBackoff,
  sequence,
  take,
} from './backoff/index.ts'
export type {
  Backoff,
  BackoffStep,
  DecorrelatedOptions,
  ExponentialOptions,
  GrowingOptions,
  Jitter,
  LinearOptions,
  ReconnectBackoffOptions,
  SequenceOptions,
} from './backoff/index.ts'
export { seeded, sleepOn, systemClock, type Clock, type Random, type Timer } from './clock/index.ts'
export {
  DispatcherClosedError,
  ErrorRevival,
  isXError,
  LaneClosedError,
  ModeOptionError,
  NotPlainError,
  OptionError,
  QueueOverflowError,
  RemoteError,
  ReservedEventError,
  ResultRefusedError,
  RetryExhaustedError,
  ServiceStateError,
  TimeoutError,
  toPlainError,
  WorkerCrashedError,
  XError,
} from './errors/index.ts'
export type {
  BuiltinErrorName,
  ErrorClass,
  PlainError,
  PlainErrorOptions,
  PlainThrown,
  PlainThrownValue,
  PlainValue,
  QueueOverflow,
  RemoteFailure,
  RetryExhaustion,
  RetryLimit,
  TimeoutKind,
  WorkerCrash,
} from './errors/index.ts'
export { TypedEmitter } from './events/index.ts'
export type { EmitterOptions, EventArguments, EventGate, EventListener, ListenerErrorHandler } from './events/index.ts'
export { checkLogger, silentLogger, thresholdOf, withThreshold } from './log/index.ts'
export type { Logger, LogLevel, LogThreshold } from './log/index.ts'
export { ObservationPoint, type Observer, type OnEvent } from './observe/index.ts'
export { compose, timeoutPolicy } from './policy/index.ts'
export type { CallContext, ExecuteOptions, Policy, PolicyFunction, TimeoutPolicyOptions } from './policy/index.ts'
export { Reconnector } from './reconnect/index.ts'
export type {
  Link,
  ReconnectorChange,
  ReconnectorOptions,
  ReconnectorSnapshot,
  ReconnectorState,
} from './reconnect/index.ts'
export { isTransientNetworkError, retry, retryPolicy } from './retry/index.ts'
export type { FailedAttempt, RetryOptions, RetryPolicyOptions, ScheduledRetry } from './retry/index.ts'
export { ServiceCore } from './service/index.ts'
export type {
  HealthError,
  HealthReport,
  HealthStatus,
  LinkHealth,
  Service,
  ServiceCoreOptions,
  ServiceEvents,
  ServiceListening,
  ServiceState,
  StartContext,
  StateChange,
  StopOptions,
  StopReport,
  StopRequest,
} from './service/index.ts'
export { EventStream, streamOf } from './streams/index.ts'
export type { PausableSource, StreamOptions, StreamOverflow, StreamSetup } from './streams/index.ts'
export { Deadline, timeout } from './timeout/index.ts'
export type { LateOutcome, PlainDeadline, TimeLimitOptions, TimeoutDefault, TimeoutOptions } from './timeout/index.ts'
