import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { constant } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { OptionError, QueueOverflowError, TimeoutError } from '../../src/errors/index.ts'
import { adaptive, AdaptiveRate, isOverloadError, RateLimitedError, RetryBudget } from '../../src/rate/index.ts'
import { retry } from '../../src/retry/index.ts'
import { rejection } from '../settled.ts'

describe('AdaptiveRate', () => {
  it('admits everything before the first overload, and at once', async () => {
    const clock = new ManualClock()
    const rate = new AdaptiveRate({ clock })
    for (let attempt = 0; attempt < 1000; attempt++) {
      expect(rate.tryAcquire()).toBe(true)
      await rate.acquire()
      rate.onSuccess()
      rate.onFailure(new Error('not found'))
    }
    expect(rate.rate).toBe(Infinity)
    expect(clock.pending).toBe(0)
  })

  it('falls to 0.7 of the rate at which it met an overload', async () => {
    const clock = new ManualClock()
    const rate = new AdaptiveRate({ clock })
    // 20 a second for 5 seconds
    for (let attempt = 0; attempt < 100; attempt++) {
      expect(rate.tryAcquire()).toBe(true)
      rate.onSuccess()
      await clock.advance(50)
    }
    rate.onFailure(new RateLimitedError('peer', 100))
    expect(rate.rate).toBeGreaterThan(0.7 * 19)
    expect(rate.rate).toBeLessThan(0.7 * 23)
  })

  it('finds the rate that its peer bears and stays near it', async () => {
    const clock = new ManualClock()
    const bears = 50
    const rate = new AdaptiveRate({ clock })
    // the peer admits so many in each second by the wall
    let [second, inSecond, refused] = [0, 0, 0]
    const served: number[] = []
    const ask = (): void => {
      const now = Math.floor(clock.now() / 1000)
      if (now !== second) {
        served.push(Math.min(inSecond, bears))
        second = now
        inSecond = 0
      }
      if (++inSecond > bears) {
        refused++
        rate.onFailure(Object.assign(new Error('too many'), { status: 429 }))
      } else {
        rate.onSuccess()
      }
    }
    const client = async (): Promise<void> => {
      while (clock.now() < 60_000) {
        await rate.acquire()
        ask()
        await clock.sleep(1)
      }
    }
    const clients = Promise.all(Array.from({ length: 4 }, client))
    await clock.advance(60_000)
    const early = refused
    await clock.runAll()
    await clients
    const late = served.slice(20)
    const mean = late.reduce((sum, count) => sum + count, 0) / late.length
    expect(mean).toBeGreaterThan(bears * 0.6)
    // without it, four clients would be refused some thousands of times each second
    expect(early).toBeLessThan(2000)
    expect([clock.pending, rate.waiting]).toEqual([0, 0])
  })

  it('grows again slowly up to the rate that was too much, and faster beyond it, within its bounds', async () => {
    const clock = new ManualClock()
    const rate = new AdaptiveRate({ clock, maxRate: 200 })
    for (let attempt = 0; attempt < 200; attempt++) {
      rate.tryAcquire()
      await clock.advance(10)
    }
    rate.onFailure(new RateLimitedError('peer', 100))
    const rates: number[] = []
    for (let step = 0; step < 150; step++) {
      for (let attempt = 0; attempt < 200; attempt++) rate.tryAcquire()
      rate.onSuccess()
      rates.push(rate.rate)
      await clock.advance(100)
    }
    const gained = rates.map((value, index) => value - (rates[index - 1] ?? value))
    expect(Math.min(...gained)).toBeGreaterThanOrEqual(0)
    // fastest at first, nearly none at the plateau, then fast again up to the bound
    const plateau = rates.findIndex((value) => value > 95)
    expect(gained[2]).toBeGreaterThan((gained[plateau] ?? 0) * 2)
    expect(rates.at(-1)).toBe(200)
    for (let overload = 0; overload < 50; overload++) {
      rate.onFailure(new RateLimitedError('peer', 100))
      await clock.advance(500)
    }
    expect(rate.rate).toBe(0.5)
  })

  it('takes overloads that come close together for one', async () => {
    const clock = new ManualClock()
    const rate = new AdaptiveRate({ clock })
    for (let attempt = 0; attempt < 100; attempt++) rate.tryAcquire()
    for (let overload = 0; overload < 30; overload++) rate.onFailure(new RateLimitedError('peer', 100))
    expect(rate.rate).toBe(140)
  })

  it('does not grow beyond what is made use of', async () => {
    const clock = new ManualClock()
    const rate = new AdaptiveRate({ clock })
    for (let attempt = 0; attempt < 100; attempt++) {
      rate.tryAcquire()
      await clock.advance(10)
    }
    rate.onFailure(new RateLimitedError('peer', 100))
    const before = rate.rate
    for (let second = 0; second < 60; second++) {
      await clock.advance(1000)
      rate.tryAcquire()
      rate.onSuccess()
    }
    expect(rate.rate).toBe(before)
  })

  it('lets attempts wait in order; an abort ends the wait', async () => {
    const clock = new ManualClock()
    const rate = new AdaptiveRate({ clock, minRate: 1 })
    rate.onFailure(new RateLimitedError('peer', 100))
    expect(rate.rate).toBe(1)
    rate.tryAcquire()
    expect(rate.tryAcquire()).toBe(false)
    const controller = new AbortController()
    const aborted = rejection(rate.acquire(1, { signal: controller.signal }))
    const order: number[] = []
    const waits = [1, 2].map((name) => rate.acquire().then(() => order.push(name)))
    expect(rate.waiting).toBe(3)
    controller.abort('enough')
    expect(await aborted).toBe('enough')
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    await clock.runAll()
    await Promise.all(waits)
    expect(order).toEqual([1, 2])
    expect(clock.now()).toBe(2000)
    const closed = rejection(rate.acquire())
    expect(rate.rejectWaiting('closing')).toBe(1)
    expect(await closed).toBe('closing')
    expect(await rejection(rate.acquire(1, { signal: controller.signal }))).toBe('enough')
    expect(clock.pending).toBe(0)
  })

  it('serves those who wait sooner when the rate grows', async () => {
    const clock = new ManualClock()
    const rate = new AdaptiveRate({ clock })
    rate.tryAcquire()
    rate.onFailure(new RateLimitedError('peer', 100))
    expect(rate.rate).toBeCloseTo(1.4)
    expect(rate.tryAcquire()).toBe(true)
    let servedAt = 0
    const wait = rate.acquire().then(() => {
      servedAt = clock.now()
    })
    await clock.advance(400)
    rate.onSuccess()
    expect(rate.rate).toBeGreaterThan(1.8)
    await clock.runAll()
    await wait
    // 714 ms at the lower rate
    expect(servedAt).toBeGreaterThan(600)
    expect(servedAt).toBeLessThan(660)
  })
})

