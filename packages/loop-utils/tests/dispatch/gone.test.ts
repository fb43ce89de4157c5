import { EventEmitter } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { attachPoster, type ConnectOptions, Dispatcher } from '../../src/dispatch/index.ts'
import { rejection } from '../settled.ts'
import { turns, upTo } from './threads.ts'

interface Handlers {
  readonly [name: string]: (...args: never[]) => unknown
  take(value: number): void
  never(): Promise<number>
}

/** A dispatcher and a poster on one loop, each of which can lose its port as if its thread had died. */
function open(options: ConnectOptions = {}) {
  const dispatcher = new Dispatcher({ name: 'house' })
  const signals: (AbortSignal | undefined)[] = []
  const got: number[] = []
  dispatcher.register({
    take: (value: number) => got.push(value),
    never: () => {
      signals.push(dispatcher.callSignal)
      return new Promise(() => undefined)
    },
  })
  const handle = dispatcher.connect<Handlers>(options)
  const thread = new EventEmitter()
  const clock = new ManualClock()
  const poster = attachPoster<Handlers>(handle, { worker: thread as Worker, clock })
  return { dispatcher, signals, got, handle, poster, thread, clock }
}

describe('a poster whose dispatcher died', () => {
  it('tells every caller, and which calls may have been run', async () => {
    const { handle, poster, thread } = open({ credit: 2 })
    const calls = upTo(3).map(() => rejection(poster.call('never', [])))
    const post = rejection(poster.post('take', 1))
    thread.emit('exit', 9)
    for (const port of handle.ports) port.close()
    const crash = { code: 'LOOP_WORKER_CRASHED', exitCode: 9 }
    expect(await post).toMatchObject({ ...crash, maybeExecuted: false })
    const reasons = await Promise.all(calls)
    expect(reasons).toMatchObject([true, true, false].map((maybeExecuted) => ({ ...crash, maybeExecuted })))
    expect([poster.isOpen, poster.emit('take', 2), thread.listenerCount('exit')]).toEqual([false, false, 0])
    expect(await rejection(poster.call('never', []))).toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED' })
    await poster.close()
  })

  it('waits a moment for an exit code that nobody tells', async () => {
    const { handle, poster, thread, clock } = open()
    const call = rejection(poster.call('never', []))
    handle.down.port.close()
    while (clock.pending === 0) await turns(1)
    await clock.advance(50)
    expect(await call).toMatchObject({ code: 'LOOP_WORKER_CRASHED', exitCode: -1, pendingCalls: 1 })
    expect(thread.listenerCount('exit')).toBe(0)
  })
})

describe('a poster whose dispatcher closed', () => {
  it('tells every caller so, and listens to its thread no more', async () => {
    const { dispatcher, poster, thread, signals } = open({ credit: 2 })
    const calls = upTo(3).map(() => rejection(poster.call('never', [])))
    while (signals.length < 2) await turns(1)
    expect(thread.listenerCount('exit')).toBe(1)
    const report = await dispatcher.close({ mode: 'discard' })
    for (const reason of await Promise.all(calls)) {
      expect(reason).toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED', dispatcher: 'house' })
    }
    expect(report).toMatchObject({ discarded: 0, rejectedCalls: 3 })
    expect(thread.listenerCount('exit')).toBe(0)
    expect(signals[0]?.reason).toMatchObject({ name: 'AbortError', message: 'the caller is gone' })
  })

  it('closes once, whoever asks', async () => {
    const { dispatcher, poster, got } = open()
    poster.emit('take', 1)
    const closing = poster.close()
    expect(poster.close()).toBe(closing)
    await poster[Symbol.asyncDispose]()
    expect(got).toEqual([1])
    await dispatcher.close()
  })
})

describe('a dispatcher whose poster died', () => {
  it('runs what had arrived, aborts what the poster had called, and forgets it', async () => {
    const { dispatcher, handle, poster, signals, got } = open()
    const call = rejection(poster.call('never', []))
    for (const i of upTo(5)) poster.emit('take', i)
    poster.flush()
    while (signals.length === 0) await turns(1)
    handle.up.port.close()
    while (dispatcher.stats().posters > 0) await turns(1)
    expect(signals[0]?.reason).toMatchObject({ name: 'AbortError', message: 'the caller is gone' })
    expect(got).toEqual(upTo(5))
    expect(dispatcher.stats()).toMatchObject({ runningCalls: 0, delivered: 6 })
    expect(await call).toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED' })
    expect(await dispatcher.close()).toEqual({ delivered: 0, discarded: 0, rejectedCalls: 0 })
  })
})

describe('a dispatcher that closes', () => {
  it('reports what its posters had sent, once', async () => {
    const { dispatcher, poster } = open()
    for (const i of upTo(5)) poster.emit('take', i)
    poster.flush()
    const calls = upTo(2).map(() => rejection(poster.call('never', [])))
    poster.flush()
    expect(await dispatcher.close({ mode: 'discard' })).toEqual({ delivered: 0, discarded: 7, rejectedCalls: 2 })
    expect(dispatcher.stats()).toMatchObject({ accepted: 7, dropped: { discarded: 7 }, posters: 0 })
    await Promise.all(calls)
  })

  it('keeps an error that its caller cannot be told of', async () => {
    const errors: unknown[] = []
    const dispatcher = new Dispatcher({ onError: (error, info) => errors.push([error, info]) })
    let fail: (reason: unknown) => void = () => undefined
    dispatcher.register({
      fails: () =>
        new Promise((_, reject) => {
          fail = reject
        }),
    })
    const poster = attachPoster<{ fails(): Promise<never> }>(dispatcher.connect({ name: 'meter' }))
    const call = rejection(poster.call('fails', []))
    while (dispatcher.stats().runningCalls === 0) await turns(1)
    await dispatcher.close({ mode: 'discard' })
    await call
    fail('too late')
    await turns(1)
    expect(errors).toEqual([['too late', { kind: 'call', handler: 'fails', poster: 'meter' }]])
  })
})
