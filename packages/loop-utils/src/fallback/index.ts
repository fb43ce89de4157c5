export { FallbackFailedError } from './fallback-failed-error.ts'
export { fallback, type FallbackOptions, type FallbackPolicy, type StandIn } from './fallback.ts'
export { implementationFallback } from './implementation-fallback.ts'
export type {
  FallbackControl,
  Implementation,
  ImplementationFallbackOptions,
  ImplementationFallbackStats,
  ImplementationSwitch,
  WithFallback,
} from './implementation-options.ts'
