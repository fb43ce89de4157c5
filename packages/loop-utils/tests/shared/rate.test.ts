import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Clock, ManualClock, seeded, systemClock } from '../../src/clock/index.ts'
import { OptionError, QueueOverflowError } from '../../src/errors/index.ts'
import { gcra, RateLimitedError } from '../../src/rate/index.ts'
import { cancelTurn, reserveFromRate, takeFromRate } from '../../src/shared/gcra-protocol.ts'
import { ThreadRateLimiter } from '../../src/shared/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { explore, type Script, type World } from './model-checker.ts'
import { must } from './must.ts'

/** Whether in every window between two of the times no more were admitted than burst and rate allow. */
function checkRate(times: readonly number[], { burst, interval }: { burst: number; interval: number }): void {
  const sorted = times.toSorted((a, b) => a - b)
  for (const [from, start] of sorted.entries()) {
    for (let to = from; to < sorted.length; to++) {
      const window = (sorted[to] ?? 0) - start
      must(to - from + 1 <= burst + window / interval + 1e-9, `${to - from + 1} in ${window}`)
    }
  }
}

describe('the protocol of ThreadRateLimiter', () => {
  it.each([
    { burst: 1, threads: 2, turns: 2, most: 3 },
    { burst: 2, threads: 2, turns: 2, most: 4 },
    { burst: 1, threads: 3, turns: 1, most: 3 },
    { burst: 2, threads: 3, turns: 1, most: 3 },
  ])('admits no more than burst and rate allow in any window: $threads threads, burst $burst', (model) => {
    const { burst, threads, turns, most } = model
    const caller = (name: number) =>
      function* (world: World): Script {
        for (let turn = 0; turn < turns; turn++) world.ghost[`${name} ${turn}`] = -1
        for (let turn = 0; turn < turns; turn++) {
          yield
          const now = world.ghost['now'] ?? 0
          world.forget(`${turn} at ${now}`)
          const wait = yield* takeFromRate(world.memory, { now: BigInt(now), n: 1 }, { burst, interval: 10n })
          if (wait === 0n) world.ghost[`${name} ${turn}`] = now
          else must(wait > 0n && wait <= 40n, 'a wait beyond all bounds')
          world.forget(`end of ${turn}`)
        }
      }
    let seen = 0
    const { states } = explore({
      cells: 2,
      longs: 2,
      threads: [
        ...Array.from({ length: threads }, (_, name) => caller(name)),
        function* ({ ghost }): Script {
          for (const time of [4, 10, 21]) {
            yield
            ghost['now'] = time
          }
        },
      ],
      atEnd: ({ ghost, unfinished }) => {
        must(unfinished.length === 0, 'a thread hangs')
        const times = Object.entries(ghost).flatMap(([name, time]) => (name === 'now' || time < 0 ? [] : [time]))
        checkRate(times, { burst, interval: 10 })
        seen = Math.max(seen, times.length)
      },
    })
    expect(states).toBeGreaterThan(1000)
    expect(seen).toBe(most)
  })

  it('keeps its rate in the turns that are reserved, those given back not counted', () => {
    const reserver = (name: number) =>
      function* (world: World): Script {
        world.ghost[`${name}`] = -1
        yield
        const now = world.ghost['now'] ?? 0
        world.forget(`at ${now}`)
        const request = { now: BigInt(now), n: 1, maxDelay: 25n }
        const turn = yield* reserveFromRate(world.memory, request, { burst: 1, interval: 10n })
        if (turn === undefined) return
        const choice = { choices: 2, chosen: 0 }
        yield choice
        const isBack = choice.chosen === 1 && (yield* cancelTurn(world.memory, turn))
        if (!isBack) world.ghost[`${name}`] = now + Number(turn.delay)
      }
    let cancelled = 0
    const { states } = explore({
      cells: 2,
      longs: 2,
      threads: [
        reserver(0),
        reserver(1),
        function* ({ ghost }): Script {
          for (const time of [4, 12]) {
            yield
            ghost['now'] = time
          }
        },
      ],
      atEnd: ({ ghost }) => {
        const times = Object.entries(ghost).flatMap(([name, time]) => (name === 'now' || time < 0 ? [] : [time]))
        checkRate(times, { burst: 1, interval: 10 })
        if (times.length < 2) cancelled++
      },
    })
    expect(states).toBeGreaterThan(500)
    expect(cancelled).toBeGreaterThan(0)
  })
})

