export type { HealthError, HealthReport, HealthStatus, LinkHealth } from './health.ts'
export { RequestCounter, type RequestCounterOptions } from './request-counter.ts'
export { sumRequestStats, type RequestStats } from './request-stats.ts'
export { ServiceCore, type ServiceCoreOptions, type StartContext, type StopRequest } from './service-core.ts'
export type {
  Service,
  ServiceEvents,
  ServiceListening,
  ServiceState,
  StateChange,
  StopOptions,
  StopReport,
} from './service.ts'
