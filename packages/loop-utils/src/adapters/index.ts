export {
  asyncChannelMetrics,
  handshakeMetrics,
  keyedSemaphoreMetrics,
  rwLockMetrics,
  semaphoreMetrics,
  singleflightMetrics,
  taskGroupMetrics,
} from './concurrency-metrics.ts'
export { CHANNEL_NAMES, CHANNELS, type ObservedEvent } from './channels.ts'
export { subscribeToChannels } from './channel-subscription.ts'
export { EventMetrics, type EventMetricsOptions } from './event-metrics.ts'
export { jsonLogSink, type JsonLogSink, type JsonLogSinkOptions, type JsonLogSinkStats } from './json-log-sink.ts'
export type { HistogramSample, MetricFamily, MetricLabels, MetricSample, MetricSource } from './metric-family.ts'
export { tableMetrics, type MetricColumn, type MetricTable, type StatsOwner, type StatsOwners } from './metric-table.ts'
export { PROMETHEUS_CONTENT_TYPE, prometheusText } from './prometheus-text.ts'
export { SECRET_KEYS } from './secret-keys.ts'
export {
  breakerMetrics,
  bulkheadMetrics,
  concurrencyLimitMetrics,
  dispatcherMetrics,
  rateLimiterMetrics,
  requestMetrics,
  retryBudgetMetrics,
} from './stats-metrics.ts'
