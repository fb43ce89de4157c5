import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { Dispatcher, attachPoster } from '../../src/dispatch/index.ts'
import { LazySignal } from '../../src/dispatch/lazy-signal.ts'
import { windowOf } from '../../src/dispatch/poster-handle.ts'
import { SharedState } from '../../src/dispatch/shared-state.ts'
import { turns, upTo } from './threads.ts'

/** A clock that is set at once, without a turn of the loop. */
class SetClock extends ManualClock {
  at = 1000

  override now(): number {
    return this.at
  }
}

describe('what a poster and its dispatcher share', () => {
  it('is seen from both sides', () => {
    const here = new SharedState()
    const there = new SharedState(here.buffer)
    expect([there.isClosing, there.isAttached, there.pendingCalls]).toEqual([false, false, 0])
    expect(there.counts).toEqual({ coalesced: 0, newest: 0, oldest: 0, overflow: 0 })
    expect([there.attach(), there.attach(), here.isAttached]).toEqual([true, false, true])
    there.pendingCalls = 3
    for (const [i, name] of (['coalesced', 'newest', 'oldest', 'overflow'] as const).entries()) {
      for (const _ of upTo(i + 1)) there.count(name)
    }
    expect([here.pendingCalls, here.counts]).toEqual([3, { coalesced: 1, newest: 2, oldest: 3, overflow: 4 }])
    here.close()
    expect(there.isClosing).toBe(true)
  })
})

describe('the window of a poster', () => {
  it.each([
    ['block', 1000, 1000],
    ['drop-newest', 1000, 1000],
    ['error', 1000, 1000],
    ['drop-oldest', 1000, 256],
    ['coalesce', 100, 50],
  ] as const)('with the policy %s and a credit of %i is %i', (overflow, credit, window) => {
    expect(windowOf({ overflow, credit, maxCalls: 1, priority: 1, transfer: false })).toBe(window)
  })
})

describe('a signal that is made when it is read', () => {
  it('is aborted by the first reason, whether it was read before or after', () => {
    const early = new LazySignal()
    const { signal } = early
    expect(signal.aborted).toBe(false)
    const late = new LazySignal()
    for (const lazy of [early, late]) {
      lazy.abort('first')
      lazy.abort('second')
    }
    expect([signal.reason, late.signal.reason, early.signal === signal]).toEqual(['first', 'first', true])
  })
})

describe('the figures of a dispatcher', () => {
  it('are those of its own loop and of all posters, past ones too', async () => {
    const dispatcher = new Dispatcher({ capacity: 4 })
    const poster = attachPoster(dispatcher.connect({ overflow: 'drop-newest', credit: 4 }))
    const past = attachPoster(dispatcher.connect({ credit: 40 }))
    dispatcher.register({ take: () => undefined, wait: () => turns(2) })
    for (const _ of upTo(33)) past.emit('take')
    await past.close()
    for (const _ of upTo(6)) {
      poster.emit('take')
      dispatcher.post(() => undefined)
    }
    poster.flush()
    expect(dispatcher.depth).toBe(8)
    expect(dispatcher.stats()).toMatchObject({
      accepted: 33 + 4 + 4,
      delivered: 33,
      depth: 8,
      dropped: { newest: 4 },
      posters: 1,
      runningCalls: 0,
    })
    // of 33 items the 16th and the 32nd looked how many were left
    expect(dispatcher.stats().maxDepth).toBe(18)
    await dispatcher.drain()
    expect(dispatcher.stats()).toMatchObject({ accepted: 41, delivered: 41, depth: 0, posters: 1 })
    const calls = [poster.call('wait', []), dispatcher.call(() => turns(2))]
    await turns(1)
    expect(dispatcher.stats().runningCalls).toBe(2)
    await Promise.all(calls)
    expect(dispatcher.stats()).toMatchObject({ runningCalls: 0, delivered: 43 })
    expect(await dispatcher.close()).toEqual({ delivered: 0, discarded: 0, rejectedCalls: 0 })
    expect(dispatcher.stats()).toMatchObject({ posters: 0, delivered: 43, dropped: { newest: 4 } })
  })

  it('tell how long functions waited, one in 64 of them, by the clock of the dispatcher', async () => {
    const clock = new SetClock()
    await using dispatcher = new Dispatcher({ clock })
    for (const _ of upTo(63)) dispatcher.post(() => undefined)
    clock.at += 100
    await dispatcher.drain()
    expect(dispatcher.stats().queueAgeP99Ms).toBe(0)
    dispatcher.post(() => undefined)
    // the next one that could be followed comes while this one is
    for (const _ of upTo(64)) dispatcher.post(() => undefined)
    clock.at += 8
    await dispatcher.drain()
    const { queueAgeP99Ms } = dispatcher.stats()
    expect(queueAgeP99Ms).toBeGreaterThanOrEqual(8)
    expect(queueAgeP99Ms).toBeLessThan(10)
  })

  it('tell how long events waited, the first of each poster and one in 64 after it', async () => {
    const clock = new SetClock()
    await using dispatcher = new Dispatcher({ clock })
    dispatcher.register({ take: () => undefined })
    const poster = attachPoster<{ take(): void }>(dispatcher.connect(), { clock })
    const waitAfter = async (events: number, ms: number): Promise<number> => {
      for (const _ of upTo(events)) poster.emit('take')
      poster.flush()
      clock.at += ms
      await dispatcher.drain()
      return dispatcher.stats().queueAgeP99Ms
    }
    const first = await waitAfter(1, 100)
    expect(first).toBeGreaterThanOrEqual(100)
    expect(first).toBeLessThan(120)
    expect(await waitAfter(63, 1000)).toBe(first)
    expect(await waitAfter(1, 500)).toBeGreaterThanOrEqual(500)
    await poster.close()
  })
})