describe('adaptive', () => {
  it('gives a retry its budget and limiter, of its own or as given', () => {
    const clock = new ManualClock()
    const own = adaptive({ clock })
    expect(own.budget).toBeInstanceOf(RetryBudget)
    expect(own.limiter).toBeInstanceOf(AdaptiveRate)
    const budget = new RetryBudget({ clock })
    expect(adaptive({ budget, clock }).budget).toBe(budget)
  })

  it('slows the attempts of a retry, and stops them when the budget is empty', async () => {
    const clock = new ManualClock()
    const budget = new RetryBudget({ capacity: 3, ratio: 0, minPerSecond: 0, clock })
    const adapted = adaptive({ budget, minRate: 1, maxRate: 1, clock })
    const options = { ...adapted, maxAttempts: 10, backoff: constant(1), clock }
    const times: number[] = []
    const call = rejection(
      retry(() => {
        times.push(clock.now())
        return Promise.reject(Object.assign(new Error('slow down'), { status: 429 }))
      }, options),
    )
    await clock.runAll()
    expect(await call).toMatchObject({ code: 'LOOP_RETRY_EXHAUSTED', attempts: 4, limit: 'budget' })
    expect(times).toHaveLength(4)
    // the first overload leaves one attempt a second
    expect((times[3] ?? 0) - (times[1] ?? 0)).toBeGreaterThanOrEqual(1999)
    expect([budget.tokens, clock.pending, adapted.limiter.waiting]).toEqual([0, 0, 0])
  })

  it('refuses wrong options', () => {
    expect(() => adaptive({ minRate: 0 })).toThrow(OptionError)
    expect(() => adaptive({ minRate: 2, maxRate: 1 })).toThrow('maxRate')
    expect(() => adaptive({ budget: {} as RetryBudget })).toThrow('option budget is an object; give a RetryBudget')
    expect(() => adaptive({ isOverload: 1 as never })).toThrow('isOverload')
  })
})

describe('isOverloadError', () => {
  it.each([
    [new TimeoutError(1, 'attempt'), true],
    [new RateLimitedError('peer', 1), true],
    [new QueueOverflowError({ queue: 'q', capacity: 1 }), true],
    [Object.assign(new Error('x'), { status: 429 }), true],
    [Object.assign(new Error('x'), { statusCode: 503 }), true],
    [Object.assign(new Error('x'), { name: 'ThrottlingException' }), true],
    [{ code: 'ETIMEDOUT' }, true],
    [new Error('wrapped', { cause: { status: 503 } }), true],
    [Object.assign(new Error('x'), { status: 500 }), false],
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), false],
    [new Error('plain'), false],
    [undefined, false],
    ['ETIMEDOUT', false],
  ])('judges %o', (error, expected) => {
    expect(isOverloadError(error)).toBe(expected)
  })

  it('ends with a chain of causes that does not', () => {
    const error: { cause?: unknown } = {}
    error.cause = error
    expect(isOverloadError(error)).toBe(false)
  })
})
