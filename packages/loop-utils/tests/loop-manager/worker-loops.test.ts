import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { Dispatcher } from '../../src/dispatch/index.ts'
import { NotPlainError, OptionError, RemoteError, TimeoutError, WorkerCrashedError } from '../../src/errors/index.ts'
import { LoopManager, type LoopFailure } from '../../src/loop-manager/index.ts'
import { ThreadCounter, ThreadLatch } from '../../src/shared/index.ts'
import { drained } from '../drained.ts'
import { rejection } from '../settled.ts'
import { RadioOffError } from './radio-off-error.ts'
import type { OwnerHandlers, RadioData, RadioHandlers } from './radio.thread.ts'

const entry = new URL('./radio.thread.js', import.meta.url)

function liveThreads(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Worker').length
}

describe('threads of a LoopManager', () => {
  const managers: LoopManager[] = []
  const told: [unknown, LoopFailure][] = []
  const seen: [string, object][] = []
  const open = (): LoopManager => {
    const manager = new LoopManager({
      onError: (error, failure) => void told.push([error, failure]),
      onEvent: (name, data) => void seen.push([name, data]),
    })
    managers.push(manager)
    return manager
  }
  afterEach(async () => {
    await Promise.all(managers.splice(0).map((manager) => manager.close({ deadlineMs: 0 })))
    told.length = 0
    seen.length = 0
    if (liveThreads() > 0) throw new Error('a thread has outlived its manager')
  })

  const start = (manager: LoopManager, data: RadioData = {}, options: object = {}) =>
    manager.startThread<RadioHandlers>('radio', entry, { data, ...options })

  it('run handlers on their own loop, bring errors back as what they were, and call back to their owner', async () => {
    const manager = open()
    await using dispatcher = new Dispatcher()
    dispatcher.register({ heard: (text: string) => text.toUpperCase() } satisfies OwnerHandlers)
    const radio = await start(manager, {}, { dispatcher })
    expect([manager.names, radio.name, radio.isRunning]).toEqual([['radio'], 'radio', true])
    expect(radio.threadId).toBeGreaterThan(0)
    expect(await radio.call('add', [1, 2])).toBe(3)
    await expect(radio.call('refuse', ['channel'])).rejects.toBeInstanceOf(OptionError)
    await expect(radio.call('refuse', ['channel'])).rejects.toMatchObject({ option: 'channel' })
    expect(await radio.call('ask', ['over'])).toBe('OVER')
    const { utilization } = radio.utilization()
    expect(utilization).toBeGreaterThanOrEqual(0)
    expect(await manager.close()).toMatchObject({ finished: ['radio'], terminated: [] })
    expect(radio.isRunning).toBe(false)
    expect(radio.emit('add', 1, 2)).toBe(false)
    expect(manager.stats()).toMatchObject({ threads: 0, exited: 1, finished: 0 })
    expect(seen).toEqual([
      ['x:loop-utils:loop-manager:start', { kind: 'thread', name: 'radio' }],
      ['x:loop-utils:loop-manager:end', { kind: 'thread', name: 'radio', end: 'exited' }],
    ])
    expect(told).toEqual([])
  })

  it('tell what they could not release, and what failed with nobody waiting', async () => {
    const manager = open()
    const closed = new ThreadCounter()
    const radio = await start(manager, { release: 'fail', closed: closed.buffer })
    radio.emit('fault')
    await radio.call('add', [1, 1])
    expect(await manager.close()).toMatchObject({ finished: ['radio'] })
    // released, with its signal aborted
    expect(closed.value).toBe(1)
    expect(told).toMatchObject([
      [{ message: 'nobody waits for this' }, { kind: 'thread', name: 'radio', isCritical: false }],
      [{ message: 'cannot be released' }, { kind: 'thread' }],
    ])
  })

  it('tell of errors as of what they were, classes of the user included', async () => {
    const manager = open()
    const errors = { RADIO_OFF: RadioOffError }
    const radio = await start(manager, {}, { errors })
    const failure = await rejection(radio.call('off', [7]))
    expect(failure).toBeInstanceOf(RadioOffError)
    expect(failure).toMatchObject({ code: 'RADIO_OFF', message: 'channel 7 is off', channel: 7 })
    radio.emit('off', 8)
    // comes by another port than answers do
    while (told.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual([[expect.any(RadioOffError), { kind: 'thread', name: 'radio', isCritical: false }]])
    expect(told[0]?.[0]).toMatchObject({ channel: 8 })
    const second = manager.startThread('second', entry, { data: { setup: 'off' } satisfies RadioData, errors })
    expect(await rejection(second)).toBeInstanceOf(RadioOffError)
    const third = manager.startThread('third', entry, { data: { setup: 'off' } satisfies RadioData })
    expect(await rejection(third)).toBeInstanceOf(RemoteError)
  })

  it('are posters of their owner under their names', async () => {
    const manager = open()
    const failed: unknown[] = []
    await using dispatcher = new Dispatcher({ onError: (...given) => void failed.push(given) })
    dispatcher.register({
      heard: () => {
        throw new Error('too loud')
      },
    })
    const radio = await start(manager, {}, { dispatcher })
    expect(await radio.call('shout', ['hi'])).toBe(true)
    expect(await rejection(radio.call('ask', ['hi']))).toMatchObject({ message: 'too loud' })
    expect(failed).toMatchObject([[{ message: 'too loud' }, { kind: 'emit', handler: 'heard', poster: 'radio' }]])
  })

  it('have the limits that they are given', async () => {
    const manager = open()
    const radio = await start(manager, {}, { resourceLimits: { maxOldGenerationSizeMb: 60 } })
    expect(await radio.call('heapLimit', [])).toBe(60)
  })

  it('may say other things on their port', async () => {
    const manager = open()
    const noise = [null, 5, 'x:loop-ready', {}, { type: 'x:loop' }, { type: 5 }, { type: 'x:start-loop' }]
    const radio = await start(manager, { noise })
    expect(await radio.call('add', [1, 2])).toBe(3)
    expect(told).toEqual([])
  })

  it('are terminated when they have not ended at the deadline', async () => {
    const manager = open()
    await start(manager, { release: 'hang' })
    const busy = await manager.startThread<RadioHandlers>('busy', () => new Worker(entry), { data: {} })
    const started = new ThreadLatch(1)
    const call = busy.call('hold', [started.buffer]).catch((error: unknown) => error)
    await started.wait({ ref: true })
    expect(await manager.close({ deadlineMs: 50 })).toMatchObject({ finished: [], terminated: ['radio', 'busy'] })
    expect(await call).toBeInstanceOf(WorkerCrashedError)
    expect(told).toEqual([])
  })

  it.each([
    ['throws', 'crash', [], { exitCode: 1, cause: { message: 'short circuit' } }],
    ['exits', 'exit', [0], { exitCode: 0 }],
  ] as const)('that die are told of: one that %s', async (_, handler, args, error) => {
    const manager = open()
    const radio = await start(manager)
    void radio.call(handler, args as never).catch(() => undefined)
    while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(told).toMatchObject([
      [
        { code: 'LOOP_WORKER_CRASHED', maybeExecuted: false, ...error },
        { kind: 'thread', name: 'radio', isCritical: false },
      ],
    ])
    expect(Object.hasOwn(told[0]?.[0] as Error, 'cause')).toBe('cause' in error)
    expect([manager.names, manager.isClosed]).toEqual([[], false])
    await start(manager)
  })

  it('that are critical close everything when they die', async () => {
    const manager = open()
    const task = manager.spawn('listens', ({ signal }) => once(signal, 'abort'))
    const radio = await start(manager, {}, { critical: true })
    radio.emit('exit', 3)
    const report = await manager.closed
    expect(report).toMatchObject({ finished: ['listens'], cause: { code: 'LOOP_WORKER_CRASHED', exitCode: 3 } })
    expect(told).toEqual([[report.cause, { kind: 'thread', name: 'radio', isCritical: true }]])
    await task.result
  })

  it.each([
    ['its set-up throws', { setup: 'fail' }, {}, { code: 'LOOP_OPTION', option: 'radio' }],
    ['it exits in its set-up', { setup: 'exit' }, {}, { code: 'LOOP_WORKER_CRASHED', exitCode: 4 }],
    ['its set-up takes too long', { setup: 'hang' }, { readyTimeoutMs: 300 }, { code: 'LOOP_TIMEOUT', timeoutMs: 300 }],
    ['its data cannot be cloned', { closed: (() => 1) as unknown as SharedArrayBuffer }, {}, { path: 'data.closed' }],
  ] as const)('do not start when %s', async (_, data, options, error) => {
    const manager = open()
    await expect(start(manager, data, options)).rejects.toMatchObject(error)
    await new Promise((resolve) => setImmediate(resolve))
    expect([manager.names, told]).toEqual([[], []])
  })

  it('have released what their set-up had when that has failed', async () => {
    const manager = open()
    const closed = new ThreadCounter()
    const starting = start(manager, { setup: 'fail late', closed: closed.buffer })
    expect(await rejection(starting)).toMatchObject({ message: 'too late' })
    expect(closed.value).toBe(1)
    expect(told).toMatchObject([[{ message: 'and cannot be released' }, { kind: 'thread', name: 'radio' }]])
  })

  it('do not start when their entry serves no loop, or cannot be loaded', async () => {
    const manager = open()
    const silent = new URL('./silent.thread.js', import.meta.url)
    const starting = rejection(manager.startThread('silent', silent, { readyTimeoutMs: 300 }))
    expect(await starting).toMatchObject({
      code: 'LOOP_TIMEOUT',
      kind: 'call',
      message: expect.stringContaining("start of thread 'silent' timed out after 300 ms"),
    })
    const gone = new URL('./gone.thread.js', import.meta.url)
    await expect(manager.startThread('gone', gone)).rejects.toMatchObject({
      code: 'LOOP_WORKER_CRASHED',
      cause: { code: 'ERR_MODULE_NOT_FOUND' },
    })
    await expect(manager.startThread('', entry)).rejects.toBeInstanceOf(OptionError)
    await expect(manager.startThread('x', entry, { readyTimeoutMs: -1 })).rejects.toBeInstanceOf(OptionError)
  })

  it('that do not start leave nothing with the dispatcher of their owner', async () => {
    const manager = open()
    const dispatcher = new Dispatcher()
    const bad = { closed: (() => 1) as unknown as SharedArrayBuffer }
    await expect(start(manager, bad, { dispatcher })).rejects.toBeInstanceOf(NotPlainError)
    await expect(start(manager, { setup: 'fail' }, { dispatcher })).rejects.toBeInstanceOf(OptionError)
    const silent = new URL('./silent.thread.js', import.meta.url)
    const options = { readyTimeoutMs: 300, dispatcher }
    await expect(manager.startThread('silent', silent, options)).rejects.toBeInstanceOf(TimeoutError)
    while (dispatcher.stats().posters > 0) await new Promise((resolve) => setImmediate(resolve))
    // it waits for every poster that there is
    expect(await dispatcher.close({ deadlineMs: Infinity })).toMatchObject({ discarded: 0 })
  })

  it('do not start for a dispatcher that is closed', async () => {
    const manager = open()
    const dispatcher = new Dispatcher({ name: 'owner' })
    await dispatcher.close()
    expect(await rejection(start(manager, {}, { dispatcher }))).toMatchObject({
      code: 'LOOP_DISPATCHER_CLOSED',
      dispatcher: 'owner',
    })
    await drained()
    expect([manager.names, manager.stats().threads, told]).toEqual([[], 0, []])
  })

  it('do not start in a manager that closes meanwhile', async () => {
    const manager = open()
    const inSetup = new ThreadLatch(1)
    const starting = start(manager, { setup: 'hang', inSetup: inSetup.buffer }).catch((error: unknown) => error)
    await inSetup.wait({ ref: true })
    expect(await manager.close({ deadlineMs: 100 })).toMatchObject({ terminated: ['radio'] })
    expect(await starting).toMatchObject({ code: 'LOOP_MANAGER_CLOSED', cause: { code: 'LOOP_WORKER_CRASHED' } })
  })

  it('are not handed out by a manager that closes before they are ready', async () => {
    const manager = open()
    const [inSetup, go] = [new ThreadLatch(1), new ThreadLatch(1)]
    const data: RadioData = { inSetup: inSetup.buffer, go: go.buffer }
    const starting = start(manager, data).catch((error: unknown) => error)
    await inSetup.wait({ ref: true })
    const closing = manager.close()
    go.countDown()
    expect(await starting).toMatchObject({ code: 'LOOP_MANAGER_CLOSED' })
    expect(await closing).toMatchObject({ finished: ['radio'], terminated: [] })
  })

  it('move what is to be moved', async () => {
    const manager = open()
    const bytes = new Uint8Array(8)
    await manager.startThread('radio', entry, { data: { bytes }, transfer: [bytes.buffer] })
    expect(bytes.byteLength).toBe(0)
    await expect(manager.startThread('second', entry, { transfer: [bytes.buffer] })).rejects.toBeInstanceOf(OptionError)
  })
})
