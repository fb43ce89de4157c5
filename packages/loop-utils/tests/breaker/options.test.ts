import { describe, expect, it } from 'vitest'
import { sequence } from '../../src/backoff/index.ts'
import { CircuitBreaker, countWindow, type BreakerOptions } from '../../src/breaker/index.ts'

const slowTrip = countWindow({ size: 2, failureRate: 1, slowRate: 1 })

describe('the options of a breaker', () => {
  it.each<[string, object]>([
    ['name', { name: '' }],
    ['name', { name: 7 }],
    ['trip', { trip: null }],
    ['trip', { trip: {} }],
    ['halfOpenAfterMs', { halfOpenAfterMs: -1 }],
    ['halfOpenAfterMs', { halfOpenAfterMs: Number.NaN }],
    ['halfOpenAfterMs', { halfOpenAfterMs: Infinity }],
    ['halfOpenAfterMs', { halfOpenAfterMs: '60' }],
    ['halfOpenAfterMs', { halfOpenAfterMs: {} }],
    ['halfOpenAfterMs', { halfOpenAfterMs: sequence([]) }],
    ['halfOpenAfterMs', { halfOpenAfterMs: { delays: () => [Number.NaN][Symbol.iterator]() } }],
    ['halfOpen.probes', { halfOpen: { probes: 0 } }],
    ['halfOpen.probes', { halfOpen: { probes: 1001 } }],
    ['halfOpen.successes', { halfOpen: { successes: 0 } }],
    ['halfOpen.maxWaitMs', { halfOpen: { maxWaitMs: 0 } }],
    ['halfOpen.ramp', { halfOpen: { ramp: 0.5 } }],
    ['halfOpen.ramp', { halfOpen: { ramp: Array.from({ length: 101 }, () => 0.5) } }],
    ['halfOpen.ramp[1]', { halfOpen: { ramp: [0.1, 0] } }],
    ['halfOpen.ramp[0]', { halfOpen: { ramp: [1.5] } }],
    ['halfOpen.rampSuccesses', { halfOpen: { rampSuccesses: 0 } }],
    ['halfOpen.ramp', { halfOpen: { ramp: [0.5] }, whenHalfOpen: 'wait' }],
    ['whenHalfOpen', { whenHalfOpen: 'queue' }],
    ['whenHalfOpen', { whenHalfOpen: 'wait', mode: 'report-only' }],
    ['maxWaiting', { maxWaiting: 0 }],
    ['slowCallMs', { slowCallMs: -1 }],
    ['slowCallMs', { trip: slowTrip }],
    ['classify', { classify: 'failure' }],
    ['mode', { mode: 'observe' }],
    ['disabled', { disabled: 1 }],
    ['onError', { onError: true }],
    ['onEvent', { onEvent: {} }],
  ])('are refused by name: %s (%#)', (option, options) => {
    expect(() => new CircuitBreaker(options as BreakerOptions)).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option }),
    )
  })

  it('have defaults for everything', () => {
    const breaker = new CircuitBreaker()
    expect(breaker.name).toBe('circuit')
    expect(breaker.stats()).toMatchObject({ state: 'closed', waiting: 0, isolation: undefined })
  })
})
