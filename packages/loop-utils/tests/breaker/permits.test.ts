import { describe, expect, it } from 'vitest'
import { consecutive, countWindow } from '../../src/breaker/index.ts'
import { driven, fail, permitOf, succeed } from './driven.ts'

describe('a permit', () => {
  it('counts how its call ended', () => {
    const { breaker } = driven({ trip: consecutive(2) })
    fail(breaker)
    expect(breaker.state).toBe('closed')
    fail(breaker)
    expect(breaker.state).toBe('open')
    expect(breaker.tryAcquire()).toBeNull()
    expect(breaker.stats()).toMatchObject({ failures: 2, opened: 1, rejected: 1 })
  })

  it('opens by default after five failures, for 60 s, and then lets one probe through', async () => {
    const { breaker, clock } = driven()
    fail(breaker, 4)
    expect(breaker.state).toBe('closed')
    fail(breaker)
    expect(breaker.state).toBe('open')
    expect(breaker.retryAfterMs()).toBe(60_000)
    await clock.advance(59_999)
    expect(breaker.state).toBe('open')
    expect(breaker.retryAfterMs()).toBe(1)
    await clock.advance(1)
    expect(breaker.state).toBe('half-open')
    const probe = permitOf(breaker)
    expect(breaker.tryAcquire()).toBeNull()
    probe.success()
    expect(breaker.state).toBe('closed')
  })

  it('counts nothing when ignored', () => {
    const { breaker } = driven({ trip: consecutive(2) })
    fail(breaker)
    permitOf(breaker).ignore()
    fail(breaker)
    expect(breaker.state).toBe('open')
    expect(breaker.stats()).toMatchObject({ ignored: 1, failures: 2 })
  })

  it('is settled once: a second time is counted and does nothing', () => {
    const { breaker } = driven({ trip: consecutive(2) })
    const permit = permitOf(breaker)
    expect(permit.isSettled).toBe(false)
    permit.failure()
    expect(permit.isSettled).toBe(true)
    permit.failure()
    permit.success()
    permit.ignore()
    expect(breaker.state).toBe('closed')
    expect(breaker.stats()).toMatchObject({ failures: 1, successes: 0, ignored: 0, doubleSettlements: 3 })
  })

  it('is late after the circuit has moved on: that is counted and does nothing', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 100 })
    const [slow, slower, slowest] = [permitOf(breaker), permitOf(breaker), permitOf(breaker)]
    fail(breaker)
    await clock.advance(60)
    slow.failure()
    expect(breaker.retryAfterMs()).toBe(40)
    await clock.advance(40)
    slower.success()
    expect(breaker.state).toBe('half-open')
    succeed(breaker)
    slowest.failure()
    expect(breaker.state).toBe('closed')
    expect(breaker.stats()).toMatchObject({ lateSettlements: 3, failures: 1, successes: 1, doubleSettlements: 0 })
  })

  it('measures how long its call took, unless told', async () => {
    const { breaker, clock } = driven({
      trip: countWindow({ size: 4, failureRate: 1, slowRate: 0.5 }),
      slowCallMs: 100,
    })
    const measured = permitOf(breaker)
    const quick = permitOf(breaker)
    const told = permitOf(breaker)
    const exact = permitOf(breaker)
    quick.success()
    await clock.advance(100)
    exact.success()
    expect(breaker.stats().slow).toBe(0)
    await clock.advance(1)
    measured.success()
    expect(breaker.stats().slow).toBe(1)
    told.failure('down', 50)
    expect(breaker.stats()).toMatchObject({ slow: 1, state: 'closed' })
    permitOf(breaker).failure('down', 101)
    expect(breaker.state).toBe('open')
  })

  it.each([-1, Number.NaN, Infinity])('refuses a duration of %s, and is then still to be settled', (durationMs) => {
    const { breaker } = driven()
    const permit = permitOf(breaker)
    expect(() => permit.success(durationMs)).toThrow(expect.objectContaining({ option: 'durationMs' }))
    expect(() => permit.failure('down', durationMs)).toThrow(expect.objectContaining({ option: 'durationMs' }))
    expect(permit.isSettled).toBe(false)
    permit.success(0)
    expect(breaker.stats().successes).toBe(1)
  })

  it('remembers the last failure', async () => {
    const { breaker, clock } = driven()
    expect(breaker.stats()).toMatchObject({ lastError: undefined, lastFailureAgoMs: undefined })
    fail(breaker, 1, new Error('first'))
    const last = new Error('last')
    fail(breaker, 1, last)
    succeed(breaker)
    await clock.advance(30)
    expect(breaker.stats()).toMatchObject({ lastError: last, lastFailureAgoMs: 30 })
  })
})
