import type { BreakerState } from '../breaker/breaker-state.ts'
import type { BreakerStats } from '../breaker/breaker-stats.ts'
import type { AdaptiveConcurrencyStats } from '../concurrency/adaptive-concurrency.ts'
import type { BulkheadStats } from '../concurrency/bulkhead.ts'
import type { DispatchStats } from '../dispatch/dispatch-stats.ts'
import type { RateLimiterStats } from '../rate/rate-limiter.ts'
import type { RetryBudgetStats } from '../rate/retry-budget.ts'
import type { RequestStats } from '../service/request-stats.ts'
import type { MetricSource } from './metric-family.ts'
import { counters, gauges } from './metric-columns.ts'
import { tableMetrics, type MetricTable, type StatsOwners } from './metric-table.ts'

/** Metrics `x_breaker_…` of circuit breakers, with their names, which must differ, as label `breaker`. */
export function breakerMetrics(breakers: StatsOwners<BreakerStats>): MetricSource {
  return tableMetrics(BREAKER, breakers)
}

/** Metrics `x_bulkhead_…` of bulkheads; several need labels of their own. */
export function bulkheadMetrics(bulkheads: StatsOwners<BulkheadStats>): MetricSource {
  return tableMetrics(BULKHEAD, bulkheads)
}

/** Metrics `x_retry_budget_…` of retry budgets; several need labels of their own. */
export function retryBudgetMetrics(budgets: StatsOwners<RetryBudgetStats>): MetricSource {
  return tableMetrics(RETRY_BUDGET, budgets)
}

/** Metrics `x_rate_limiter_…` of rate limiters; several need labels of their own. */
export function rateLimiterMetrics(limiters: StatsOwners<RateLimiterStats>): MetricSource {
  return tableMetrics(RATE_LIMITER, limiters)
}

/** Metrics `x_concurrency_limit_…` of adaptive concurrency limits; several need labels of their own. */
export function concurrencyLimitMetrics(limits: StatsOwners<AdaptiveConcurrencyStats>): MetricSource {
  return tableMetrics(CONCURRENCY_LIMIT, limits)
}

/** Metrics `x_dispatcher_…` of dispatchers; several need labels of their own. */
export function dispatcherMetrics(dispatchers: StatsOwners<DispatchStats>): MetricSource {
  return tableMetrics(DISPATCHER, dispatchers)
}

/** Metrics `x_service_…` of what serves requests, such as a RequestCounter; several need labels of their own. */
export function requestMetrics(owners: StatsOwners<RequestStats>): MetricSource {
  return tableMetrics(REQUESTS, owners)
}

const BREAKER_STATES: readonly BreakerState[] = ['closed', 'open', 'half-open', 'isolated', 'disabled']

const BREAKER: MetricTable<BreakerStats> = {
  prefix: 'x_breaker',
  labelsOf: ({ name }) => ({ breaker: name }),
  columns: [
    {
      name: 'state',
      help: 'Whether the circuit is in this state: 1 for the one in which it is.',
      type: 'gauge',
      read: ({ state }) => ({
        label: 'state',
        values: Object.fromEntries(BREAKER_STATES.map((one) => [one, one === state ? 1 : 0])),
      }),
    },
    {
      name: 'state_seconds',
      help: 'How long the circuit has been in its state.',
      type: 'gauge',
      read: ({ stateMs }) => stateMs / 1000,
    },
    {
      name: 'last_failure_seconds',
      help: 'How long ago the last failure was; absent when there was none.',
      type: 'gauge',
      read: ({ lastFailureAgoMs }) => (lastFailureAgoMs === undefined ? undefined : lastFailureAgoMs / 1000),
    },
    ...gauges<BreakerStats>({ waiting: 'Calls that wait for a half-open circuit.' }),
    ...counters<BreakerStats>({
      successes: 'Calls that succeeded.',
      failures: 'Calls that failed.',
      ignored: 'Calls that told nothing about the peer.',
      slow: 'Calls that took longer than slowCallMs.',
      rejected: 'Calls that were refused.',
      probes: 'Calls that a half-open circuit admitted.',
      hungProbes: 'Probes that held a place for longer than maxWaitMs.',
      opened: 'How often the circuit opened.',
      lateSettlements: 'Permits that were settled after the circuit had moved on.',
      doubleSettlements: 'Attempts to settle a permit again.',
    }),
  ],
}

