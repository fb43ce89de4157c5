import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import {
  ThreadBreaker,
  ThreadCounter,
  ThreadLatch,
  ThreadRateLimiter,
  ThreadSemaphore,
} from '../../src/shared/index.ts'
import { rejection } from '../settled.ts'

describe('a wrong value is named, with what to give', () => {
  it.each<[string, string, () => unknown]>([
    ['value', 'an integer', () => new ThreadCounter(0.5)],
    ['delta', 'an integer', () => new ThreadCounter().add(0.5)],
    ['expected', 'an integer', () => new ThreadCounter().compareAndSet(0.5, 1)],
    ['value', 'an integer', () => new ThreadCounter().compareAndSet(0, 0.5)],
    ['count', 'an integer from 0 to 2147483647', () => new ThreadLatch(-1)],
    ['n', 'an integer of at least 1', () => new ThreadLatch(1).countDown(0)],
    ['capacity', 'an integer from 1 to 2147483647', () => new ThreadSemaphore(0)],
    ['maxThreads', 'an integer from 1 to 65536', () => new ThreadSemaphore(1, { maxThreads: 0 })],
    ['maxThreads', 'an integer from 1 to 65536', () => new ThreadSemaphore(1, { maxThreads: 65_537 })],
    ['permits', 'an integer from 1 to 2', () => new ThreadSemaphore(2).tryAcquire(3)],
    ['deadThreadId', 'an integer from 0 to 2147483646', () => new ThreadSemaphore(2).reclaim(-1)],
    ['limit', 'a number', () => new ThreadRateLimiter({ limit: NaN })],
    ['periodMs', 'milliseconds', () => new ThreadRateLimiter({ limit: 1, periodMs: -1 })],
    ['burst', 'an integer', () => new ThreadRateLimiter({ limit: 1, burst: -1 })],
    ['n', 'an integer from 1', () => new ThreadRateLimiter({ limit: 1 }).tryAcquire(0)],
    ['maxDelayMs', 'milliseconds', () => new ThreadRateLimiter({ limit: 1 }).reserve(1, { maxDelayMs: -1 })],
    ['failures', 'an integer from 1', () => new ThreadBreaker({ failures: 0 })],
    ['halfOpenAfterMs', 'milliseconds', () => new ThreadBreaker({ halfOpenAfterMs: -1 })],
    ['halfOpen.successes', 'an integer of at least 1', () => new ThreadBreaker({ halfOpen: { successes: 0 } })],
  ])('%s: %s', (option, expected, make) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option, expected: expect.stringContaining(expected) as string }),
    )
  })

  it.each<[string, () => Promise<unknown>]>([
    ['maxWaitMs', () => new ThreadRateLimiter({ limit: 1 }).acquire(1, { maxWaitMs: -1 })],
    ['condition', () => new ThreadCounter().waitFor({})],
    ['atLeast', () => new ThreadCounter().waitFor({ atLeast: 0.5 })],
    ['atMost', () => new ThreadCounter().waitFor({ atMost: 0.5 })],
    ['atMost', () => new ThreadCounter().waitFor({ atLeast: 2, atMost: 1 })],
    ['permits', () => new ThreadSemaphore(1).acquire({ permits: 2 })],
  ])('%s of a wait', async (option, wait) => {
    expect(await rejection(wait())).toMatchObject({ code: 'LOOP_OPTION', option })
  })
})

describe('a counter', () => {
  it('is as it was when nothing is added, and wakes nobody', async () => {
    const counter = new ThreadCounter(5)
    expect([counter.add(0), counter.value]).toEqual([5, 5])
    expect([counter.compareAndSet(4, 9), counter.value]).toEqual([false, 5])
    expect([counter.compareAndSet(5, 9), counter.value]).toEqual([true, 9])
    expect(await counter.waitFor({ atLeast: 9, atMost: 9 })).toBe(9)
  })
})

/** What is published by a channel while `run` runs. */
async function published(name: string, run: () => Promise<unknown>): Promise<unknown[]> {
  const messages: unknown[] = []
  const take = (message: unknown): void => void messages.push(message)
  subscribe(name, take)
  try {
    await run()
  } finally {
    unsubscribe(name, take)
  }
  return messages
}

describe('what is refused is published', () => {
  it('by a breaker of threads', async () => {
    const clock = new ManualClock()
    const breaker = new ThreadBreaker({ failures: 1, halfOpenAfterMs: 100 }, { name: 'ccu', clock })
    const messages = await published('x:loop-utils:thread-breaker:reject', async () => {
      await rejection(breaker.execute(() => Promise.reject(new Error('down'))))
      expect(await rejection(breaker.execute(() => 1))).toMatchObject({ code: 'LOOP_CIRCUIT_OPEN' })
    })
    expect(messages).toEqual([{ name: 'ccu', state: 'open', retryAfterMs: 100 }])
  })

  it('by a rate limiter of threads', async () => {
    const clock = new ManualClock()
    const limiter = new ThreadRateLimiter({ limit: 1, periodMs: 1000 }, { name: 'ccu', clock })
    const messages = await published('x:loop-utils:rate-limiter:refuse', async () => {
      await limiter.acquire()
      expect(await rejection(limiter.acquire(1, { maxWaitMs: 10 }))).toMatchObject({ code: 'LOOP_RATE_LIMITED' })
    })
    expect(messages).toEqual([{ limiter: 'ccu', n: 1, waiting: 0, retryAfterMs: 1000 }])
  })
})
