import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { OptionError, QueueOverflowError, TimeoutError } from '../../src/errors/index.ts'
import { takeFromRate } from '../../src/shared/gcra-protocol.ts'
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
})

describe('ThreadRateLimiter', () => {
  it('keeps its rate for any requests at any times, and is never stricter than it must be', () => {
    const requests = fc.array(
      fc.record({ after: fc.double({ min: 0, max: 50, noNaN: true }), n: fc.integer({ min: 1, max: 3 }) }),
      {
        maxLength: 100,
      },
    )
    fc.assert(
      fc.property(requests, fc.integer({ min: 3, max: 6 }), (requests, burst) => {
        let nowMs = 5
        const clock = new ManualClock()
        const limiter = new ThreadRateLimiter(
          { limit: 1, perMs: 10, burst },
          { clock: { ...clockOf(clock), now: () => nowMs } },
        )
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
          for (let permit = 0; permit < n; permit++) times.push(nowMs)
        }
        checkRate(times, { burst, interval: 10 })
      }),
    )
  })

  it('is one limit for all that have its buffer', () => {
    const clock = new ManualClock()
    const one = new ThreadRateLimiter({ limit: 2 }, { clock })
    const two = new ThreadRateLimiter(one.buffer, { clock })
    expect([one.tryAcquire(), two.tryAcquire(), one.tryAcquire(), two.tryAcquire()]).toEqual([true, true, false, false])
    expect(two.retryAfterMs()).toBe(500)
    expect(two.retryAfterMs(2)).toBe(1000)
  })

  it('serves those who wait in their order, each at its time', async () => {
    const clock = new ManualClock()
    const limiter = new ThreadRateLimiter({ limit: 1, perMs: 10, burst: 2 }, { clock })
    const served: string[] = []
    const note = (name: string) => (): void => void served.push(`${name} at ${clock.now()}`)
    limiter.tryAcquire(2)
    const all = [
      limiter.acquire({ permits: 2 }).then(note('a')),
      limiter.acquire().then(note('b')),
      limiter.execute(note('c')),
    ]
    expect(limiter.waiting).toBe(3)
    expect(limiter.tryAcquire()).toBe(false)
    await clock.runAll()
    await Promise.all(all)
    expect(served).toEqual(['a at 20', 'b at 30', 'c at 40'])
    expect(clock.pending).toBe(0)
  })

  it('lets who gives up go at once, taking no permit and holding nobody up', async () => {
    const clock = new ManualClock()
    const limiter = new ThreadRateLimiter({ limit: 1, perMs: 10, burst: 3 }, { clock, name: 'handshakes' })
    limiter.tryAcquire(3)
    const counted = new CountedSignal()
    const reason = new Error('gone')
    const aborted = limiter.acquire({ permits: 3, signal: counted.signal })
    const timed = limiter.acquire({ permits: 3, timeoutMs: 5 })
    const last = limiter.acquire().then(() => clock.now())
    counted.controller.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    const [outcome] = await Promise.all([timed.catch((error: unknown) => error), clock.runAll()])
    expect(outcome).toBeInstanceOf(TimeoutError)
    expect(outcome).toMatchObject({ timeoutMs: 5, kind: 'total' })
    expect(await last).toBe(10)
    expect(counted.removed).toBe(counted.added)
    await expect(limiter.acquire({ signal: counted.signal })).rejects.toBe(reason)
    await expect(limiter.execute(() => 1, { signal: counted.signal })).rejects.toBe(reason)
    expect(clock.pending).toBe(0)
    expect(limiter.waiting).toBe(0)
  })

  it('bounds those who wait', async () => {
    const clock = new ManualClock()
    const limiter = new ThreadRateLimiter({ limit: 1 }, { clock, maxWaiting: 1 })
    limiter.tryAcquire()
    const first = limiter.acquire()
    await expect(limiter.acquire()).rejects.toBeInstanceOf(QueueOverflowError)
    await clock.runAll()
    await first
  })

  it('resolves at once, without a timer, while there are permits', async () => {
    const clock = new ManualClock()
    const limiter = new ThreadRateLimiter({ limit: 5 }, { clock })
    for (let turn = 0; turn < 5; turn++) await limiter.acquire()
    expect(clock.pending).toBe(0)
    expect(limiter.retryAfterMs()).toBe(200)
  })

  it('waits on the real clock', async () => {
    const limiter = new ThreadRateLimiter({ limit: 1000, burst: 1 })
    const begun = performance.now()
    for (let turn = 0; turn < 20; turn++) await limiter.acquire()
    expect(performance.now() - begun).toBeGreaterThanOrEqual(18.9)
  })

  it('refuses rates and requests it cannot keep', async () => {
    for (const rate of [
      { limit: 0 },
      { limit: NaN },
      { limit: 1, perMs: -1 },
      { limit: 1e10, perMs: 1 },
      { limit: 1e-9, perMs: 1000 },
      { limit: 1, burst: 0 },
      { limit: 1, burst: 1.5 },
    ]) {
      expect(() => new ThreadRateLimiter(rate)).toThrow(OptionError)
    }
    const limiter = new ThreadRateLimiter({ limit: 0.5 })
    expect(() => limiter.tryAcquire(2)).toThrow(OptionError)
    expect(() => limiter.retryAfterMs(0)).toThrow(OptionError)
    await expect(limiter.acquire({ permits: 2 })).rejects.toBeInstanceOf(OptionError)
    await expect(limiter.acquire({ timeoutMs: -1 })).rejects.toBeInstanceOf(OptionError)
    await expect(limiter.acquire({ ref: 1 as unknown as boolean })).rejects.toBeInstanceOf(OptionError)
    expect(limiter.tryAcquire()).toBe(true)
  })
})

function clockOf(clock: ManualClock): Pick<ManualClock, 'wall' | 'sleep' | 'setTimer'> {
  return { wall: () => clock.wall(), sleep: (ms) => clock.sleep(ms), setTimer: (fn, ms) => clock.setTimer(fn, ms) }
}
