import { availableParallelism } from 'node:os'
import { MessageChannel } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import {
  type ExecutorCloseOptions,
  type ExecutorRunOptions,
  PoolExecutor,
  type PoolExecutorOptions,
} from '../../src/executor/index.ts'
import { checkTransfer } from '../../src/executor/transfer-list.ts'
import { ThreadLatch } from '../../src/shared/index.ts'
import { rejection, settled } from '../settled.ts'
import { LoopPool } from './loop-pool.ts'
import type * as tasks from './tasks.thread.ts'

const module = new URL('./tasks.thread.js', import.meta.url)
const ref = (name: keyof typeof tasks): { module: URL; export: string } => ({ module, export: name })
const wrong = (value: unknown): never => value as never

describe('the options of a PoolExecutor', () => {
  it.each<readonly [option: string, expected: string, PoolExecutorOptions]>([
    ['options', 'an object', wrong(null)],
    ['maxThreads', 'an integer from 1 to 1024', { maxThreads: 0 }],
    ['maxThreads', 'an integer from 1 to 1024', { maxThreads: 1025 }],
    ['minThreads', 'an integer from 0 to 2', { minThreads: 3, maxThreads: 2 }],
    ['minThreads', 'an integer from 0 to 2', { minThreads: -1, maxThreads: 2 }],
    ['idleTimeoutMs', 'milliseconds from 0 to 2147483647', { idleTimeoutMs: 2 ** 31 }],
    ['idleTimeoutMs', 'milliseconds from 0 to 2147483647', { idleTimeoutMs: -1 }],
    ['maxQueue', 'an integer of at least 0', { maxQueue: -1 }],
    ['graceMs', 'milliseconds of at least 0', { graceMs: -1 }],
    ['graceMs', 'milliseconds of at least 0', { graceMs: Infinity }],
    ['clock', 'a Clock, with now() and setTimer()', { clock: wrong({}) }],
    ['onEvent', 'a function', { onEvent: wrong('log') }],
    ['onError', 'a function', { onError: wrong(1) }],
    ['openPool', 'a function', { openPool: wrong(1) }],
    ['threadEntry', 'a URL', { threadEntry: wrong('./entry.js') }],
  ])('are checked at construction: %s, which is to be %s', (option, expected, options) => {
    expect(() => new PoolExecutor(options)).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option, expected }) as Error,
    )
  })

  it.each<PoolExecutorOptions>([
    { maxThreads: 1, minThreads: 1, maxQueue: 0, graceMs: 0, idleTimeoutMs: 0 },
    { maxThreads: 1024, minThreads: 1024, idleTimeoutMs: 2 ** 31 - 1 },
    { threadEntry: module, onError: () => undefined, onEvent: () => undefined },
  ])('may be as small or large as they are said to be: %o', async (options) => {
    const executor = new PoolExecutor(options)
    expect(executor.stats()).toMatchObject({ queued: 0, running: 0 })
    await executor.close()
  })

  it('have it run as many functions as the machine can, and 1024 calls wait for them', async () => {
    const executor = new PoolExecutor({ openPool: () => new LoopPool() })
    const threads = availableParallelism()
    const calls = Array.from({ length: threads + 1024 }, () => settled(executor.run(ref('never'), [])))
    expect(executor.stats()).toMatchObject({ queued: 1024, running: threads })
    expect(await rejection(executor.run(ref('never'), []))).toMatchObject({
      code: 'LOOP_QUEUE_OVERFLOW',
      queue: 'queue of the executor',
      capacity: 1024,
    })
    await executor.close({ drain: false })
    await Promise.all(calls)
  })

  it('give a function a second to heed that it is cancelled', async () => {
    const clock = new ManualClock()
    const executor = new PoolExecutor({ openPool: () => new LoopPool(), maxThreads: 1, clock })
    const controller = new AbortController()
    const started = new ThreadLatch(1)
    const call = rejection(executor.run(ref('hang'), [started.buffer], { signal: controller.signal }))
    const next = executor.run(ref('add'), [1, 2])
    await started.wait({ ref: true })
    controller.abort('enough')
    expect(await call).toBe('enough')
    await clock.advance(999)
    expect(executor.stats()).toMatchObject({ queued: 1, running: 1 })
    await clock.advance(1)
    expect(await next).toBe(3)
    await executor.close()
  })
})

