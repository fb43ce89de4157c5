import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { OptionError, QueueOverflowError } from '../../src/errors/index.ts'
import { gcra, RateLimitedError, slidingWindow, tokenBucket, type RateLimiter } from '../../src/rate/index.ts'
import { assertLeavesNoTimer } from '../active-timers.ts'
import { turnMicrotasks } from '../concurrency/interleavings.ts'
import { CountedSignal } from '../counted-signal.ts'
import { rejection } from '../settled.ts'

/** A clock for what needs no timers. */
class HandClock extends ManualClock {
  nowMs = 0

  override now(): number {
    return this.nowMs
  }
}

describe('tokenBucket', () => {
  it('admits a burst of its capacity, then what drips in', async () => {
    const clock = new ManualClock()
    const bucket = tokenBucket({ capacity: 5, refill: 10, intervalMs: 1000, clock })
    expect(Array.from({ length: 7 }, () => bucket.tryAcquire())).toEqual([true, true, true, true, true, false, false])
    expect(bucket.tokens).toBe(0)
    expect(bucket.retryAfterMs()).toBe(100)
    expect(bucket.retryAfterMs(5)).toBe(500)
    await clock.advance(250)
    expect(bucket.tokens).toBe(2.5)
    expect(bucket.tryAcquire(3)).toBe(false)
    expect(bucket.tryAcquire(2)).toBe(true)
    await clock.advance(10_000)
    expect(bucket.tokens).toBe(5)
    expect(bucket.stats()).toEqual({ waiting: 0, taken: 7, refused: 3 })
  })

  it('begins with as many tokens as it is told to', () => {
    const clock = new ManualClock()
    expect(tokenBucket({ capacity: 5, initial: 0, clock }).tryAcquire()).toBe(false)
    expect(tokenBucket({ capacity: 5, initial: 2, clock }).tokens).toBe(2)
  })

  it('decides as exact arithmetic does, for any rate', () => {
    fc.assert(
      fc.property(
        fc.record({
          capacity: fc.integer({ min: 1, max: 50 }),
          refill: fc.integer({ min: 1, max: 997 }),
          intervalMs: fc.integer({ min: 1, max: 100_000 }),
        }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.array(fc.tuple(fc.nat({ max: 3000 }), fc.integer({ min: 1, max: 50 })), { maxLength: 60 }),
        (rate, startMs, steps) => {
          const clock = new HandClock()
          clock.nowMs = startMs
          const bucket = tokenBucket({ ...rate, clock })
          const [capacity, refill, intervalMs] = [rate.capacity, rate.refill, rate.intervalMs].map(BigInt) as [
            bigint,
            bigint,
            bigint,
          ]
          // in 1 / intervalMs of a token
          let level = capacity * intervalMs
          for (const [gap, n] of steps) {
            clock.nowMs += gap
            level += BigInt(gap) * refill
            if (level > capacity * intervalMs) level = capacity * intervalMs
            if (n > rate.capacity) continue
            const isAdmitted = level >= BigInt(n) * intervalMs
            expect(bucket.tryAcquire(n)).toBe(isAdmitted)
            if (isAdmitted) level -= BigInt(n) * intervalMs
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  it('loses nothing to rounding however long it is busy', () => {
    const clock = new HandClock()
    // a token every 333 1/3 ms, on a machine that has been up for a month
    clock.nowMs = 30 * 86_400_000 + 0.123
    const startMs = clock.nowMs
    const bucket = tokenBucket({ capacity: 3, refill: 3, clock })
    let taken = 0
    for (let turn = 0; turn < 300_000; turn++) {
      while (bucket.tryAcquire()) taken++
      clock.nowMs += bucket.retryAfterMs()
    }
    // three at first, then three a second
    expect(taken).toBe(300_002)
    expect(clock.nowMs - startMs).toBeCloseTo(100_000_000, 3)
  })

  it('refuses wrong options', () => {
    expect(() => tokenBucket({ capacity: 0 })).toThrow(OptionError)
    expect(() => tokenBucket({ capacity: 1, refill: 0 })).toThrow('refill')
    expect(() => tokenBucket({ capacity: 1, intervalMs: 0 })).toThrow('intervalMs')
    expect(() => tokenBucket({ capacity: 1, initial: 2 })).toThrow('initial')
    expect(() => tokenBucket({ capacity: 1, maxWaiting: -1 })).toThrow('maxWaiting')
  })
})

describe('gcra', () => {
  it('spaces evenly, and admits so many ahead of their time', async () => {
    const clock = new ManualClock()
    const strict = gcra({ limit: 10, clock })
    expect(strict.tokens).toBe(1)
    expect([strict.tryAcquire(), strict.tryAcquire(), strict.retryAfterMs()]).toEqual([true, false, 100])
    const bursty = gcra({ limit: 10, burst: 2, clock })
    expect([1, 2, 3, 4].map(() => bursty.tryAcquire())).toEqual([true, true, true, false])
    await clock.advance(99)
    expect(strict.tryAcquire()).toBe(false)
    await clock.advance(1)
    expect([strict.tryAcquire(), bursty.tryAcquire(), bursty.tryAcquire()]).toEqual([true, true, false])
    expect(() => strict.tryAcquire(2)).toThrow('option n is 2; give an integer from 1 to 1')
  })

  it('refuses wrong options', () => {
    expect(() => gcra({ limit: 0 })).toThrow(OptionError)
    expect(() => gcra({ limit: 1, periodMs: -1 })).toThrow('periodMs')
    expect(() => gcra({ limit: 1, burst: -1 })).toThrow('burst')
  })
})

describe('slidingWindow', () => {
  it('has no window that holds more than its limit, as a counter of fixed windows would', async () => {
    const clock = new ManualClock()
    const limiter = slidingWindow({ limit: 3, windowMs: 100, clock })
    await clock.advance(90)
    expect([1, 2, 3, 4].map(() => limiter.tryAcquire())).toEqual([true, true, true, false])
    expect(limiter.tokens).toBe(0)
    await clock.advance(20)
    expect([limiter.tryAcquire(), limiter.retryAfterMs()]).toEqual([false, 80])
    await clock.advance(80)
    expect([1, 2, 3, 4].map(() => limiter.tryAcquire())).toEqual([true, true, true, false])
  })

  it('keeps no more than its limit of times, however long it runs', async () => {
    const clock = new HandClock()
    const limiter = slidingWindow({ limit: 40, windowMs: 100, clock })
    let taken = 0
    for (; clock.nowMs < 100_000; clock.nowMs += 7) if (limiter.tryAcquire(3)) taken += 3
    // 13 times 3 fit in, and the next one that comes after the first has expired is 105 ms after it
    expect(taken).toBeGreaterThan(37_000)
    expect(taken).toBeLessThanOrEqual(40_000)
    expect(limiter.stats().taken).toBe(taken)
  })

  it('refuses wrong options', () => {
    expect(() => slidingWindow({ limit: 0 })).toThrow(OptionError)
    expect(() => slidingWindow({ limit: 2 ** 21 })).toThrow('limit')
    expect(() => slidingWindow({ limit: 1, windowMs: 0 })).toThrow('windowMs')
  })
})

const KINDS: readonly (readonly [string, (clock: ManualClock, maxWaiting?: number) => RateLimiter])[] = [
  [
    'tokenBucket',
    (clock, maxWaiting = 100) => tokenBucket({ capacity: 2, refill: 1, intervalMs: 100, clock, maxWaiting }),
  ],
  ['gcra', (clock, maxWaiting = 100) => gcra({ limit: 1, periodMs: 100, burst: 1, clock, maxWaiting })],
  ['slidingWindow', (clock, maxWaiting = 100) => slidingWindow({ limit: 2, windowMs: 200, clock, maxWaiting })],
]

describe.each(KINDS)('%s', (_name, make) => {
  it('serves those who wait in order, with one timer, and lets nobody overtake', async () => {
    const clock = new ManualClock()
    const limiter = make(clock)
    await limiter.acquire(2)
    const order: number[] = []
    const waits = [2, 1, 1].map((n, index) => limiter.acquire(n).then(() => order.push(index)))
    expect(limiter.waiting).toBe(3)
    expect(clock.pending).toBe(1)
    await clock.advance(150)
    expect(limiter.tryAcquire()).toBe(false)
    await clock.runAll()
    await Promise.all(waits)
    expect(order).toEqual([0, 1, 2])
    expect(clock.pending).toBe(0)
  })

  it('takes nothing for one who gives up, and serves those behind', async () => {
    const clock = new ManualClock()
    const limiter = make(clock)
    limiter.tryAcquire()
    const counted = new CountedSignal()
    const big = rejection(limiter.acquire(2, { signal: counted.signal }))
    const small = limiter.acquire(1)
    await turnMicrotasks()
    expect(limiter.waiting).toBe(2)
    counted.controller.abort('enough')
    // one token is there, and nobody waits before the small one any more
    await small
    expect(await big).toBe('enough')
    expect([limiter.waiting, clock.pending]).toEqual([0, 0])
    expect([counted.added, counted.removed]).toEqual([1, 1])
    expect(getEventListeners(counted.signal, 'abort')).toEqual([])
    expect(await rejection(limiter.acquire(1, { signal: counted.signal }))).toBe('enough')
    expect(limiter.stats().taken).toBe(2)
  })

  it('does not begin a wait that is known to be too long, and ends one that becomes so', async () => {
    const clock = new ManualClock()
    const limiter = make(clock)
    await limiter.acquire(2)
    const retryAfterMs = limiter.retryAfterMs()
    const error = await rejection(limiter.acquire(1, { maxWaitMs: retryAfterMs - 1 }))
    expect(error).toBeInstanceOf(RateLimitedError)
    expect(error).toMatchObject({ code: 'LOOP_RATE_LIMITED', retryAfterMs })
    expect((error as Error).message).toContain(`try again in ${retryAfterMs} ms`)
    expect(clock.pending).toBe(0)
    const inTime = limiter.acquire(1, { maxWaitMs: retryAfterMs })
    await clock.advance(retryAfterMs)
    await inTime
    expect(clock.pending).toBe(0)
  })

  it('bounds those who wait and rejects them when it is told to', async () => {
    const clock = new ManualClock()
    const limiter = make(clock, 2)
    await limiter.acquire(2)
    const waits = [rejection(limiter.acquire()), rejection(limiter.acquire())]
    await expect(limiter.acquire()).rejects.toThrow(QueueOverflowError)
    expect(limiter.rejectWaiting('closing')).toBe(2)
    expect(await Promise.all(waits)).toEqual(['closing', 'closing'])
    expect(clock.pending).toBe(0)
    expect(limiter.waiting).toBe(0)
    await clock.advance(1000)
    expect(limiter.tryAcquire(2)).toBe(true)
  })

  it('reserves turns one after the other, and gives back those that are cancelled before their time', async () => {
    const clock = new ManualClock()
    const limiter = make(clock)
    const now = limiter.reserve(2)
    expect([now?.delayMs, now?.cancel()]).toEqual([0, false])
    const first = limiter.reserve()
    const second = limiter.reserve()
    const delay = first?.delayMs ?? 0
    expect(delay).toBeGreaterThan(0)
    expect(second?.delayMs).toBeGreaterThanOrEqual(delay)
    expect(limiter.reserve(1, { maxDelayMs: delay - 1 })).toBeUndefined()
    expect(limiter.tryAcquire()).toBe(false)
    expect(limiter.tokens).toBe(0)
    expect(second?.cancel()).toBe(true)
    expect(second?.cancel()).toBe(false)
    expect(limiter.reserve()?.delayMs).toBe(second?.delayMs)
    await clock.advance(delay)
    expect(first?.cancel()).toBe(false)
    expect(limiter.stats().taken).toBe(4)
  })

  it('reserves nothing behind those who wait, nor more than it may', async () => {
    const clock = new ManualClock()
    const limiter = make(clock, 2)
    await limiter.acquire(2)
    const wait = limiter.acquire()
    expect(limiter.reserve()).toBeUndefined()
    await clock.runAll()
    await wait
    const delays = Array.from({ length: 6 }, () => limiter.reserve()?.delayMs)
    expect(delays.filter((delayMs) => delayMs !== undefined && delayMs > 0)).toHaveLength(2)
    expect(delays.at(-1)).toBeUndefined()
    expect(() => limiter.reserve(3)).toThrow(OptionError)
    expect(() => limiter.reserve(1, { maxDelayMs: -1 })).toThrow('maxDelayMs')
  })

  it('lets those wait behind a reserved turn who come after it', async () => {
    const clock = new ManualClock()
    const limiter = make(clock)
    await limiter.acquire(2)
    const turn = limiter.reserve()
    let servedAt = 0
    const wait = limiter.acquire(2).then(() => {
      servedAt = clock.now()
    })
    await clock.runAll()
    await wait
    expect(servedAt).toBeGreaterThan(turn?.delayMs ?? 0)
  })

  it('refuses wrong arguments', async () => {
    const limiter = make(new ManualClock())
    for (const n of [0, -1, 1.5, 3, Number.NaN]) {
      expect(() => limiter.tryAcquire(n)).toThrow(OptionError)
      expect(() => limiter.retryAfterMs(n)).toThrow(OptionError)
      await expect(limiter.acquire(n)).rejects.toThrow(OptionError)
    }
    await expect(limiter.acquire(1, { maxWaitMs: -1 })).rejects.toThrow('maxWaitMs')
    await expect(limiter.acquire(1, { signal: 1 as never })).rejects.toThrow('signal')
  })
})

describe('a limiter on the real clock', () => {
  it('leaves no timer behind, served or aborted', async () => {
    await assertLeavesNoTimer(async () => {
      const limiter = tokenBucket({ capacity: 1, refill: 200 })
      await Promise.all(Array.from({ length: 10 }, () => limiter.acquire()))
      const slow = gcra({ limit: 1, periodMs: 3_600_000 })
      await slow.acquire()
      const controller = new AbortController()
      const wait = rejection(slow.acquire(1, { signal: controller.signal, maxWaitMs: 36_000_000 }))
      controller.abort('enough')
      expect(await wait).toBe('enough')
    })
  })

  it('never admits more than its rate', async () => {
    const limiter = tokenBucket({ capacity: 5, refill: 400 })
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: 45 }, () => limiter.acquire()))
    // 40 tokens had to drip in at 2.5 ms each; a timer may be late, never early
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99)
  })
})
