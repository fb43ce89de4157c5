import { describe, expect, it } from 'vitest'
import { exponential, sequence, type Backoff } from '../../src/backoff/index.ts'
import { consecutive, countWindow, type BreakerOptions, type CircuitBreaker } from '../../src/breaker/index.ts'
import type { ManualClock } from '../../src/clock/index.ts'
import { driven, fail, permitOf, succeed } from './driven.ts'

async function halfOpen(options: BreakerOptions = {}): Promise<{ breaker: CircuitBreaker; clock: ManualClock }> {
  const made = driven({ trip: consecutive(1), halfOpenAfterMs: 1000, ...options })
  fail(made.breaker)
  await made.clock.advance(1000)
  return made
}

describe('a half-open circuit', () => {
  it('admits as many probes at once as it may', async () => {
    const { breaker } = await halfOpen({ halfOpen: { probes: 3 } })
    const probes = [permitOf(breaker), permitOf(breaker), permitOf(breaker)]
    expect(breaker.tryAcquire()).toBeNull()
    expect(breaker.retryAfterMs()).toBe(0)
    probes[1]?.ignore()
    expect(breaker.tryAcquire()).not.toBeNull()
    expect(breaker.stats()).toMatchObject({ probes: 4, rejected: 1 })
  })

  it('closes after enough successes', async () => {
    const { breaker } = await halfOpen({ halfOpen: { successes: 3 } })
    succeed(breaker, 2)
    expect(breaker.state).toBe('half-open')
    succeed(breaker)
    expect(breaker.state).toBe('closed')
  })

  it('opens again at the first failure, and takes no notice of the other probes', async () => {
    const { breaker } = await halfOpen({ halfOpen: { probes: 2, successes: 2 } })
    const [first, second] = [permitOf(breaker), permitOf(breaker)]
    first.failure()
    expect(breaker.state).toBe('open')
    second.success()
    expect(breaker.stats()).toMatchObject({ lateSettlements: 1, opened: 2 })
  })

  it('counts from nothing once it has closed', async () => {
    const { breaker } = await halfOpen({ trip: countWindow({ size: 2, failureRate: 1, minCalls: 1 }) })
    succeed(breaker)
    expect(breaker.state).toBe('closed')
    succeed(breaker)
    fail(breaker)
    expect(breaker.state).toBe('closed')
  })

  it('gives the place of a hung probe to another, and still hears what it brings', async () => {
    const { breaker, clock } = await halfOpen({ halfOpen: { maxWaitMs: 200, successes: 2 } })
    const hung = permitOf(breaker)
    await clock.advance(199)
    expect(breaker.tryAcquire()).toBeNull()
    await clock.advance(1)
    const next = permitOf(breaker)
    expect(breaker.tryAcquire()).toBeNull()
    expect(breaker.stats().hungProbes).toBe(1)
    hung.success()
    expect(breaker.tryAcquire()).toBeNull()
    next.success()
    expect(breaker.state).toBe('closed')
  })

  it('takes a slow probe for a failed one if slow calls open it', async () => {
    const slow = await halfOpen({ trip: countWindow({ size: 1, failureRate: 1, slowRate: 1 }), slowCallMs: 50 })
    permitOf(slow.breaker).success(51)
    expect(slow.breaker.state).toBe('open')
    const indifferent = await halfOpen({ slowCallMs: 50 })
    permitOf(indifferent.breaker).success(51)
    expect(indifferent.breaker.state).toBe('closed')
    expect(indifferent.breaker.stats().slow).toBe(1)
  })
})

describe('the ramp of a half-open circuit', () => {
  it('admits growing shares before it closes', async () => {
    const { breaker } = await halfOpen({ halfOpen: { ramp: [0.1, 0.5], rampSuccesses: 5 } })
    succeed(breaker)
    expect(breaker.state).toBe('half-open')
    const admitted = (calls: number): number => {
      let count = 0
      for (let call = 0; call < calls; call++) {
        const permit = breaker.tryAcquire()
        if (permit === null) continue
        permit.success()
        count++
      }
      return count
    }
    // every tenth, the first at once: the fifth success ends the stage
    expect(admitted(41)).toBe(5)
    expect(admitted(8)).toBe(4)
    expect(breaker.state).toBe('half-open')
    expect(admitted(1)).toBe(1)
    expect(breaker.state).toBe('closed')
  })

  it('bounds no number of calls at once, and opens at a failure', async () => {
    const { breaker } = await halfOpen({ halfOpen: { ramp: [1] } })
    succeed(breaker)
    const permits = Array.from({ length: 50 }, () => permitOf(breaker))
    permits[0]?.success()
    permits[1]?.failure()
    expect(breaker.state).toBe('open')
    for (const permit of permits.slice(2)) permit.success()
    expect(breaker.stats().lateSettlements).toBe(48)
  })

  it.each([0.05, 0.1, 0.25, 1 / 3, 0.7, 0.99, 1])('admits of any n calls %f × n, rounded up', async (share) => {
    const { breaker } = await halfOpen({ halfOpen: { ramp: [share], rampSuccesses: 1e9 } })
    succeed(breaker)
    let admitted = 0
    for (let calls = 1; calls <= 1000; calls++) {
      const permit = breaker.tryAcquire()
      permit?.ignore()
      if (permit !== null) admitted++
      expect(Math.abs(admitted - calls * share)).toBeLessThanOrEqual(1 + 1e-9)
    }
  })
})

describe('the open time', () => {
  async function openTimes(halfOpenAfterMs: number | Backoff, trips: number): Promise<number[]> {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs, random: () => 0.5 })
    const times: number[] = []
    for (let trip = 0; trip < trips; trip++) {
      fail(breaker)
      times.push(breaker.retryAfterMs())
      await clock.advance(breaker.retryAfterMs())
    }
    return times
  }

  it('is the same each time', async () => {
    expect(await openTimes(300, 3)).toEqual([300, 300, 300])
  })

  it('grows by a backoff while probes fail', async () => {
    expect(await openTimes(exponential({ initialDelayMs: 100, maxDelayMs: 500 }), 5)).toEqual([100, 200, 400, 500, 500])
  })

  it('stays at the last delay of a sequence that ends', async () => {
    expect(await openTimes(sequence([10, 20]), 4)).toEqual([10, 20, 20, 20])
  })

  it('is the last good one when a home-made backoff gives no duration', async () => {
    const bad: Backoff = { delays: () => [10, Number.NaN, -1, Infinity, 30][Symbol.iterator]() }
    expect(await openTimes(bad, 6)).toEqual([10, 10, 10, 10, 30, 30])
  })

  it('is what was found at the construction when a home-made backoff never gives another', () => {
    const moody: Backoff = { delays: (random = Math.random) => [random() === 0.5 ? 15 : Number.NaN][Symbol.iterator]() }
    const { breaker } = driven({ trip: consecutive(1), halfOpenAfterMs: moody, random: () => 0.1 })
    fail(breaker)
    expect(breaker.retryAfterMs()).toBe(15)
  })

  it('is the first again after the circuit has closed', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: sequence([10, 20, 40]) })
    fail(breaker)
    await clock.advance(10)
    fail(breaker)
    expect(breaker.retryAfterMs()).toBe(20)
    await clock.advance(20)
    succeed(breaker)
    fail(breaker)
    expect(breaker.retryAfterMs()).toBe(10)
  })
})
