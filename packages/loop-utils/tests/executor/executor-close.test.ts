import { describe, expect, it } from 'vitest'
import { rejection, settled } from '../settled.ts'
import { hang, NONE, open, ref } from './loop-executor.ts'

// What an executor takes, in which order, and what becomes of it when the executor closes.

describe('the close of an executor', () => {
  it('waits five seconds for what was accepted, and reports', async () => {
    const { clock, executor } = open({ graceMs: 0 })
    const done = executor.run(ref('add'), [1, 2])
    const running = await hang(executor)
    const queued = rejection(executor.run(ref('add'), [3, 4]))
    expect(await done).toBe(3)
    const closing = executor.close()
    await clock.advance(4999)
    expect(executor.stats()).toMatchObject({ queued: 1, running: 1, ended: { closed: 0 } })
    await clock.advance(1)
    expect(await running.end).toMatchObject({
      code: 'LOOP_EXECUTOR_CLOSED',
      maybeExecuted: true,
      message: 'executor is closed; the function may have run; run it before close() is called, or on another executor',
    })
    expect(await queued).toMatchObject({
      code: 'LOOP_EXECUTOR_CLOSED',
      maybeExecuted: false,
      message: 'executor is closed; the function did not run; run it before close() is called, or on another executor',
    })
    await clock.advance(0)
    expect(await closing).toEqual({ completed: 0, discarded: 1, cancelled: 1 })
  })

  it('ends its pool once, after the last function, and leaves no timer', async () => {
    const { clock, executor, pool } = open()
    const calls = [executor.run(ref('later'), [1]), executor.run(ref('later'), [2])]
    const closing = executor.close({ deadlineMs: Infinity })
    expect(executor.close({ drain: false })).toBe(closing)
    expect(await closing).toEqual({ completed: 2, discarded: 0, cancelled: 0 })
    expect(await Promise.all(calls)).toEqual([1, 2])
    await executor[Symbol.asyncDispose]()
    expect([pool.log, clock.pending]).toEqual([['run', 'run', 'close'], 0])
  })

  it('is what disposing of it is', async () => {
    const { executor, pool } = open()
    const call = executor.run(ref('later'), [1])
    await executor[Symbol.asyncDispose]()
    expect([await call, executor.isClosed, pool.log]).toEqual([1, true, ['run', 'close']])
  })

  it('counts what came to its own end, by an error too, and not what its caller had given up', async () => {
    const { clock, executor } = open()
    const controller = new AbortController()
    const { end } = await hang(executor, { signal: controller.signal })
    const rest = [settled(executor.run(ref('failPlainly'), [])), settled(executor.run(ref('add'), [1, 2]))]
    controller.abort('enough')
    expect(await end).toBe('enough')
    const closing = executor.close()
    await clock.advance(100)
    expect(await closing).toEqual({ completed: 2, discarded: 0, cancelled: 0 })
    await Promise.all(rest)
  })

  it('has nothing to end when its pool could not be opened', async () => {
    const { executor } = open({ openPool: () => Promise.reject(new Error('no threads today')) })
    const call = rejection(executor.run(ref('add'), [1, 2]))
    const closing = executor.close()
    expect(await call).toMatchObject({ message: 'no threads today' })
    expect(await closing).toEqual({ completed: 1, discarded: 0, cancelled: 0 })
    expect(executor.stats()).toEqual({ queued: 0, running: 0, ended: { ...NONE, failed: 1 } })
  })

  it('refuses calls from then on, and tells nobody of them', async () => {
    const { executor, told } = open()
    await executor.close()
    expect(await rejection(executor.run(ref('add'), [1, 2]))).toMatchObject({
      code: 'LOOP_EXECUTOR_CLOSED',
      maybeExecuted: false,
    })
    expect([told, executor.stats().ended]).toEqual([[], NONE])
  })
})

describe('a queue that is full', () => {
  it('refuses a call, tells so, and has room again for the next', async () => {
    const { executor, told } = open({ maxQueue: 2 })
    const calls = [1, 2, 3].map((n) => executor.run(ref('add'), [n, n]))
    expect(await rejection(executor.run(ref('add'), [4, 4]))).toMatchObject({
      code: 'LOOP_QUEUE_OVERFLOW',
      queue: 'queue of the executor',
      capacity: 2,
    })
    expect(told).toEqual([['x:loop-utils:executor:refuse', { task: 'add', queued: 2, running: 1 }]])
    expect(await Promise.all(calls)).toEqual([2, 4, 6])
    expect(await executor.run(ref('add'), [5, 5])).toBe(10)
    await executor.close()
  })

  it('is served in the order in which the calls came, and none of them twice', async () => {
    const { executor, pool } = open()
    const calls = Array.from({ length: 5 }, (_, n) => executor.run(ref('later'), [n]))
    expect(executor.stats()).toMatchObject({ queued: 4, running: 1 })
    expect(await Promise.all(calls)).toEqual([0, 1, 2, 3, 4])
    expect(pool.messages.map(({ args }) => args[0])).toEqual([0, 1, 2, 3, 4])
    await executor.close()
  })
})