describe('the options of a call', () => {
  it.each<readonly [option: string, expected: string, options: ExecutorRunOptions]>([
    ['options', 'an object', wrong(null)],
    ['options', 'an object', wrong('fast')],
    ['signal', 'an AbortSignal', { signal: wrong({}) }],
    ['timeoutMs', 'milliseconds of at least 0, or Infinity', { timeoutMs: -1 }],
    ['queueTimeoutMs', 'milliseconds of at least 0, or Infinity', { queueTimeoutMs: NaN }],
    ['deadline', 'a Deadline, such as Deadline.after(1000)', { deadline: wrong(5) }],
    ['transfer', 'an array', { transfer: wrong(1) }],
    [
      'transfer[1]',
      'an ArrayBuffer that was not moved before, or a MessagePort',
      { transfer: [new ArrayBuffer(1), wrong(new Uint8Array(1))] },
    ],
  ])('are checked when it is made: %s, which is to be %s', async (option, expected, options) => {
    const pool = new LoopPool()
    await using executor = new PoolExecutor({ openPool: () => pool })
    expect(await rejection(executor.run(ref('add'), [1, 2], options))).toMatchObject({
      code: 'LOOP_OPTION',
      option,
      expected,
    })
    expect(pool.log).toEqual([])
  })

  it('are checked like its function and arguments', async () => {
    await using executor = new PoolExecutor({ openPool: () => new LoopPool() })
    expect(await rejection(executor.run(wrong('add'), []))).toMatchObject({ option: 'ref' })
    expect(await rejection(executor.run({ module: './tasks.js', export: 'add' }, []))).toMatchObject({
      option: 'ref.module',
    })
    expect(await rejection(executor.run(ref('add'), wrong({ length: 2 })))).toMatchObject({
      option: 'args',
      expected: 'an array of arguments',
    })
  })
})

describe('the options of a close', () => {
  it.each<readonly [option: string, expected: string, options: ExecutorCloseOptions]>([
    ['drain', 'true or false', { drain: wrong(1) }],
    ['deadlineMs', 'milliseconds of at least 0, or Infinity', { deadlineMs: -1 }],
  ])('are checked, and a wrong one closes nothing: %s', async (option, expected, options) => {
    await using executor = new PoolExecutor({ openPool: () => new LoopPool() })
    expect(await rejection(executor.close(options))).toMatchObject({ code: 'LOOP_OPTION', option, expected })
    expect(executor.isClosed).toBe(false)
    expect(await executor.run(ref('add'), [1, 2])).toBe(3)
  })

  it('are checked again when it is closed already', async () => {
    const executor = new PoolExecutor({ openPool: () => new LoopPool() })
    await executor.close({ deadlineMs: Infinity })
    expect(await rejection(executor.close({ deadlineMs: -1 }))).toMatchObject({ option: 'deadlineMs' })
  })
})

describe('checkTransfer', () => {
  it('admits buffers, empty ones included, and ports', () => {
    const { port1, port2 } = new MessageChannel()
    const list = [new ArrayBuffer(0), new ArrayBuffer(8), port1]
    expect(checkTransfer('list', list)).toBe(list)
    expect(checkTransfer('list', [])).toEqual([])
    port1.close()
    port2.close()
  })

  it.each([
    ['a typed array', new Uint8Array(8)],
    ['shared memory', new SharedArrayBuffer(8)],
    ['nothing', undefined],
    ['a buffer that was moved before', moved(8)],
    ['an empty buffer that was moved before', moved(0)],
  ])('refuses %s, and tells where it is', (_, item) => {
    expect(() => checkTransfer('list', [new ArrayBuffer(0), item])).toThrow(
      expect.objectContaining({
        option: 'list[1]',
        expected: 'an ArrayBuffer that was not moved before, or a MessagePort',
      }) as Error,
    )
  })
})

function moved(length: number): ArrayBuffer {
  const buffer = new ArrayBuffer(length)
  structuredClone(buffer, { transfer: [buffer] })
  return buffer
}
