import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { adaptive, all, gcra, slidingWindow, tokenBucket, type RateLimiter } from '../../src/rate/index.ts'
import { rejection, settled } from '../settled.ts'

/** One token each 100 ms, of which the first is there. */
function hundred(clock: ManualClock, maxWaiting = 100): RateLimiter {
  return tokenBucket({ capacity: 1, intervalMs: 100, clock, maxWaiting })
}

describe('how long a turn takes', () => {
  it('counts those who wait, and no more those who were served or have left', async () => {
    const clock = new ManualClock({ startMs: 1e6 })
    const limiter = hundred(clock)
    await limiter.acquire()
    const leaving = new AbortController()
    const first = limiter.acquire()
    const second = settled(limiter.acquire(1, { signal: leaving.signal }))
    expect(limiter.retryAfterMs()).toBe(300)
    leaving.abort('enough')
    await second
    expect(limiter.retryAfterMs()).toBe(200)
    await clock.advance(100)
    await first
    expect(limiter.retryAfterMs()).toBe(100)
    await clock.advance(100)
    expect(limiter.retryAfterMs()).toBe(0)
  })

  it('is what a wait with a bound is judged by, and the refusal tells it', async () => {
    const clock = new ManualClock({ startMs: 1e6 })
    const limiter = hundred(clock)
    await limiter.acquire()
    const waiting = limiter.acquire(1, { maxWaitMs: 100 })
    expect(await rejection(limiter.acquire(1, { maxWaitMs: 199 }))).toMatchObject({
      code: 'LOOP_RATE_LIMITED',
      retryAfterMs: 200,
    })
    expect(limiter.stats()).toEqual({ waiting: 1, taken: 1, refused: 1 })
    await clock.advance(100)
    await waiting
    expect(limiter.stats()).toEqual({ waiting: 0, taken: 2, refused: 1 })
    const next = limiter.acquire(1, { maxWaitMs: 100 })
    await clock.advance(100)
    expect((await settled(next)).status).toBe('fulfilled')
  })
})

describe('a reservation', () => {
  it('tells how long it is until its turn, wherever the clock stands', () => {
    const limiter = hundred(new ManualClock({ startMs: 1e6 }))
    expect([limiter.reserve()?.delayMs, limiter.reserve()?.delayMs, limiter.reserve()?.delayMs]).toEqual([0, 100, 200])
  })

  it('that is due at once cannot be given back', () => {
    const limiter = hundred(new ManualClock())
    const [first, second] = [limiter.reserve(), limiter.reserve()]
    expect([first?.cancel(), second?.cancel(), second?.cancel()]).toEqual([false, true, false])
    expect(limiter.stats().taken).toBe(1)
  })

  it('is refused when it comes too late, or too many wait, and that is counted', () => {
    const limiter = hundred(new ManualClock(), 2)
    limiter.reserve()
    expect(limiter.reserve(1, { maxDelayMs: 99 })).toBeUndefined()
    expect(limiter.reserve(1, { maxDelayMs: 100 })?.delayMs).toBe(100)
    expect(limiter.reserve()?.delayMs).toBe(200)
    expect(limiter.reserve()).toBeUndefined()
    expect(limiter.stats()).toEqual({ waiting: 0, taken: 3, refused: 2 })
  })
})

describe('what rate limiters refuse is named', () => {
  it.each<[string, string, () => unknown]>([
    ['limiters', 'at least one limiter', () => all()],
    ['periodMs', 'milliseconds', () => gcra({ limit: 1, periodMs: 0 })],
    ['intervalMs', 'milliseconds', () => tokenBucket({ capacity: 1, intervalMs: 0 })],
    ['minRate', 'a number of at least 0.001', () => adaptive({ minRate: 0 })],
    ['maxRate', 'a number of at least 2', () => adaptive({ minRate: 2, maxRate: 1 })],
    ['n', 'an integer from 1 to 1', () => tokenBucket({ capacity: 1 }).tryAcquire(2)],
  ])('%s: %s', (option, expected, make) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option, expected: expect.stringContaining(expected) as string }),
    )
  })

  it('by the name of the limiter when too many wait', async () => {
    const clock = new ManualClock()
    const makers: readonly [string, () => RateLimiter][] = [
      ['token bucket', () => tokenBucket({ capacity: 1, clock, maxWaiting: 1 })],
      ['ccu', () => tokenBucket({ capacity: 1, clock, maxWaiting: 1, name: 'ccu' })],
    ]
    for (const [name, make] of makers) {
      const limiter = make()
      await limiter.acquire()
      const waiting = settled(limiter.acquire())
      expect(await rejection(limiter.acquire())).toMatchObject({
        code: 'LOOP_QUEUE_OVERFLOW',
        queue: `queue of ${name}`,
        capacity: 1,
      })
      limiter.rejectWaiting('over')
      await waiting
    }
    const both = all(tokenBucket({ capacity: 1, clock }), gcra({ limit: 1, clock }))
    await both.acquire()
    expect(await rejection(both.acquire(1, { maxWaitMs: 1 }))).toMatchObject({
      message: expect.stringContaining('combined rate limiter') as string,
    })
  })
})

describe('a sliding window', () => {
  it('forgets each take when it is as old as the window, and takes of one moment together', async () => {
    const clock = new ManualClock({ startMs: 1e6 })
    const limiter = slidingWindow({ limit: 3, windowMs: 100, clock })
    expect([limiter.tryAcquire(), limiter.tryAcquire()]).toEqual([true, true])
    await clock.advance(50)
    expect([limiter.tryAcquire(), limiter.tryAcquire(), limiter.tokens]).toEqual([true, false, 0])
    await clock.advance(49)
    expect([limiter.tokens, limiter.retryAfterMs()]).toEqual([0, 1])
    await clock.advance(1)
    expect([limiter.tokens, limiter.tryAcquire(2), limiter.tryAcquire()]).toEqual([2, true, false])
    await clock.advance(50)
    expect([limiter.tokens, limiter.tryAcquire()]).toEqual([1, true])
    await clock.advance(50)
    expect(limiter.tokens).toBe(2)
  })

  it('keeps its limit over thousands of windows', async () => {
    const clock = new ManualClock()
    const limiter = slidingWindow({ limit: 7, windowMs: 10, clock })
    const taken: number[] = []
    for (let step = 0; step < 3000; step++) {
      while (limiter.tryAcquire()) taken.push(clock.now())
      if (step % 3 === 0) await clock.advance(3)
    }
    const most = Math.max(...taken.map((at, index) => taken.slice(index).filter((later) => later < at + 10).length))
    expect(most).toBe(7)
    expect(taken.length).toBeGreaterThan((7 * 3000) / 12)
  })
})
