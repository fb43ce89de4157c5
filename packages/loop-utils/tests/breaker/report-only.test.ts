import { describe, expect, it, vi } from 'vitest'
import { consecutive, timeWindow } from '../../src/breaker/index.ts'
import { seeded } from '../../src/clock/index.ts'
import { driven, fail, permitOf, succeed } from './driven.ts'

describe('a breaker that only reports', () => {
  it('admits every call in every state, and tells which it would have refused', async () => {
    const { breaker, clock } = driven({
      name: 'inbound',
      trip: consecutive(2),
      halfOpenAfterMs: 100,
      mode: 'report-only',
    })
    const states: string[] = []
    const rejected: unknown[] = []
    breaker.on('change', ({ to }) => void states.push(to))
    breaker.on('reject', (rejection) => void rejected.push(rejection))
    const handler = vi.fn<() => Promise<string>>(() => Promise.resolve('handled'))
    fail(breaker, 2)
    expect(await breaker.execute(handler)).toBe('handled')
    expect(breaker.state).toBe('open')
    await clock.advance(100)
    const probe = permitOf(breaker)
    expect(await breaker.execute(handler)).toBe('handled')
    expect(breaker.state).toBe('half-open')
    probe.success()
    const isolation = breaker.isolate('maintenance')
    expect(await breaker.execute(handler)).toBe('handled')
    isolation[Symbol.dispose]()
    expect(handler).toHaveBeenCalledTimes(3)
    expect(states).toEqual(['open', 'half-open', 'closed', 'isolated', 'closed'])
    expect(rejected).toEqual([
      { name: 'inbound', state: 'open', retryAfterMs: 100, isRefused: false },
      { name: 'inbound', state: 'half-open', retryAfterMs: 0, isRefused: false },
      { name: 'inbound', state: 'isolated', retryAfterMs: Infinity, isRefused: false },
    ])
    expect(breaker.stats()).toMatchObject({ rejected: 3, successes: 4, failures: 2 })
  })

  it('is in the state in which one that refuses would be, whatever the calls bring that it would not have made', async () => {
    const random = seeded(4)
    const options = { trip: timeWindow({ windowMs: 100, failureRate: 0.5, minCalls: 3 }), halfOpenAfterMs: 50 }
    const reporting = driven({ ...options, mode: 'report-only' })
    const refusing = driven(options)
    for (let step = 0; step < 2000; step++) {
      const report = permitOf(reporting.breaker)
      const enforced = refusing.breaker.tryAcquire()
      if (random() < 0.5) {
        report.success()
        enforced?.success()
      } else {
        report.failure()
        enforced?.failure()
      }
      const ms = Math.floor(random() * 20)
      await Promise.all([reporting.clock.advance(ms), refusing.clock.advance(ms)])
      expect(reporting.breaker.state).toBe(refusing.breaker.state)
    }
    expect(reporting.breaker.stats().rejected).toBe(refusing.breaker.stats().rejected)
    expect(reporting.breaker.stats().rejected).toBeGreaterThan(100)
  })

  it('counts the calls that it would have refused, without moving the state', () => {
    const { breaker } = driven({ trip: consecutive(1), mode: 'report-only' })
    fail(breaker)
    succeed(breaker, 3)
    permitOf(breaker).ignore()
    const twice = permitOf(breaker)
    twice.failure()
    twice.failure()
    expect(breaker.stats()).toMatchObject({
      state: 'open',
      successes: 3,
      failures: 2,
      ignored: 1,
      opened: 1,
      doubleSettlements: 1,
      lateSettlements: 0,
    })
  })
})