describe('ThreadRateLimiter', () => {
  it('keeps its rate for any requests at any times, and is never stricter than it must be', () => {
    const request = fc.record({ after: fc.double({ min: 0, max: 50, noNaN: true }), n: fc.integer({ min: 1, max: 3 }) })
    fc.assert(
      fc.property(fc.array(request, { maxLength: 100 }), fc.integer({ min: 3, max: 6 }), (requests, burst) => {
        let nowMs = 5
        const clock: Clock = { ...systemClock, now: () => nowMs }
        const limiter = new ThreadRateLimiter({ limit: 1, periodMs: 10, burst: burst - 1 }, { clock })
        const times: number[] = []
        // a bucket that refills continuously, as an oracle
        let tokens = burst
        for (const { after, n } of requests) {
          nowMs += after
          tokens = Math.min(burst, tokens + after / 10)
          const isAdmitted = limiter.tryAcquire(n)
          must(Math.abs(tokens - n) < 1e-4 || isAdmitted === tokens >= n, `${isAdmitted} with ${tokens} for ${n}`)
          if (!isAdmitted) continue
          tokens -= n
          for (let token = 0; token < n; token++) times.push(nowMs)
        }
        checkRate(times, { burst, interval: 10 })
      }),
    )
  })

  it('is one limit for all that have its buffer', () => {
    const clock = new ManualClock()
    const one = new ThreadRateLimiter({ limit: 2, burst: 1 }, { clock })
    const two = new ThreadRateLimiter(one.buffer, { clock })
    expect([one.tryAcquire(), two.tryAcquire(), one.tryAcquire(), two.tryAcquire()]).toEqual([true, true, false, false])
    expect(two.retryAfterMs()).toBe(500)
    expect(two.retryAfterMs(2)).toBe(1000)
    expect([one.stats(), two.stats()]).toEqual([
      { waiting: 0, taken: 1, refused: 1 },
      { waiting: 0, taken: 1, refused: 1 },
    ])
  })

  it('agrees with gcra of one thread, step by step', async () => {
    const clock = new ManualClock()
    const rate = { limit: 3, periodMs: 100, burst: 2 }
    const [ours, theirs] = [new ThreadRateLimiter(rate, { clock }), gcra({ ...rate, clock })]
    const random = seeded(5)
    for (let step = 0; step < 2000; step++) {
      const n = 1 + Math.floor(random() * 3)
      expect(ours.retryAfterMs(n)).toBeCloseTo(theirs.retryAfterMs(n), 3)
      expect(ours.tokens).toBeCloseTo(theirs.tokens, 3)
      // but for the nanosecond that the interval is rounded up by
      const isOnTheEdge = Math.abs(theirs.retryAfterMs(n) - 0.001) <= 0.001
      must(isOnTheEdge || ours.tryAcquire(n) === theirs.tryAcquire(n), `step ${step}: they disagree`)
      if (step % 7 === 0) await clock.advance(Math.round(random() * 200))
    }
  })

  it('serves those who wait in their order, each at its time', async () => {
    const clock = new ManualClock()
    const limiter = new ThreadRateLimiter({ limit: 1, periodMs: 10, burst: 1 }, { clock })
    const served: string[] = []
    const note = (name: string) => (): void => void served.push(`${name} at ${clock.now()}`)
    limiter.tryAcquire(2)
    const all = [limiter.acquire(2).then(note('a')), limiter.acquire().then(note('b')), limiter.execute(note('c'))]
    await clock.settle()
    expect(limiter.waiting).toBe(3)
    expect(limiter.tryAcquire()).toBe(false)
    expect(limiter.retryAfterMs()).toBe(50)
    await clock.runAll()
    await Promise.all(all)
    expect(served).toEqual(['a at 20', 'b at 30', 'c at 40'])
    expect(clock.pending).toBe(0)
  })

  it('lets who gives up go at once, taking nothing and holding nobody up', async () => {
    const clock = new ManualClock()
    const limiter = new ThreadRateLimiter({ limit: 1, periodMs: 10, burst: 2 }, { clock, name: 'handshakes' })
    limiter.tryAcquire(3)
    const counted = new CountedSignal()
    const reason = new Error('gone')
    const aborted = limiter.acquire(3, { signal: counted.signal })
    const last = limiter.acquire().then(() => clock.now())
    counted.controller.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    await clock.runAll()
    expect(await last).toBe(10)
    expect(counted.removed).toBe(counted.added)
    await expect(limiter.acquire(1, { signal: counted.signal })).rejects.toBe(reason)
    await expect(limiter.execute(() => 1, { signal: counted.signal })).rejects.toBe(reason)
    const running = limiter.execute(() => 1, { signal: AbortSignal.abort(reason) })
    await expect(running).rejects.toBe(reason)
    expect([clock.pending, limiter.waiting]).toEqual([0, 0])
  })

  it('does not begin a wait that is known to be too long, and ends one that becomes so', async () => {
    const clock = new ManualClock()
    const limiter = new ThreadRateLimiter({ limit: 1, periodMs: 10 }, { clock, name: 'handshakes' })
    const other = new ThreadRateLimiter(limiter.buffer, { clock })
    limiter.tryAcquire()
    await expect(limiter.acquire(1, { maxWaitMs: 9 })).rejects.toBeInstanceOf(RateLimitedError)
    expect(limiter.waiting).toBe(0)
    const waiting = limiter.acquire(1, { maxWaitMs: 15 }).catch((error: unknown) => error)
    // another thread is quicker
    await clock.advance(9)
    expect(other.reserve()?.delayMs).toBe(1)
    await clock.advance(6)
    expect(await waiting).toMatchObject({ code: 'LOOP_RATE_LIMITED', retryAfterMs: 5 })
    expect(limiter.stats()).toEqual({ waiting: 0, taken: 1, refused: 2 })
    const inTime = limiter.acquire(1, { maxWaitMs: 5 })
    await clock.advance(5)
    await inTime
    expect(clock.pending).toBe(0)
  })

  it('reserves turns, and takes them back as long as nobody came later', async () => {
    const clock = new ManualClock()
    const limiter = new ThreadRateLimiter({ limit: 1, periodMs: 10 }, { clock })
    expect(limiter.reserve()?.delayMs).toBe(0)
    const [second, third] = [limiter.reserve(), limiter.reserve()]
    expect([second?.delayMs, third?.delayMs]).toEqual([10, 20])
    expect(limiter.reserve(1, { maxDelayMs: 29 })).toBeUndefined()
    expect([second?.cancel(), third?.cancel(), third?.cancel()]).toEqual([false, true, false])
    expect([limiter.retryAfterMs(), limiter.tokens]).toEqual([20, 0])
    const again = limiter.reserve(1, { maxDelayMs: 20 })
    expect(again?.delayMs).toBe(20)
    await clock.advance(20)
    expect(again?.cancel()).toBe(false)
    expect(limiter.stats()).toMatchObject({ taken: 3, refused: 1 })
    const waiting = limiter.acquire()
    await clock.settle()
    expect(limiter.reserve()).toBeUndefined()
    await clock.runAll()
    await waiting
  })

  it('bounds those who wait, and sends them away on shutdown', async () => {
    const clock = new ManualClock()
    const limiter = new ThreadRateLimiter({ limit: 1 }, { clock, maxWaiting: 1 })
    limiter.tryAcquire()
    const first = limiter.acquire().catch((error: unknown) => error)
    await clock.settle()
    await expect(limiter.acquire()).rejects.toBeInstanceOf(QueueOverflowError)
    expect(limiter.rejectWaiting('closing')).toBe(1)
    expect(await first).toBe('closing')
    expect([clock.pending, limiter.rejectWaiting('closing')]).toEqual([0, 0])
  })

  it('resolves at once, without a timer, while there are tokens', async () => {
    const clock = new ManualClock()
    const limiter = new ThreadRateLimiter({ limit: 5, burst: 4 }, { clock })
    for (let turn = 0; turn < 5; turn++) await limiter.acquire()
    expect(clock.pending).toBe(0)
    expect(limiter.retryAfterMs()).toBe(200)
  })

  it('waits on the real clock', async () => {
    const limiter = new ThreadRateLimiter({ limit: 1000 })
    const begun = systemClock.now()
    for (let turn = 0; turn < 20; turn++) await limiter.acquire()
    expect(systemClock.now() - begun).toBeGreaterThanOrEqual(18.99)
  })

  it('refuses rates and requests it cannot keep', async () => {
    for (const rate of [
      { limit: 0 },
      { limit: NaN },
      { limit: 1, periodMs: -1 },
      { limit: 1e10, periodMs: 1 },
      { limit: 1e-9, periodMs: 1000 },
      { limit: 1, burst: -1 },
      { limit: 1, burst: 1.5 },
    ]) {
      expect(() => new ThreadRateLimiter(rate)).toThrow(OptionError)
    }
    const limiter = new ThreadRateLimiter({ limit: 0.5 })
    expect(() => limiter.tryAcquire(2)).toThrow(OptionError)
    expect(() => limiter.retryAfterMs(0)).toThrow(OptionError)
    expect(() => limiter.reserve(2)).toThrow(OptionError)
    expect(() => limiter.reserve(1, { maxDelayMs: -1 })).toThrow(OptionError)
    await expect(limiter.acquire(2)).rejects.toBeInstanceOf(OptionError)
    await expect(limiter.acquire(1, { maxWaitMs: -1 })).rejects.toBeInstanceOf(OptionError)
    await expect(limiter.acquire(1, { ref: 1 as unknown as boolean })).rejects.toBeInstanceOf(OptionError)
    await expect(limiter.execute(1 as unknown as () => void)).rejects.toBeInstanceOf(OptionError)
    expect(limiter.tryAcquire()).toBe(true)
  })
})
