import { threadId } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import {
  CounterRangeError,
  ThreadBreaker,
  ThreadCounter,
  ThreadLatch,
  ThreadRateLimiter,
  ThreadSemaphore,
} from '../../src/shared/index.ts'
import { rejection } from '../settled.ts'

describe('waits of a thread', () => {
  it('are served in the order in which they began, where they take something away', async () => {
    const semaphore = new ThreadSemaphore(2)
    const first = await semaphore.acquire()
    const order: string[] = []
    const both = semaphore.acquire({ permits: 2 }).then((permit) => {
      order.push('both')
      return permit
    })
    // there is a permit for this one, but another one is before it
    const one = semaphore.acquire().then((permit) => {
      order.push('one')
      return permit
    })
    await Promise.resolve()
    first.release()
    ;(await both).release()
    ;(await one).release()
    expect(order).toEqual(['both', 'one'])
    expect(semaphore.stats()).toEqual({ waiting: 0, served: 3, unserved: 0 })
  })

  it('need no place where they take nothing away and the condition holds', async () => {
    const counter = new ThreadCounter(5, { maxWaiting: 1 })
    const waiting = counter.waitFor({ atLeast: 6 })
    expect(await counter.waitFor({ atLeast: 5 })).toBe(5)
    counter.increment()
    expect(await waiting).toBe(6)
  })

  it('are counted by how they ended, and tell how long they took', async () => {
    const clock = new ManualClock({ startMs: 500 })
    const seen: unknown[] = []
    const onEvent = (name: string, data: object): unknown => seen.push([name, data])
    const latch = new ThreadLatch(1, { name: 'start', clock, onEvent })
    const controller = new AbortController()
    const aborted = rejection(latch.wait({ signal: controller.signal }))
    const late = latch.wait({ timeoutMs: 100 })
    controller.abort('enough')
    expect([await aborted, latch.stats()]).toEqual(['enough', { waiting: 1, served: 0, unserved: 1 }])
    await clock.advance(100)
    expect([await late, latch.stats()]).toEqual([false, { waiting: 0, served: 0, unserved: 2 }])
    expect(seen).toEqual([
      ['x:loop-utils:thread-wait:end', { name: 'start', isServed: false, waitedMs: 0 }],
      ['x:loop-utils:thread-wait:end', { name: 'start', isServed: false, waitedMs: 100 }],
    ])
  })
})

describe('a breaker of threads', () => {
  it('ignores calls that their callers gave up', async () => {
    const breaker = new ThreadBreaker({ failures: 1 })
    const controller = new AbortController()
    const call = rejection(breaker.execute(() => new Promise(() => {}), { signal: controller.signal }))
    controller.abort('changed my mind')
    expect(await call).toBe('changed my mind')
    expect([breaker.name, breaker.state]).toEqual(['thread circuit', 'closed'])
  })

  it('says why it refuses', async () => {
    const clock = new ManualClock()
    const breaker = new ThreadBreaker({ failures: 1, halfOpenAfterMs: 100 }, { clock })
    await rejection(breaker.execute(() => Promise.reject(new Error('down'))))
    expect(await rejection(breaker.execute(() => 1))).toMatchObject({ message: expect.stringMatching(/is open/) })
    await clock.advance(100)
    let end: (value: number) => void = () => undefined
    const probe = breaker.execute(
      () =>
        new Promise<number>((resolve) => {
          end = resolve
        }),
    )
    expect(await rejection(breaker.execute(() => 1))).toMatchObject({ message: expect.stringMatching(/is half-open/) })
    end(1)
    expect([await probe, breaker.state]).toEqual([1, 'closed'])
  })
})

describe('a rate limiter of threads', () => {
  it('gives a turn back once', () => {
    const limiter = new ThreadRateLimiter({ limit: 1 }, { clock: new ManualClock() })
    expect(limiter.tryAcquire()).toBe(true)
    const turn = limiter.reserve()
    expect([turn?.delayMs, limiter.stats().taken]).toEqual([1000, 2])
    expect([turn?.cancel(), turn?.cancel(), limiter.stats().taken]).toEqual([true, false, 1])
  })

  it('waits for nobody once it is disposed of', async () => {
    const limiter = new ThreadRateLimiter({ limit: 1 }, { name: 'ccu' })
    limiter[Symbol.dispose]()
    const message = expect.stringContaining('ccu was disposed of') as string
    expect(await rejection(limiter.execute(() => 1))).toMatchObject({ message })
    expect(await rejection(limiter.acquire())).toMatchObject({ message })
    expect([limiter.tryAcquire(), limiter.reserve()]).toEqual([false, undefined])
  })

  it('needs no place for a token that is there', async () => {
    const limiter = new ThreadRateLimiter({ limit: 1 }, { maxWaiting: 0, clock: new ManualClock() })
    await limiter.acquire()
    expect(await rejection(limiter.acquire())).toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW' })
  })
})

describe('what is refused is named', () => {
  it.each<[string, () => unknown]>([
    ['source', () => new ThreadBreaker(null as never)],
    ['halfOpen', () => new ThreadBreaker({ halfOpen: 5 as never })],
    ['source', () => new ThreadRateLimiter(null as never)],
    ['limit', () => new ThreadRateLimiter({ limit: 'many' as never })],
  ])('%s', (option, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })

  it.each<[string, string, () => Promise<unknown>]>([
    ['ref', 'true or false', () => new ThreadLatch(1).wait({ ref: 'no' as never })],
    ['fn', 'a function', () => new ThreadBreaker().execute(5 as never)],
    ['fn', 'a function', () => new ThreadRateLimiter({ limit: 1 }).execute(5 as never)],
    ['fn', 'a function', () => new ThreadSemaphore(1).run(5 as never)],
    ['atMost', 'at least atLeast (2)', () => new ThreadCounter().waitFor({ atLeast: 2, atMost: 1 })],
  ])('%s: %s', async (option, expected, run) => {
    expect(await rejection(run())).toMatchObject({ option, expected: expect.stringContaining(expected) as string })
  })

  it('by the counter that cannot take it, and by what must not be reclaimed', () => {
    expect(() => new ThreadCounter(Number.MAX_SAFE_INTEGER, { name: 'litres' }).increment()).toThrow(
      expect.objectContaining({ name: 'CounterRangeError', counter: 'litres', delta: 1 }),
    )
    expect(new CounterRangeError('a', 1).name).toBe('CounterRangeError')
    expect(() => new ThreadSemaphore(1).reclaim(threadId)).toThrow(/reclaim permits.*their thread runs/)
  })
})
