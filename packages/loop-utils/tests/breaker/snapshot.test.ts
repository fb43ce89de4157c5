import { describe, expect, it } from 'vitest'
import { sequence } from '../../src/backoff/index.ts'
import { CircuitBreaker, consecutive, countWindow, type BreakerSnapshot } from '../../src/breaker/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { driven, fail, permitOf, succeed } from './driven.ts'

/** What storing and loading, perhaps elsewhere, makes of it. */
function journey(snapshot: BreakerSnapshot): BreakerSnapshot {
  return JSON.parse(JSON.stringify(snapshot)) as BreakerSnapshot
}

describe('a restored breaker', () => {
  it('goes on counting where the other one was', () => {
    const { breaker } = driven({ trip: consecutive(3) })
    fail(breaker, 2)
    const restored = CircuitBreaker.restore(journey(breaker.snapshot()), { trip: consecutive(3) })
    expect(restored.state).toBe('closed')
    fail(restored)
    expect(restored.state).toBe('open')
  })

  it('is open for what remained, whatever its clock shows', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 1000 })
    fail(breaker)
    await clock.advance(300)
    const later = new ManualClock({ startMs: 9e9 })
    const restored = CircuitBreaker.restore(journey(breaker.snapshot()), { trip: consecutive(1), clock: later })
    expect(restored.retryAfterMs()).toBe(700)
    await later.advance(700)
    expect(restored.state).toBe('half-open')
  })

  it('is half-open with all its places and the successes so far', async () => {
    const options = { trip: consecutive(1), halfOpenAfterMs: 10, halfOpen: { successes: 2 } }
    const { breaker, clock } = driven(options)
    fail(breaker)
    await clock.advance(10)
    succeed(breaker)
    permitOf(breaker)
    const restored = CircuitBreaker.restore(journey(breaker.snapshot()), { ...options, clock })
    expect(restored.state).toBe('half-open')
    succeed(restored)
    expect(restored.state).toBe('closed')
  })

  it('is in its stage of the ramp, or begins anew when there is none such', async () => {
    const options = { trip: consecutive(1), halfOpenAfterMs: 10, halfOpen: { ramp: [0.5, 1], rampSuccesses: 2 } }
    const { breaker, clock } = driven(options)
    fail(breaker)
    await clock.advance(10)
    succeed(breaker)
    permitOf(breaker).success()
    expect(breaker.tryAcquire()).toBeNull()
    permitOf(breaker).success()
    succeed(breaker)
    const snapshot = journey(breaker.snapshot())
    expect(snapshot.recovery).toEqual({ stage: 2, successes: 1 })
    const restored = CircuitBreaker.restore(snapshot, { ...options, clock })
    succeed(restored)
    expect(restored.state).toBe('closed')
    const other = CircuitBreaker.restore(snapshot, { ...options, clock, halfOpen: { successes: 2 } })
    expect(other.snapshot().recovery).toEqual({ stage: 0, successes: 0 })
  })

  it('goes on with the open times', async () => {
    const options = { trip: consecutive(1), halfOpenAfterMs: sequence([10, 20, 30]) }
    const { breaker, clock } = driven(options)
    fail(breaker)
    await clock.advance(10)
    fail(breaker)
    const restored = CircuitBreaker.restore(journey(breaker.snapshot()), { ...options, clock })
    await clock.advance(20)
    fail(restored)
    expect(restored.retryAfterMs()).toBe(30)
  })

  it('keeps the count of a flood of trips without working through it', () => {
    const snapshot: BreakerSnapshot = {
      ...driven().breaker.snapshot(),
      opens: Number.MAX_SAFE_INTEGER,
    }
    expect(CircuitBreaker.restore(snapshot).snapshot().opens).toBe(Number.MAX_SAFE_INTEGER)
  })

  it('has no isolation and is enabled as its options say', () => {
    const { breaker } = driven({ disabled: true })
    breaker.isolate()
    const snapshot = journey(breaker.snapshot())
    expect(snapshot.state).toBe('closed')
    expect(CircuitBreaker.restore(snapshot).state).toBe('closed')
    expect(CircuitBreaker.restore(snapshot, { disabled: true }).state).toBe('disabled')
  })

  it('shares nothing with the snapshot', () => {
    const { breaker } = driven({ trip: countWindow({ size: 4, failureRate: 0.5 }) })
    fail(breaker)
    const first = breaker.snapshot()
    const before = structuredClone(first)
    fail(breaker)
    succeed(breaker)
    expect(first).toEqual(before)
  })
})

describe('a snapshot that is not one', () => {
  const good = driven().breaker.snapshot()

  it.each([
    ['snapshot', null],
    ['snapshot', 'open'],
    ['snapshot', []],
    ['snapshot.version', { ...good, version: 2 }],
    ['snapshot.state', { ...good, state: 'isolated' }],
    ['snapshot.remainingMs', { ...good, remainingMs: -1 }],
    ['snapshot.remainingMs', { ...good, remainingMs: null }],
    ['snapshot.opens', { ...good, opens: 0.5 }],
    ['snapshot.recovery', { ...good, recovery: undefined }],
    ['snapshot.recovery.successes', { ...good, recovery: { successes: 'many', stage: 0 } }],
    ['snapshot.recovery.stage', { ...good, recovery: { successes: 0, stage: -1 } }],
    ['snapshot.trip', { ...good, trip: undefined }],
    ['snapshot.trip.kind', { ...good, trip: { kind: 'time-window' } }],
  ])('is refused by the name of its fault: %s', (option, snapshot) => {
    expect(() => CircuitBreaker.restore(snapshot as never)).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option }),
    )
  })
})
