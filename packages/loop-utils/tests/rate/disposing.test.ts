import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { CancelledError } from '../../src/concurrency/index.ts'
import { adaptive, all, gcra, keyed, type RateLimiter, slidingWindow, tokenBucket } from '../../src/rate/index.ts'
import { ThreadRateLimiter } from '../../src/shared/index.ts'
import { rejection } from '../settled.ts'

const LIMITERS: readonly [name: string, make: (clock: ManualClock) => RateLimiter][] = [
  ['a token bucket', (clock) => tokenBucket({ capacity: 1, clock })],
  ['a gcra limiter', (clock) => gcra({ limit: 1, clock })],
  ['a sliding window', (clock) => slidingWindow({ limit: 1, clock })],
  ['a combined limiter', (clock) => all(tokenBucket({ capacity: 1, clock }), gcra({ limit: 1, clock }))],
  ['a limiter that threads share', (clock) => new ThreadRateLimiter({ limit: 1 }, { clock })],
]

describe('disposing', () => {
  it.each(LIMITERS)('of %s rejects who waits, refuses who comes, and leaves no timer', async (_, make) => {
    const clock = new ManualClock()
    const limiter = make(clock)
    limiter.tryAcquire()
    const waiting = rejection(limiter.acquire())
    expect(clock.pending).toBe(1)
    limiter[Symbol.dispose]()
    expect(await waiting).toBeInstanceOf(CancelledError)
    expect([clock.pending, limiter.waiting]).toEqual([0, 0])
    await clock.advance(5000)
    expect([limiter.tryAcquire(), limiter.reserve()]).toEqual([false, undefined])
    expect(await rejection(limiter.acquire())).toBeInstanceOf(CancelledError)
    limiter[Symbol.dispose]()
  })

  it('of a limiter that threads share leaves the other ends alone', () => {
    const clock = new ManualClock()
    const mine = new ThreadRateLimiter({ limit: 1 }, { clock })
    const other = new ThreadRateLimiter(mine.buffer, { clock })
    mine[Symbol.dispose]()
    expect([mine.tryAcquire(), other.tryAcquire()]).toEqual([false, true])
  })

  it('of a combined limiter leaves its parts alone', () => {
    const part = tokenBucket({ capacity: 1, clock: new ManualClock() })
    all(part)[Symbol.dispose]()
    expect(part.tryAcquire()).toBe(true)
  })

  it('of keyed limiters disposes of all and forgets them', async () => {
    const clock = new ManualClock()
    const limiters = keyed<string>(() => tokenBucket({ capacity: 1, clock }), { max: 10 })
    const old = limiters.get('a')
    limiters.tryAcquire('a')
    const waiting = rejection(limiters.acquire('a'))
    limiters[Symbol.dispose]()
    expect(await waiting).toBeInstanceOf(CancelledError)
    expect([limiters.size, old.tryAcquire(), limiters.tryAcquire('a'), clock.pending]).toEqual([0, false, true, 0])
  })

  it('of an adaptive limiter rejects who waits', async () => {
    const clock = new ManualClock()
    const { limiter } = adaptive({ clock, minRate: 1, maxRate: 1 })
    limiter.onFailure(Object.assign(new Error('slow down'), { status: 429 }))
    while (limiter.tryAcquire());
    const waiting = rejection(limiter.acquire())
    limiter[Symbol.dispose]()
    expect(await waiting).toBeInstanceOf(CancelledError)
    expect(clock.pending).toBe(0)
  })
})
