import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { Dispatcher, attachPoster } from '../../src/dispatch/index.ts'
import { rejection } from '../settled.ts'
import { turns, upTo } from './threads.ts'

describe('close', () => {
  it('delivers what this loop posted, answers its calls, and then takes nothing', async () => {
    const dispatcher = new Dispatcher({ name: 'house' })
    const got: number[] = []
    for (const i of upTo(100)) dispatcher.post((value: number) => got.push(value), i)
    const answer = dispatcher.call(async () => {
      await turns(5)
      return 'answer'
    })
    const closing = dispatcher.close()
    expect(dispatcher.close()).toBe(closing)
    expect(dispatcher.isClosed).toBe(true)
    expect(dispatcher.post(() => undefined)).toBe(false)
    await expect(dispatcher.call(() => 1)).rejects.toMatchObject({
      code: 'LOOP_DISPATCHER_CLOSED',
      dispatcher: 'house',
    })
    expect(() => dispatcher.connect()).toThrow(expect.objectContaining({ code: 'LOOP_DISPATCHER_CLOSED' }))
    expect(await closing).toEqual({ delivered: 101, discarded: 0, rejectedCalls: 0 })
    expect(got).toEqual(upTo(100))
    expect(await answer).toBe('answer')
  })

  it('gives up what waits when told to, and reports it', async () => {
    const dispatcher = new Dispatcher()
    let ran = 0
    for (const _ of upTo(10)) dispatcher.post(() => ran++)
    const waiting = dispatcher.call(() => ran++)
    const poster = attachPoster<{ take(): void }>(dispatcher.connect())
    dispatcher.register({ take: () => ran++ })
    for (const _ of upTo(5)) poster.emit('take')
    const posted = poster.call('take', [])
    poster.flush()
    const report = await dispatcher.close({ mode: 'discard' })
    await expect(waiting).rejects.toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED' })
    await expect(posted).rejects.toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED' })
    expect(report).toEqual({ delivered: 0, discarded: 17, rejectedCalls: 2 })
    expect(ran).toBe(0)
    expect(poster.isOpen).toBe(false)
    expect(poster.emit('take')).toBe(false)
    await expect(poster.post('take')).rejects.toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED' })
    await poster.close()
  })

  it('rejects a call that runs when it gives up, and its function sees the caller gone', async () => {
    const dispatcher = new Dispatcher()
    const own = dispatcher.call(() => new Promise(() => undefined))
    let signal: AbortSignal | undefined
    dispatcher.register({
      never: () => {
        signal = dispatcher.callSignal
        return new Promise(() => undefined)
      },
    })
    const poster = attachPoster(dispatcher.connect())
    const remote = poster.call('never', [])
    await turns()
    expect(dispatcher.stats().runningCalls).toBe(2)
    const report = await dispatcher.close({ deadlineMs: 20 })
    expect(report).toEqual({ delivered: 0, discarded: 0, rejectedCalls: 2 })
    await expect(own).rejects.toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED' })
    await expect(remote).rejects.toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED' })
    expect(signal?.aborted).toBe(true)
  })

  it('drains without end when told to', async () => {
    const clock = new ManualClock()
    const dispatcher = new Dispatcher({ clock })
    const answer = dispatcher.call(() => turns(20))
    const closing = dispatcher.close({ deadlineMs: Number.POSITIVE_INFINITY })
    expect(clock.pending).toBe(0)
    expect(await closing).toMatchObject({ rejectedCalls: 0 })
    await answer
  })

  it('drains for five seconds unless told otherwise, and leaves no timer', async () => {
    const clock = new ManualClock()
    const dispatcher = new Dispatcher({ clock })
    const answer = rejection(dispatcher.call(() => new Promise(() => undefined)))
    await turns(1)
    const closing = dispatcher.close()
    expect(clock.nextTimerMs).toBe(5000)
    await clock.advance(5000)
    expect(await closing).toEqual({ delivered: 0, discarded: 0, rejectedCalls: 1 })
    expect(await answer).toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED' })
    const quick = new Dispatcher({ clock })
    quick.post(() => undefined)
    await quick.close()
    expect(clock.pending).toBe(0)
  })

  it('gives everything up at once with no time to drain', async () => {
    const dispatcher = new Dispatcher()
    dispatcher.post(() => undefined)
    expect(await dispatcher.close({ deadlineMs: 0 })).toEqual({ delivered: 0, discarded: 1, rejectedCalls: 0 })
  })

  it('sends what waited for credit, and rejects the posts and calls that did', async () => {
    const dispatcher = new Dispatcher()
    const got: number[] = []
    dispatcher.register({ take: (value: number) => got.push(value) })
    const poster = attachPoster<{ take(value: number): void }>(
      dispatcher.connect({ overflow: 'drop-oldest', credit: 8 }),
    )
    for (const i of upTo(6)) poster.emit('take', i)
    const posts = Promise.allSettled([poster.post('take', 6), poster.call('take', [7])])
    const report = await dispatcher.close()
    const settled = await posts
    expect(got).toEqual(upTo(got.length))
    expect(got.length).toBeGreaterThanOrEqual(6)
    expect(report.discarded).toBe(0)
    for (const { status } of settled.slice(0, got.length - 6)) expect(status).toBe('fulfilled')
    await poster.close()
  })

  it('does not wait for a handle that nobody took up', async () => {
    const dispatcher = new Dispatcher()
    const handle = dispatcher.connect()
    expect(await dispatcher.close()).toEqual({ delivered: 0, discarded: 0, rejectedCalls: 0 })
    const late = attachPoster(handle)
    expect(late.isOpen).toBe(false)
    expect(late.emit('anything')).toBe(false)
    await late.close()
  })

  it('lets a poster close by itself: everything accepted is delivered and answered first', async () => {
    const dispatcher = new Dispatcher()
    const got: number[] = []
    dispatcher.register({
      take: (value: number) => got.push(value),
      slow: async () => {
        await turns(10)
        return got.length
      },
    })
    const poster = attachPoster<{ take(value: number): void; slow(): Promise<number> }>(
      dispatcher.connect({ credit: 4 }),
    )
    const answer = poster.call('slow', [])
    const posts = upTo(4).map((i) => poster.post('take', i))
    const closing = poster.close()
    expect(poster.isOpen).toBe(false)
    expect(poster.emit('take', 99)).toBe(false)
    await closing
    await Promise.all(posts)
    expect(await answer).toBe(4)
    expect(got).toEqual(upTo(4))
    expect(dispatcher.stats().posters).toBe(0)
    await using again = dispatcher
    expect(again.depth).toBe(0)
  })

  it.each([
    [{ mode: 'later' as 'drain' }, 'mode'],
    [{ deadlineMs: -1 }, 'deadlineMs'],
  ])('refuses the options %o', (options, option) => {
    const dispatcher = new Dispatcher()
    expect(() => dispatcher.close(options)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })
})