const BULKHEAD: MetricTable<BulkheadStats> = {
  prefix: 'x_bulkhead',
  columns: [
    ...gauges<BulkheadStats>({ running: 'Functions that run.', waiting: 'Calls that wait for a slot.' }),
    ...counters<BulkheadStats>({ called: 'Functions that were called.', refused: 'Calls that were refused.' }),
  ],
}

const RETRY_BUDGET: MetricTable<RetryBudgetStats> = {
  prefix: 'x_retry_budget',
  columns: [
    ...gauges<RetryBudgetStats>({ tokens: 'Tokens that retries can be paid from.' }),
    ...counters<RetryBudgetStats>({
      deposits: 'Calls that paid in.',
      withdrawals: 'Retries that were paid for.',
      refused: 'Retries that could not be paid for.',
    }),
  ],
}

const RATE_LIMITER: MetricTable<RateLimiterStats> = {
  prefix: 'x_rate_limiter',
  columns: [
    ...gauges<RateLimiterStats>({ waiting: 'Who waits for a turn.' }),
    ...counters<RateLimiterStats>({ taken: 'Tokens that were taken.', refused: 'Turns that were refused.' }),
  ],
}

const CONCURRENCY_LIMIT: MetricTable<AdaptiveConcurrencyStats> = {
  prefix: 'x_concurrency_limit',
  columns: [
    ...gauges<AdaptiveConcurrencyStats>({
      limit: 'How many functions may run.',
      running: 'Functions that run.',
      waiting: 'Calls that wait for a slot.',
    }),
    ...counters<AdaptiveConcurrencyStats>({
      succeeded: 'Calls that ended well.',
      overloaded: 'Calls that met an overload.',
    }),
  ],
}

const DISPATCHER: MetricTable<DispatchStats> = {
  prefix: 'x_dispatcher',
  columns: [
    ...counters<DispatchStats>({
      accepted: 'Items taken over.',
      delivered: 'Handlers and functions run.',
      coalesced: 'Events whose place a newer one took.',
      errors: 'Handlers and functions that threw or rejected, other than in a call.',
    }),
    {
      name: 'dropped_total',
      help: 'Items that were accepted or offered and never delivered, by reason.',
      type: 'counter',
      read: ({ dropped }) => ({ label: 'reason', values: { ...dropped } }),
    },
    ...gauges<DispatchStats>({
      depth: 'Items that wait.',
      maxDepth: 'The greatest depth seen.',
      posters: 'Posters that are connected.',
      runningCalls: 'Calls that run.',
    }),
    {
      name: 'max_slice_seconds',
      help: 'The longest slice of the loop.',
      type: 'gauge',
      read: ({ maxSliceMs }) => maxSliceMs / 1000,
    },
    {
      name: 'queue_age_p99_seconds',
      help: 'The time that 99 % of sampled items waited at most.',
      type: 'gauge',
      read: ({ queueAgeP99Ms }) => queueAgeP99Ms / 1000,
    },
  ],
}

const REQUESTS: MetricTable<RequestStats> = {
  prefix: 'x_service',
  columns: [
    ...counters<RequestStats>({ requests: 'Requests that have ended.', errors: 'Requests that failed.' }),
    ...gauges<RequestStats>({ errorRate: 'Errors by request.' }),
    {
      name: 'last_request_timestamp_seconds',
      help: 'When the last request ended; absent before the first.',
      type: 'gauge',
      read: ({ lastAt }) => (lastAt === undefined ? undefined : lastAt / 1000),
    },
    {
      name: 'last_error_timestamp_seconds',
      help: 'When the last request failed; absent when none did.',
      type: 'gauge',
      read: ({ lastErrorAt }) => (lastErrorAt === undefined ? undefined : lastErrorAt / 1000),
    },
  ],
}
