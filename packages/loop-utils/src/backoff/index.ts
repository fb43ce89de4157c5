export type { Backoff } from './backoff.ts'
export { capTotal, take } from './bounded.ts'
export {
  decorrelated,
  exponential,
  fibonacci,
  linear,
  type DecorrelatedOptions,
  type ExponentialOptions,
  type GrowingOptions,
  type LinearOptions,
} from './growing.ts'
export type { Jitter } from './jitter.ts'
export { concat, constant, custom, sequence, type BackoffStep, type SequenceOptions } from './listed.ts'
export { reconnectBackoff, type ReconnectBackoffOptions } from './reconnect-backoff.ts'
