export { anyOf, type AnyOfSnapshot } from './any-of.ts'
export type { BreakerOptions, Classify } from './breaker-options.ts'
export type { BreakerSnapshot } from './breaker-snapshot.ts'
export type {
  BreakerChange,
  BreakerEvents,
  BreakerProbe,
  BreakerRejection,
  BreakerState,
  ChangeReason,
  CircuitState,
  Outcome,
  Settled,
} from './breaker-state.ts'
export type { BreakerCounts, BreakerStats } from './breaker-stats.ts'
export {
  BreakerRegistry,
  type BreakerRegistryOptions,
  type RegistryChange,
  type RegistryEviction,
  type RegistryEvents,
} from './breaker-registry.ts'
export { CircuitBreaker } from './circuit-breaker.ts'
export { CircuitIsolatedError, CircuitOpenError, type CircuitRefusal } from './circuit-errors.ts'
export { consecutive, type ConsecutiveSnapshot } from './consecutive.ts'
export { countWindow, type CountWindowOptions, type CountWindowSnapshot } from './count-window.ts'
export type { RecoveryProgress } from './half-open-gate.ts'
export type { HalfOpenOptions } from './half-open-options.ts'
export type { Permit } from './permit.ts'
export type { RateOptions, WindowTotals } from './rate-rule.ts'
export { timeWindow, type TimeWindowOptions, type TimeWindowSnapshot } from './time-window.ts'
export type { CountedOutcome, Trip, TripCounter, TripSnapshot } from './trip.ts'
