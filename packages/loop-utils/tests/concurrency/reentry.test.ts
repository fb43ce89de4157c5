import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { AsyncChannel, hedge, KeyedSemaphore, Singleflight } from '../../src/concurrency/index.ts'
import { all, tokenBucket } from '../../src/rate/index.ts'
import { never, rejection, settled } from '../settled.ts'

describe('a hedge', () => {
  it('makes no further attempt, and tells of none, once who is told of one has aborted it', async () => {
    const clock = new ManualClock()
    const controller = new AbortController()
    const stop = new Error('stop')
    let calls = 0
    const told: unknown[] = []
    const fn = (): Promise<never> => {
      calls++
      return never()
    }
    const onEvent = (name: string): void => {
      told.push(name)
      controller.abort(stop)
    }
    const run = rejection(hedge(fn, { afterMs: 10, max: 5, clock, signal: controller.signal, onEvent }))
    await clock.advance(100)
    expect(await run).toBe(stop)
    expect([calls, told, clock.pending]).toEqual([1, ['x:loop-utils:hedge:launch'], 0])
  })
})

describe('what is refused keeps no key', () => {
  it('in a singleflight where nobody may wait', async () => {
    const flights = new Singleflight<string, number>({ maxWaiting: 0 })
    for (const key of ['a', 'a', 'b']) {
      expect(await rejection(flights.run(key, () => 1))).toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW', capacity: 0 })
    }
    expect(flights.size).toBe(0)
    expect(flights.stats()).toMatchObject({ flights: 0, called: 0, refused: 3 })
  })

  it('in a keyed semaphore that is given something else than a signal', async () => {
    const semaphore = new KeyedSemaphore<string>(1)
    for (const signal of [null, {}, 'x']) {
      expect(await rejection(semaphore.acquire('a', { signal: signal as never }))).toMatchObject({ option: 'signal' })
    }
    expect(semaphore.size).toBe(0)
  })
})

describe('an iteration over a channel', () => {
  it('that is left while it waits takes no value from the others', async () => {
    const channel = new AsyncChannel<number>({ capacity: 1 })
    const left = channel.values()
    const kept = channel.values()
    const waiting = [left.next(), kept.next(), left.next()]
    expect(await left.return?.()).toEqual({ done: true, value: undefined })
    expect(channel.stats().waitingReceivers).toBe(1)
    expect([channel.trySend(1), channel.trySend(2)]).toEqual([true, true])
    expect(await Promise.all(waiting)).toEqual([
      { done: true, value: undefined },
      { done: false, value: 1 },
      { done: true, value: undefined },
    ])
    expect(channel.size).toBe(1)
  })
})

describe('a rate limiter', () => {
  it('still knows how long a wait is after who is told of a refusal has rejected all who wait', async () => {
    const clock = new ManualClock()
    const parts = [tokenBucket({ capacity: 1, clock }), tokenBucket({ capacity: 1, clock })] as const
    const both = all(...parts)
    const refuseAll = (): void => void both.rejectWaiting('all')
    expect(parts[0].tryAcquire()).toBe(true)
    const waiting = settled(both.acquire(1, { maxWaitMs: 1500 }))
    await clock.advance(900)
    expect(parts[1].tryAcquire()).toBe(true)
    subscribe('x:loop-utils:rate-limiter:refuse', refuseAll)
    try {
      await clock.advance(600)
    } finally {
      unsubscribe('x:loop-utils:rate-limiter:refuse', refuseAll)
    }
    expect(await waiting).toEqual({ status: 'rejected', reason: 'all' })
    await clock.advance(400)
    expect(both.tryAcquire()).toBe(true)
    expect(both.retryAfterMs()).toBe(1000)
  })
})
