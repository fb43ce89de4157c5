import { describe, expect, it } from 'vitest'
import {
  breakerMetrics,
  bulkheadMetrics,
  concurrencyLimitMetrics,
  dispatcherMetrics,
  prometheusText,
  rateLimiterMetrics,
  requestMetrics,
  retryBudgetMetrics,
  tableMetrics,
} from '../../src/adapters/index.ts'
import { BreakerRegistry, CircuitBreaker, consecutive } from '../../src/breaker/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { adaptiveConcurrency, Bulkhead } from '../../src/concurrency/index.ts'
import { Dispatcher } from '../../src/dispatch/index.ts'
import { OptionError } from '../../src/errors/index.ts'
import { RetryBudget, tokenBucket } from '../../src/rate/index.ts'
import { RequestCounter } from '../../src/service/index.ts'
import { fail, succeed } from '../breaker/driven.ts'
import { settled } from '../settled.ts'
import { numbersIn, samplesOf } from './samples-of.ts'

describe('metrics of breakers', () => {
  it('tell the state as ones and zeros, times in seconds, and every counter', async () => {
    const clock = new ManualClock()
    const breaker = new CircuitBreaker({ name: 'ccu', trip: consecutive(2), halfOpenAfterMs: 1000, clock })
    const source = breakerMetrics([breaker])
    expect(samplesOf(source)).not.toHaveProperty('x_breaker_last_failure_seconds{breaker=ccu}')
    succeed(breaker, 3)
    fail(breaker, 2)
    await clock.advance(250)
    breaker.tryAcquire()
    const samples = samplesOf(source)
    expect(samples).toMatchObject({
      'x_breaker_state{breaker=ccu,state=open}': 1,
      'x_breaker_state{breaker=ccu,state=closed}': 0,
      'x_breaker_state{breaker=ccu,state=half-open}': 0,
      'x_breaker_state_seconds{breaker=ccu}': 0.25,
      'x_breaker_last_failure_seconds{breaker=ccu}': 0.25,
      'x_breaker_successes_total{breaker=ccu}': 3,
      'x_breaker_failures_total{breaker=ccu}': 2,
      'x_breaker_rejected_total{breaker=ccu}': 1,
      'x_breaker_opened_total{breaker=ccu}': 1,
      'x_breaker_late_settlements_total{breaker=ccu}': 0,
      'x_breaker_waiting{breaker=ccu}': 0,
    })
    // five states for one state
    expect(Object.keys(samples)).toHaveLength(numbersIn(breaker.stats()) + 5)
  })

  it('follow a list that grows, such as that of a registry', () => {
    const registry = new BreakerRegistry()
    const source = breakerMetrics({
      *[Symbol.iterator]() {
        for (const [key, breaker] of registry.entries()) yield [{ floor: key.slice(0, 1) }, breaker] as const
      },
    })
    expect(samplesOf(source)).toEqual({})
    registry.get('1a')
    registry.get('2b')
    expect(samplesOf(source)).toMatchObject({
      'x_breaker_successes_total{breaker=1a,floor=1}': 0,
      'x_breaker_successes_total{breaker=2b,floor=2}': 0,
    })
  })

  it('of two with the same name cannot be told apart, which is refused', () => {
    const source = breakerMetrics([new CircuitBreaker(), new CircuitBreaker()])
    expect(() => prometheusText([source])).toThrow(/labels of x_breaker_state is .*breaker="circuit"/)
  })
})

