import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { ThreadBreaker, ThreadRateLimiter } from '../../src/shared/index.ts'

describe('a circuit that is reset again and again', () => {
  it('opens for no longer than one that is not', () => {
    const clock = new ManualClock()
    const breaker = new ThreadBreaker({ failures: 1, halfOpenAfterMs: 1000 }, { clock })
    for (let i = 0; i < 10_000; i++) breaker.reset()
    breaker.tryAcquire()?.failure()
    expect(breaker.state).toBe('open')
    expect(breaker.retryAfterMs()).toBeLessThanOrEqual(1000 + 110)
  })

  it('forgets a row of failures each time', () => {
    const clock = new ManualClock()
    const breaker = new ThreadBreaker({ failures: 2 }, { clock })
    for (let i = 0; i < 5; i++) {
      breaker.tryAcquire()?.failure()
      breaker.reset()
    }
    expect(breaker.state).toBe('closed')
  })

  it('takes outcomes of calls from before as late, once time goes on', async () => {
    const clock = new ManualClock()
    const breaker = new ThreadBreaker({ failures: 1 }, { clock })
    for (let i = 0; i < 5; i++) breaker.reset()
    const permit = breaker.tryAcquire()
    await clock.advance(200)
    breaker.reset()
    permit?.failure()
    expect(breaker.state).toBe('closed')
    expect(breaker.stats().lateSettlements).toBe(1)
  })
})

describe('a rate that would take centuries to refill', () => {
  const periodMs = 100 * 86_400_000
  const most = Math.floor(2 ** 61 / (periodMs * 1e6)) - 1

  it('is refused, with the burst that is to blame', () => {
    expect(() => new ThreadRateLimiter({ limit: 1, periodMs, burst: most + 1 })).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option: 'burst', expected: `an integer from 0 to ${most}` }),
    )
    expect(new ThreadRateLimiter({ limit: 1, burst: 2 ** 31 - 2 }).retryAfterMs(2 ** 31 - 1)).toBe(0)
  })

  it('keeps its bound as long as it is admitted', () => {
    const limiter = new ThreadRateLimiter({ limit: 1, periodMs, burst: most }, { clock: new ManualClock() })
    expect(limiter.tryAcquire(most + 1)).toBe(true)
    let reserved = 0
    while (limiter.reserve(most) !== undefined) reserved++
    expect(reserved).toBeLessThanOrEqual(3)
    expect(limiter.tryAcquire()).toBe(false)
    expect(limiter.retryAfterMs()).toBeGreaterThan(periodMs / 2)
  })
})
