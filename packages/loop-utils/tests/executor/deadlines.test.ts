import { afterAll, describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { TimeoutError } from '../../src/errors/index.ts'
import { PoolExecutor, runInExecutor } from '../../src/executor/index.ts'
import { compose, timeoutPolicy } from '../../src/policy/index.ts'
import { ThreadLatch } from '../../src/shared/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { rejection } from '../settled.ts'
import type * as tasks from './deadline.thread.ts'
import { LoopPool } from './loop-pool.ts'

const module = new URL('./deadline.thread.js', import.meta.url)
const ref = (name: keyof typeof tasks): { module: URL; export: string } => ({ module, export: name })

describe('the deadline of a call', () => {
  const executor = new PoolExecutor({ maxThreads: 1 })
  afterAll(() => executor.close({ drain: false }))

  it('is told to the function on its thread, less the way there', async () => {
    expect(await executor.run(ref('left'), [])).toEqual([Infinity, undefined])
    const deadline = Deadline.after(60_000)
    const [remainingMs, again] = (await executor.run(ref('left'), [], { deadline })) as [number, number]
    expect(remainingMs).toBeGreaterThan(deadline.remaining())
    expect(remainingMs).toBeLessThan(60_000)
    expect(again).toBeLessThanOrEqual(remainingMs)
  })

  it('gives way to a nearer timeoutMs', async () => {
    const deadline = Deadline.after(60_000)
    const [remainingMs] = (await executor.run(ref('left'), [], { deadline, timeoutMs: 1000 })) as [number, number]
    expect(remainingMs).toBeLessThanOrEqual(1000)
  })

  it('ends the function when it passes, and the call with its error', async () => {
    const clock = new ManualClock()
    const started = new ThreadLatch(1)
    const deadline = Deadline.after(500, clock)
    const call = rejection(executor.run(ref('untilCancelled'), [started.buffer], { deadline }))
    await started.wait({ ref: true })
    expect(clock.pending).toBe(1)
    await clock.advance(500)
    const error = await call
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({
      kind: 'deadline',
      timeoutMs: 500,
      message: expect.stringContaining("'untilCancelled'"),
    })
    expect(clock.pending).toBe(0)
    // the thread is free again, which it would not be had the function not been told
    expect(await executor.run(ref('left'), [])).toEqual([Infinity, undefined])
  })

  it('is that of the policy whose context is given', async () => {
    const [remainingMs = 0] = await timeoutPolicy(60_000).execute((context) =>
      runInExecutor<typeof tasks.left>(ref('left'), [], {
        executor,
        signal: context.signal,
        deadline: context.deadline,
      }),
    )
    expect(remainingMs).toBeGreaterThan(0)
    expect(remainingMs).toBeLessThan(60_000)
    const policy = compose(timeoutPolicy(60_000))
    const [whole] = (await policy.execute((context) => executor.run(ref('left'), [], context))) as [number]
    expect(whole).toBeLessThan(60_000)
  })

  it('bounds the policies of the thread that get its context', async () => {
    // the caller's clock runs out later than the thread's: it is the function that tells of the end
    const clock = new ManualClock()
    const deadline = Deadline.after(50, clock)
    expect(await executor.run(ref('bounded'), [], { deadline })).toBe('TimeoutError deadline')
    expect(clock.pending).toBe(0)
  })
})

describe('a deadline on a pool of this thread', () => {
  it('that has passed keeps the function from being called', async () => {
    const clock = new ManualClock()
    const pool = new LoopPool()
    await using executor = new PoolExecutor({ openPool: () => pool })
    const deadline = Deadline.after(5, clock)
    await clock.advance(5)
    expect(await rejection(executor.run(ref('left'), [], { deadline }))).toMatchObject({
      kind: 'deadline',
      timeoutMs: 5,
    })
    expect(pool.log).toEqual([])
  })

  it('counts in the queue, too', async () => {
    const clock = new ManualClock()
    await using executor = new PoolExecutor({ openPool: () => new LoopPool(), maxThreads: 1 })
    const started = new ThreadLatch(1)
    const controller = new AbortController()
    const first = executor.run(ref('untilCancelled'), [started.buffer], { signal: controller.signal })
    const second = rejection(executor.run(ref('left'), [], { deadline: Deadline.after(5, clock) }))
    await clock.advance(5)
    expect(await second).toMatchObject({ kind: 'deadline' })
    expect(executor.stats()).toMatchObject({ queued: 0, ended: { 'timed-out': 1 } })
    controller.abort('enough')
    expect(await rejection(first)).toBe('enough')
  })

  it('leaves no timer when the call ends before it', async () => {
    const clock = new ManualClock()
    await using executor = new PoolExecutor({ openPool: () => new LoopPool() })
    await executor.run(ref('left'), [], { deadline: Deadline.after(5000, clock) })
    expect(clock.pending).toBe(0)
  })

  it.each([5, null, {}])('that is none, such as %o, is refused', async (deadline) => {
    await using executor = new PoolExecutor({ openPool: () => new LoopPool() })
    expect(await rejection(executor.run(ref('left'), [], { deadline: deadline as never }))).toMatchObject({
      code: 'LOOP_OPTION',
      option: 'deadline',
    })
  })
})
