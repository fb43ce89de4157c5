import { getEventListeners } from 'node:events'
import { performance } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { exponential } from '../../src/backoff/index.ts'
import { CircuitBreaker, consecutive, timeWindow } from '../../src/breaker/index.ts'
import { systemClock, type Clock } from '../../src/clock/index.ts'
import { never, rejection } from '../settled.ts'
import { driven, fail, permitOf, succeed } from './driven.ts'

/** Twenty calls at once: how many were made, and whether ever more were under way than had gone well before. */
class Flood {
  made = 0
  isThundering = false
  #atOnce = 0
  #done = 0

  readonly call = async (): Promise<void> => {
    this.made++
    if (++this.#atOnce > Math.max(1, this.#done)) this.isThundering = true
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.#atOnce--
    this.#done++
  }

  run(breaker: CircuitBreaker): Promise<PromiseSettledResult<void>[]> {
    return Promise.allSettled(Array.from({ length: 20 }, () => breaker.execute(this.call)))
  }
}

/** What other libraries were seen to get wrong. */
describe('what peers get wrong', () => {
  it('a time window does not count failures that are an hour old', async () => {
    const { breaker, clock } = driven({ trip: timeWindow({ windowMs: 5000, failureRate: 0.5, minCalls: 3 }) })
    const permits = Array.from({ length: 22 }, () => permitOf(breaker))
    for (const [index, permit] of permits.entries()) {
      if (index >= 12) permit.failure()
      else permit.success()
    }
    expect(breaker.state).toBe('closed')
    await clock.advance(3_600_000)
    succeed(breaker, 4)
    fail(breaker, 3)
    // three of seven are fewer than half; with the old ones it would be 13 of 29
    expect(breaker.state).toBe('closed')
    fail(breaker)
    expect(breaker.state).toBe('open')
  })

  it('a lone failure after an hour of silence meets an empty window', async () => {
    const { breaker, clock } = driven({ trip: timeWindow({ windowMs: 5000, failureRate: 0.5, minCalls: 5 }) })
    fail(breaker, 4)
    await clock.advance(3_600_000)
    fail(breaker)
    expect(breaker.state).toBe('closed')
  })

  it('a wall clock that is set back an hour does not keep the circuit open', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 50 })
    fail(breaker)
    clock.jumpWall(-3_600_000)
    await clock.advance(50)
    expect(breaker.state).toBe('half-open')
  })

  it('the wall clock is never read', async () => {
    const clock: Clock = {
      ...systemClock,
      wall: () => {
        throw new Error('read the wall clock')
      },
    }
    const breaker = new CircuitBreaker({
      clock,
      trip: timeWindow({ windowMs: 5, failureRate: 1, minCalls: 1 }),
      halfOpenAfterMs: 0,
    })
    await rejection(breaker.execute(() => Promise.reject(new Error('down'))))
    await breaker.execute(() => 1)
    expect(breaker.stats()).toMatchObject({ state: 'closed', opened: 1 })
    expect(breaker.snapshot().state).toBe('closed')
  })

  it('of 20 calls at a half-open circuit one is made and 19 are refused', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 50 })
    fail(breaker)
    await clock.advance(50)
    const flood = new Flood()
    const results = await flood.run(breaker)
    expect(flood.made).toBe(1)
    expect(results.filter((result) => result.status === 'rejected')).toHaveLength(19)
    expect(breaker.state).toBe('closed')
  })

  it('20 calls that wait for a half-open circuit do not all fall upon a peer that has just recovered', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 50, whenHalfOpen: 'wait' })
    fail(breaker)
    await clock.advance(50)
    const flood = new Flood()
    await flood.run(breaker)
    expect(flood.made).toBe(20)
    expect(flood.isThundering).toBe(false)
  })

  it('the open time re-arms: after a failed probe all calls are refused again', async () => {
    const { breaker, clock } = driven({ trip: consecutive(5), halfOpenAfterMs: 60_000 })
    fail(breaker, 5)
    await clock.advance(60_000)
    fail(breaker)
    expect(breaker.tryAcquire()).toBeNull()
    expect(breaker.retryAfterMs()).toBe(60_000)
    await clock.advance(59_999)
    expect(breaker.tryAcquire()).toBeNull()
  })

  it('the state is half-open as soon as the time has passed, with no call and no timer', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 50 })
    fail(breaker)
    expect(clock.pending).toBe(0)
    await clock.advance(50)
    expect(breaker.state).toBe('half-open')
  })

  it('a loop that was blocked for longer than the open time finds the circuit half-open at once', () => {
    const breaker = new CircuitBreaker({ trip: consecutive(1), halfOpenAfterMs: 20 })
    fail(breaker)
    const until = performance.now() + 25
    while (performance.now() < until);
    expect(breaker.state).toBe('half-open')
    expect(breaker.tryAcquire()).not.toBeNull()
  })

  it('failures that come while it is half-open do not lose its state', async () => {
    const { breaker, clock } = driven({ trip: consecutive(2), halfOpenAfterMs: 50 })
    const old = Array.from({ length: 10 }, () => permitOf(breaker))
    fail(breaker, 2)
    await clock.advance(50)
    const probe = permitOf(breaker)
    for (const permit of old) permit.failure()
    expect(breaker.state).toBe('half-open')
    expect(breaker.tryAcquire()).toBeNull()
    probe.success()
    expect(breaker.state).toBe('closed')
  })

  it('a probe that never returns does not keep it half-open for ever', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 50 })
    fail(breaker)
    await clock.advance(50)
    void breaker.execute(never)
    expect(breaker.tryAcquire()).toBeNull()
    await clock.advance(60_000)
    succeed(breaker)
    expect(breaker.state).toBe('closed')
  })

  it('several successes may be asked for', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 50, halfOpen: { successes: 2 } })
    fail(breaker)
    await clock.advance(50)
    succeed(breaker)
    expect(breaker.state).toBe('half-open')
    succeed(breaker)
    expect(breaker.state).toBe('closed')
  })

  it('the abort of one call leaves the others alone, and the breaker usable', async () => {
    const { breaker } = driven()
    const controller = new AbortController()
    const aborted = rejection(breaker.execute(never, { signal: controller.signal }))
    let isOtherAborted = false
    const other = breaker.execute(async ({ signal }) => {
      await aborted
      isOtherAborted = signal.aborted
      return 'done'
    })
    controller.abort('just this one')
    expect(await aborted).toBe('just this one')
    expect(await other).toBe('done')
    expect(isOtherAborted).toBe(false)
    expect(await breaker.execute(({ signal }) => signal.aborted)).toBe(false)
  })

  it('an abort keeps its reason and is neither a timeout nor a failure', async () => {
    const { breaker } = driven({ trip: consecutive(1) })
    const reason = new Error('user left')
    const controller = new AbortController()
    const call = rejection(breaker.execute(never, { signal: controller.signal }))
    controller.abort(reason)
    expect(await call).toBe(reason)
    expect(breaker.state).toBe('closed')
  })

  it('a thousand calls on one signal leave no listener', async () => {
    const { breaker } = driven()
    const { signal } = new AbortController()
    for (let call = 0; call < 1000; call++) await breaker.execute(() => Promise.resolve(call), { signal })
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('a growing open time stays a number after 100 000 trips', () => {
    const { breaker } = driven({
      trip: consecutive(1),
      halfOpenAfterMs: exponential({ initialDelayMs: 1e-9, maxDelayMs: 60_000, jitter: 'full' }),
      random: () => 0,
    })
    for (let trip = 0; trip < 100_000; trip++) fail(breaker)
    expect(breaker.stats().opened).toBe(100_000)
    const late = driven({
      trip: consecutive(1),
      halfOpenAfterMs: exponential({ maxDelayMs: 60_000, jitter: { ratio: 0.1 } }),
    })
    for (let trip = 0; trip < 1000; trip++) {
      late.breaker.reset()
      fail(late.breaker)
      expect(late.breaker.retryAfterMs()).toBeGreaterThan(0)
      expect(late.breaker.retryAfterMs()).toBeLessThanOrEqual(60_000)
    }
  })

  it('a snapshot is no window into the breaker', () => {
    const { breaker } = driven({ trip: timeWindow({ windowMs: 100, failureRate: 1, minCalls: 9 }) })
    fail(breaker)
    const snapshot = breaker.snapshot() as { trip: { buckets?: { calls: number }[] } }
    for (const bucket of snapshot.trip.buckets ?? []) bucket.calls = 1000
    expect(breaker.snapshot().trip).toMatchObject({ buckets: [{ calls: 1 }] })
  })

  it('what is thrown is not made into something else', async () => {
    const { breaker } = driven()
    const thrown = { status: 503 }
    expect(await rejection(breaker.execute(() => Promise.reject(thrown)))).toBe(thrown)
  })

  it('a promise in place of a function is refused and does not count', async () => {
    const { breaker } = driven({ trip: consecutive(1) })
    expect(await rejection(breaker.execute(Promise.resolve() as never))).toMatchObject({ code: 'LOOP_OPTION' })
    expect(breaker.state).toBe('closed')
  })
})