describe('a drain', () => {
  it('waits for every source', async () => {
    await using dispatcher = new Dispatcher({ sliceMs: 0.01 })
    const counts = { own: 0, poster: 0 }
    dispatcher.register({ take: () => counts.poster++ })
    const poster = attachPoster(dispatcher.connect())
    for (const _ of upTo(600)) poster.emit('take')
    poster.flush()
    dispatcher.post(() => counts.own++)
    await dispatcher.drain()
    expect(counts).toEqual({ own: 1, poster: 600 })
    for (const _ of upTo(600)) dispatcher.post(() => counts.own++)
    poster.emit('take')
    await dispatcher.drain()
    expect(counts).toEqual({ own: 601, poster: 601 })
    expect(dispatcher.stats()).toMatchObject({ depth: 0, maxDepth: 600 })
    await poster.close()
  })

  it('waits for what waits now, not for what comes later nor for what was never sent', async () => {
    await using dispatcher = new Dispatcher()
    let ran = 0
    let isDone = false
    const again = (): void => {
      ran++
      if (!isDone) dispatcher.post(again)
    }
    dispatcher.post(again)
    attachPoster(dispatcher.connect())
    await dispatcher.drain()
    expect(ran).toBeGreaterThan(0)
    isDone = true
    await dispatcher.drain()
    await dispatcher.drain()
    expect(dispatcher.depth).toBe(0)
    await dispatcher.close({ mode: 'discard' })
  })

  it('is over although a poster always has more', async () => {
    await using dispatcher = new Dispatcher({ sliceMs: 0.1 })
    let isDone = false
    let ran = 0
    const poster = attachPoster<{ again(): void }>(dispatcher.connect())
    dispatcher.register({
      again: () => {
        ran++
        if (!isDone) poster.emit('again')
        poster.flush()
      },
    })
    poster.emit('again')
    poster.flush()
    await dispatcher.drain()
    isDone = true
    expect(ran).toBeGreaterThanOrEqual(16)
    await poster.close()
  })

  it('is over when what it waits for is given up', async () => {
    await using dispatcher = new Dispatcher()
    const controller = new AbortController()
    const call = Promise.allSettled([dispatcher.call(() => 1, { signal: controller.signal })])
    const drained = dispatcher.drain()
    controller.abort()
    await drained
    await call
    expect(dispatcher.stats()).toMatchObject({ accepted: 1, delivered: 0, dropped: { discarded: 1 } })
    const late = new Dispatcher()
    late.post(() => undefined)
    const lost = late.drain()
    await late.close({ mode: 'discard' })
    await lost
    expect(late.stats()).toMatchObject({ dropped: { discarded: 1 }, accepted: 1, delivered: 0 })
  })
})

describe('a handle', () => {
  it('says whose it is', async () => {
    await using dispatcher = new Dispatcher({ name: 'house' })
    const handle = dispatcher.connect({ name: 'meter', credit: 8 })
    expect(handle).toMatchObject({
      dispatcher: 'house',
      ownerThreadId: expect.any(Number),
      options: { name: 'meter', credit: 8, maxCalls: 1024, overflow: 'block', priority: 1, transfer: false },
    })
    expect(handle.ports).toEqual([handle.up.port, handle.down.port])
  })
})