describe('metrics of the other parts', () => {
  it('tell all that their stats tell', async () => {
    const clock = new ManualClock()
    const bulkhead = new Bulkhead({ concurrent: 1, clock })
    const held = settled(bulkhead.execute(() => clock.sleep(10)))
    await settled(bulkhead.execute(() => 1))
    const budget = new RetryBudget({ capacity: 5, minPerSecond: 0, clock })
    budget.deposit()
    budget.tryWithdraw()
    const limiter = tokenBucket({ capacity: 2, refill: 1, intervalMs: 1000, clock })
    limiter.tryAcquire()
    const limit = adaptiveConcurrency({ clock })
    await limit.execute(async () => 1)
    await using dispatcher = new Dispatcher()
    dispatcher.post(() => {})
    await dispatcher.drain()

    const sources = [
      bulkheadMetrics([[{ to: 'bridge' }, bulkhead]]),
      retryBudgetMetrics([budget]),
      rateLimiterMetrics([limiter]),
      concurrencyLimitMetrics([limit]),
      dispatcherMetrics([dispatcher]),
    ]
    const samples = samplesOf(...sources)
    expect(samples).toMatchObject({
      'x_bulkhead_running{to=bridge}': 1,
      'x_bulkhead_waiting{to=bridge}': 0,
      'x_bulkhead_called_total{to=bridge}': 1,
      'x_bulkhead_refused_total{to=bridge}': 1,
      'x_retry_budget_tokens{}': 4,
      'x_retry_budget_deposits_total{}': 1,
      'x_retry_budget_withdrawals_total{}': 1,
      'x_retry_budget_refused_total{}': 0,
      'x_rate_limiter_waiting{}': 0,
      'x_rate_limiter_taken_total{}': 1,
      'x_rate_limiter_refused_total{}': 0,
      'x_concurrency_limit_limit{}': limit.limit,
      'x_concurrency_limit_succeeded_total{}': 1,
      'x_dispatcher_accepted_total{}': 1,
      'x_dispatcher_delivered_total{}': 1,
      'x_dispatcher_dropped_total{reason=newest}': 0,
      'x_dispatcher_depth{}': 0,
      'x_dispatcher_posters{}': 0,
      'x_dispatcher_running_calls{}': 0,
    })
    const numbers = [bulkhead, budget, limiter, limit, dispatcher].map((owner) => numbersIn(owner.stats()))
    expect(Object.keys(samples)).toHaveLength(numbers.reduce((sum, count) => sum + count))
    await clock.advance(10)
    await held
  })

  it('tell how much a service serves, and when last', async () => {
    const clock = new ManualClock({ wallMs: 5000 })
    const requests = new RequestCounter({ clock })
    const source = requestMetrics([requests])
    expect(samplesOf(source)).toEqual({
      'x_service_requests_total{}': 0,
      'x_service_errors_total{}': 0,
      'x_service_error_rate{}': 0,
    })
    requests.failed()
    await clock.advance(500)
    requests.succeeded()
    expect(samplesOf(source)).toEqual({
      'x_service_requests_total{}': 2,
      'x_service_errors_total{}': 1,
      'x_service_error_rate{}': 0.5,
      'x_service_last_request_timestamp_seconds{}': 5.5,
      'x_service_last_error_timestamp_seconds{}': 5,
    })
  })

  it('are read anew each time', () => {
    const budget = new RetryBudget({ minPerSecond: 0 })
    const source = retryBudgetMetrics([budget])
    expect(samplesOf(source)['x_retry_budget_deposits_total{}']).toBe(0)
    budget.deposit()
    expect(samplesOf(source)['x_retry_budget_deposits_total{}']).toBe(1)
  })
})

describe('tableMetrics', () => {
  it('makes metrics of whatever has stats', () => {
    const source = tableMetrics<{ readonly seen: number; readonly room: string }>(
      {
        prefix: 'my_lamp',
        labelsOf: ({ room }) => ({ room }),
        columns: [{ name: 'seen_total', help: 'How often it was seen.', type: 'counter', read: ({ seen }) => seen }],
      },
      [{ stats: () => ({ seen: 3, room: 'hall' }) }],
    )
    expect(prometheusText([source])).toBe(
      '# HELP my_lamp_seen_total How often it was seen.\n' +
        '# TYPE my_lamp_seen_total counter\n' +
        'my_lamp_seen_total{room="hall"} 3\n',
    )
  })

  it('refuses what is no list', () => {
    expect(() => breakerMetrics(new CircuitBreaker() as never)).toThrow(OptionError)
    expect(() => breakerMetrics(undefined as never)).toThrow('option owners is ')
  })
})
