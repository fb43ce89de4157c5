import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { LoopManager, type LoopManagerOptions } from '../../src/loop-manager/index.ts'
import { drained } from '../drained.ts'
import { rejection } from '../settled.ts'
import { warning } from '../warning.ts'
import type { RadioData, RadioHandlers } from './radio.thread.ts'
import { type Deaf, deaf, untilAborted } from './task-bodies.ts'

const radio = new URL('./radio.thread.js', import.meta.url)
const COUNTS = { tasks: 0, threads: 0, finished: 0, cancelled: 0, failed: 0, abandoned: 0, exited: 0 }
const REPORT = { finished: [], cancelled: [], failed: [], abandoned: [], terminated: [], cause: undefined }

describe('how what a LoopManager has ends', () => {
  const managers: LoopManager[] = []
  const seen: unknown[] = []
  const open = (options: LoopManagerOptions = {}): LoopManager => {
    const manager = new LoopManager({
      onError: () => undefined,
      onEvent: (name, data) => void seen.push([name.replace('x:loop-utils:loop-manager:', ''), data]),
      ...options,
    })
    managers.push(manager)
    return manager
  }
  afterEach(async () => {
    await Promise.all(managers.splice(0).map((manager) => manager.close({ deadlineMs: 0 })))
    seen.length = 0
  })

  it('is told and counted once for each task, by the way it ended', async () => {
    const clock = new ManualClock()
    const manager = open({ clock })
    const forLater = deaf()
    manager.spawn('good', () => 1)
    manager.spawn('bad', () => Promise.reject(new Error('bad')))
    manager.spawn('heeds', ({ signal }) => untilAborted(signal))
    manager.spawn('deaf', () => forLater.promise)
    expect(manager.stats()).toEqual({ ...COUNTS, tasks: 4 })
    expect(seen).toEqual(['good', 'bad', 'heeds', 'deaf'].map((name) => ['start', { kind: 'task', name }]))
    seen.length = 0
    await drained()
    expect(manager.stats()).toEqual({ ...COUNTS, tasks: 2, finished: 1, failed: 1 })
    const closing = manager.close({ deadlineMs: 100 })
    await clock.advance(100)
    expect(await closing).toEqual({ ...REPORT, cancelled: ['heeds'], abandoned: ['deaf'] })
    forLater.resolve()
    await drained()
    expect(manager.stats()).toEqual({ ...COUNTS, finished: 1, failed: 1, cancelled: 1, abandoned: 1 })
    expect(seen).toEqual([
      ['end', { kind: 'task', name: 'good', end: 'finished' }],
      ['end', { kind: 'task', name: 'bad', end: 'failed' }],
      ['end', { kind: 'task', name: 'heeds', end: 'cancelled' }],
      ['end', { kind: 'task', name: 'deaf', end: 'abandoned' }],
    ])
  })

  it('is reported in the order in which tasks and threads were started, tasks first', async () => {
    const clock = new ManualClock()
    const hasExited = deaf()
    let exits = 0
    const manager = open({
      clock,
      onEvent: (_, data) => {
        if (data['end'] === 'exited' && ++exits === 2) hasExited.resolve()
      },
    })
    await manager.spawn('before', () => 1).result
    await drained()
    const deafOnes: Deaf[] = []
    const spawnDeaf = (name: string): void => {
      const one = deaf()
      deafOnes.push(one)
      manager.spawn(name, () => one.promise)
    }
    const start = (name: string, data: RadioData) => manager.startThread<RadioHandlers>(name, radio, { data })
    spawnDeaf('deaf 1')
    const starting = [start('radio 1', {}), start('stuck', { release: 'hang' })]
    manager.spawn('ends well', ({ signal }) => untilAborted(signal).catch(() => 1))
    manager.spawn('heeds 1', ({ signal }) => untilAborted(signal))
    spawnDeaf('deaf 2')
    starting.push(start('radio 2', {}))
    manager.spawn('heeds 2', ({ signal }) => untilAborted(signal))
    manager.spawn('fails', ({ signal }) => untilAborted(signal).catch(() => Promise.reject(new Error('late'))))
    const threads = await Promise.all(starting)
    expect(manager.names.join()).toBe('deaf 1,radio 1,stuck,ends well,heeds 1,deaf 2,radio 2,heeds 2,fails')
    expect(manager.stats()).toEqual({ ...COUNTS, tasks: 6, threads: 3, finished: 1 })
    const closing = manager.close({ deadlineMs: 60_000 })
    await hasExited.promise
    await clock.advance(60_000)
    expect(await closing).toEqual({
      finished: ['ends well', 'radio 1', 'radio 2'],
      cancelled: ['heeds 1', 'heeds 2'],
      failed: ['fails'],
      abandoned: ['deaf 1', 'deaf 2'],
      terminated: ['stuck'],
      cause: undefined,
    })
    expect(threads.map((thread) => thread.isRunning)).toEqual([false, false, false])
    expect(manager.names).toEqual([])
    expect(manager.stats()).toEqual({ ...COUNTS, finished: 2, cancelled: 2, failed: 1, abandoned: 2, exited: 3 })
    for (const one of deafOnes) one.resolve()
  })

  it('makes room for a successor of the same name at once, a task and a thread', async () => {
    const successors: unknown[] = []
    const manager = open({
      onError: (_, { kind, name }) => {
        if (kind === 'task') manager.spawn(name, ({ signal }) => untilAborted(signal))
        else successors.push(manager.startThread<RadioHandlers>(name, radio, { data: {} }))
      },
    })
    manager.spawn('poll', () => Promise.reject(new Error('bad')))
    const thread = await manager.startThread<RadioHandlers>('radio', radio, { data: {} })
    expect(await rejection(thread.call('exit', [1]))).toMatchObject({ code: 'LOOP_WORKER_CRASHED', exitCode: 1 })
    await Promise.all(successors)
    expect(manager.names).toEqual(['poll', 'radio'])
    expect(manager.stats()).toEqual({ ...COUNTS, tasks: 1, threads: 1, failed: 1, exited: 1 })
    expect(await manager.close()).toEqual({ ...REPORT, cancelled: ['poll'], finished: ['radio'] })
  })

  it('frees the place of a task that has ended', async () => {
    const manager = open({ maxTasks: 1 })
    await manager.spawn('one', () => 1).result
    await drained()
    expect(await manager.spawn('two', () => 2).result).toBe(2)
  })

  it('is no failure when a task throws the reason it was cancelled with, and one when it throws undefined', async () => {
    const told: unknown[] = []
    const manager = open({ onError: (...given) => void told.push(given) })
    const cancelled = manager.spawn('cancelled', ({ signal }) => untilAborted(signal))
    const task = manager.spawn('nothing', () => Promise.reject(undefined as unknown as Error))
    await drained()
    cancelled.cancel('enough')
    await drained()
    expect([cancelled.state, task.state]).toEqual(['cancelled', 'failed'])
    expect(told).toEqual([[undefined, { kind: 'task', name: 'nothing', isCritical: false }]])
  })

  it('is told with whether it was critical, and what failed first closes the rest', async () => {
    const clock = new ManualClock()
    const told: unknown[] = []
    const manager = open({ clock, onError: (error, failure) => void told.push([error, failure]) })
    const [first, second] = [new Error('first'), new Error('second')]
    const forLater = deaf()
    const stubborn = manager.spawn('deaf', () => forLater.promise)
    manager.spawn('other', ({ signal }) => untilAborted(signal).catch(() => Promise.reject(second)), { critical: true })
    manager.spawn('link', () => Promise.reject(first), { critical: true })
    await drained()
    expect(told).toEqual([
      [first, { kind: 'task', name: 'link', isCritical: true }],
      [second, { kind: 'task', name: 'other', isCritical: true }],
    ])
    await clock.advance(4999)
    expect([manager.isClosed, stubborn.state]).toEqual([true, 'running'])
    await clock.advance(1)
    const report = await manager.closed
    expect(report).toEqual({ ...REPORT, failed: ['other'], abandoned: ['deaf'], cause: first })
    expect(await manager.close({ deadlineMs: 1 })).toBe(report)
    forLater.resolve()
  })

  it('waits five seconds for the deaf when nothing else is said', async () => {
    const clock = new ManualClock()
    const forLater = deaf()
    const manager = open({ clock })
    const task = manager.spawn('deaf', () => forLater.promise)
    await drained()
    const closing = manager.close()
    await clock.advance(4999)
    expect(task.state).toBe('running')
    await clock.advance(1)
    expect(await closing).toEqual({ ...REPORT, abandoned: ['deaf'] })
    forLater.reject(new Error('dropped'))
    await drained()
    expect([task.state, await rejection(task.result)]).toMatchObject(['abandoned', { message: 'dropped' }])
  })

  it('comes with the end of the block that the manager belongs to', async () => {
    let kept: LoopManager
    let reason: unknown
    {
      await using manager = open()
      kept = manager
      manager.spawn('heeds', ({ signal }) =>
        untilAborted(signal).catch((error: unknown) => {
          reason = error
        }),
      )
      await drained()
      expect(kept.isClosed).toBe(false)
    }
    expect([kept.isClosed, kept.names]).toEqual([true, []])
    expect(await kept.closed).toEqual({ ...REPORT, finished: ['heeds'] })
    expect(reason).toMatchObject({
      code: 'LOOP_MANAGER_CLOSED',
      message: 'loop manager is closed; start what shall run before close() is called',
    })
    expect(reason).not.toHaveProperty('cause')
  })

  it('is as it is when an observer throws', async () => {
    const warned = warning('onEvent threw Error: in onEvent')
    const manager = open({
      onEvent: () => {
        throw new Error('in onEvent')
      },
    })
    expect(await manager.spawn('good', () => 1).result).toBe(1)
    await warned
    await drained()
    expect(manager.stats()).toEqual({ ...COUNTS, finished: 1 })
  })
})
