import { describe, expect, it } from 'vitest'
import { PoolCrash, type PoolJob, type WorkerPool } from '../../src/executor/index.ts'
import type { TaskMessage } from '../../src/executor/run-task.ts'
import { TaskControl } from '../../src/executor/task-control.ts'
import { ThreadLatch } from '../../src/shared/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { rejection, settled } from '../settled.ts'
import { END, hang, idle, NONE, open, type Opened, ref, turns } from './loop-executor.ts'
import { LoopPool } from './loop-pool.ts'

// How calls end for their callers, and what that leaves behind: on pools of this thread, by a clock of the test's.

/** A pool whose threads run nothing: each job ends by an error, after its function has begun or before. */
class FailingPool implements WorkerPool {
  readonly maxThreads = 1
  readonly messages: TaskMessage[] = []
  readonly #error: unknown
  readonly #begins: boolean

  constructor(error: unknown, begins = false) {
    this.#error = error
    this.#begins = begins
  }

  async run({ message }: PoolJob): Promise<unknown> {
    const task = message as TaskMessage
    this.messages.push(task)
    if (this.#begins) new TaskControl(task.control).begin()
    throw this.#error
  }

  async close(): Promise<void> {}
}

describe('the end of a call', () => {
  it('is told and counted: by value, by error, by abort, by timeout, by close', async () => {
    const { clock, executor, told } = open()
    const controller = new AbortController()
    await executor.run(ref('add'), [1, 2])
    await rejection(executor.run(ref('failPlainly'), []))
    const aborted = await hang(executor, { signal: controller.signal })
    const queued = settled(executor.run(ref('add'), [1, 2], { signal: controller.signal }))
    controller.abort('enough')
    await Promise.all([aborted.end, queued])
    await clock.advance(100)
    await idle(executor)
    const late = await hang(executor, { timeoutMs: 7 })
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(7)
    await late.end
    await clock.advance(100)
    await idle(executor)
    const last = await hang(executor)
    const closed = executor.close({ drain: false })
    await last.end
    await clock.advance(100)
    await closed
    const end = (task: string, how: string, hasBegun: boolean) => [END, { task, end: how, hasBegun }]
    expect(told).toEqual([
      end('add', 'completed', true),
      end('failPlainly', 'failed', true),
      end('hang', 'aborted', true),
      end('add', 'aborted', false),
      end('hang', 'timed-out', true),
      end('hang', 'closed', true),
    ])
    expect(executor.stats()).toEqual({
      queued: 0,
      running: 0,
      ended: { ...NONE, completed: 1, failed: 1, aborted: 2, 'timed-out': 1, closed: 1 },
    })
    expect(clock.pending).toBe(0)
  })

  it('is counted once, whatever else happens to the call later', async () => {
    const { clock, executor } = open()
    const controller = new AbortController()
    const { signal } = controller
    const { end } = await hang(executor, { signal, timeoutMs: 5, deadline: Deadline.after(5, clock) })
    controller.abort('first')
    // its limits are forgotten: only its grace is left
    expect(clock.pending).toBe(1)
    const closed = executor.close({ drain: false })
    await clock.advance(100)
    expect(await end).toBe('first')
    expect(await closed).toEqual({ completed: 0, discarded: 0, cancelled: 0 })
    expect(executor.stats().ended).toEqual({ ...NONE, aborted: 1 })
  })

  it('is not changed by an abort that comes later', async () => {
    const { executor, told } = open()
    const controller = new AbortController()
    expect(await executor.run(ref('add'), [1, 2], { signal: controller.signal })).toBe(3)
    controller.abort()
    await executor.close()
    expect(told).toEqual([[END, { task: 'add', end: 'completed', hasBegun: true }]])
  })

  it('leaves no timer when it had no limits and was not on a thread', async () => {
    const { clock, executor } = open()
    const controller = new AbortController()
    const { end } = await hang(executor)
    const queued = rejection(executor.run(ref('add'), [1, 2], { signal: controller.signal }))
    controller.abort('enough')
    expect(await queued).toBe('enough')
    expect(clock.pending).toBe(0)
    const closed = executor.close({ drain: false })
    await clock.advance(100)
    await Promise.all([end, closed])
  })

  it('leaves no timer when it is given up just as its function begins', async () => {
    const { clock, executor } = open()
    const controller = new AbortController()
    const abort = (): void => controller.abort('enough')
    const call = executor.run(ref('callThenHang'), [abort], { signal: controller.signal, timeoutMs: 1000 })
    expect(await rejection(call)).toBe('enough')
    await turns()
    // its grace
    expect(clock.pending).toBe(1)
    await clock.advance(100)
    expect(clock.pending).toBe(0)
    await executor.close()
  })

  it('leaves no timer of its limits', async () => {
    const { clock, executor } = open()
    const limits = { timeoutMs: 1000, queueTimeoutMs: 1000, deadline: Deadline.after(1000, clock) }
    expect(await executor.run(ref('later'), [1], limits)).toBe(1)
    await rejection(executor.run(ref('failPlainly'), [], limits))
    await rejection(executor.run(ref('add'), [], { ...limits, signal: AbortSignal.abort('before') }))
    expect(clock.pending).toBe(0)
    await executor.close()
  })
})

describe('a call whose time is up', () => {
  it('says what took too long: its function, or the wait for it', async () => {
    const { clock, executor } = open({ graceMs: 0 })
    const slow = await hang(executor, { timeoutMs: 20 })
    const waiting = rejection(executor.run(ref('add'), [1, 2], { queueTimeoutMs: 10, timeoutMs: 1 }))
    while (clock.pending < 2) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(9)
    expect(executor.stats()).toMatchObject({ queued: 1, running: 1 })
    await clock.advance(1)
    expect(await waiting).toMatchObject({
      code: 'LOOP_TIMEOUT',
      kind: 'call',
      timeoutMs: 10,
      message: expect.stringContaining("start of task 'add' timed out after 10 ms (call)") as string,
    })
    expect(executor.stats()).toMatchObject({ queued: 0, running: 1, ended: { 'timed-out': 1 } })
    await clock.advance(10)
    expect(await slow.end).toMatchObject({
      code: 'LOOP_TIMEOUT',
      kind: 'call',
      timeoutMs: 20,
      message: expect.stringMatching(/^task 'hang' timed out after 20 ms \(call\)/) as string,
    })
    await clock.advance(0)
    await executor.close()
  })

  it('says so when its deadline had passed before', async () => {
    const { clock, executor, pool, told } = open()
    const deadline = Deadline.after(5, clock)
    await clock.advance(5)
    expect(await rejection(executor.run(ref('add'), [1, 2], { deadline }))).toMatchObject({
      kind: 'deadline',
      timeoutMs: 5,
      message: expect.stringMatching(/^task 'add' timed out after 5 ms \(deadline\)/) as string,
    })
    expect([pool.log, told, executor.stats().ended]).toEqual([[], [], NONE])
  })
})

describe('a call that its caller gives up', () => {
  it.each<[how: string, cause: string, (opened: Opened, controller: AbortController) => unknown]>([
    ['is aborted', 'aborted', (_, controller) => controller.abort()],
    ['is out of time', 'timed-out', ({ clock }) => clock.advance(50)],
    ['is rejected by a close', 'closed', ({ executor }) => void executor.close({ drain: false })],
  ])('that %s tells its function why, and only then', async (_, cause, act) => {
    const opened = open()
    const { clock, executor, pool } = opened
    const controller = new AbortController()
    const { end } = await hang(executor, { signal: controller.signal, deadline: Deadline.after(50, clock) })
    const control = new TaskControl(pool.messages[0]?.control)
    expect(control.cancelCause).toBe('none')
    await act(opened, controller)
    await end
    expect(control.cancelCause).toBe(cause)
    await clock.advance(100)
    await executor.close()
  })

  it('is not called when it was given up before its pool was open', async () => {
    let give!: (pool: LoopPool) => void
    const pool = new LoopPool()
    const opening = new Promise<LoopPool>((resolve) => {
      give = resolve
    })
    const { clock, executor } = open({ openPool: () => opening })
    const limits = { queueTimeoutMs: 3, timeoutMs: 50 }
    const call = rejection(executor.run(ref('hang'), [new ThreadLatch(1).buffer], limits))
    await clock.advance(3)
    expect(await call).toMatchObject({ timeoutMs: 3 })
    give(pool)
    await idle(executor)
    await turns()
    expect(new TaskControl(pool.messages[0]?.control).hasBegun).toBe(false)
    expect(clock.pending).toBe(0)
    await executor.close()
  })
})

describe('a call whose thread ends', () => {
  it('is told how, and that its function did not run', async () => {
    const cause = new RangeError('no memory')
    const pool = new FailingPool(new PoolCrash(9, cause))
    const { clock, executor, told } = open({ openPool: () => pool })
    const crash = await rejection(executor.run(ref('add'), [1, 2], { timeoutMs: 100, queueTimeoutMs: 100 }))
    expect(crash).toMatchObject({ code: 'LOOP_WORKER_CRASHED', exitCode: 9, maybeExecuted: false, cause })
    expect(told).toEqual([[END, { task: 'add', end: 'crashed', hasBegun: false }]])
    await turns()
    expect([executor.stats().ended, clock.pending]).toEqual([{ ...NONE, crashed: 1 }, 0])
    // neither does the engine wait for it any more
    const cells = new Int32Array(pool.messages[0]?.control ?? failed())
    expect(Array.from(cells, (_, index) => Atomics.notify(cells, index))).toEqual([0, 0, 0, 0])
    await executor.close()
  })

  it('is told what could not cross, when the function was not called for that', async () => {
    const refusal = new DOMException('refused', 'DataCloneError')
    const { executor, told } = open({ openPool: () => new FailingPool(refusal) })
    expect(await rejection(executor.run(ref('add'), [1, { deep: [() => 1] }]))).toMatchObject({
      code: 'LOOP_NOT_PLAIN',
      path: 'args[1].deep[0]',
      found: 'a function',
    })
    expect(await rejection(executor.run(ref('add'), [1, 2]))).toMatchObject({
      path: 'args',
      found: 'not clonable (DataCloneError: refused)',
    })
    expect(told).toEqual([1, 2].map(() => [END, { task: 'add', end: 'failed', hasBegun: false }]))
    await executor.close()
  })

  it('after its function has begun is a crash whatever it ended by', async () => {
    const cause = new DOMException('refused', 'DataCloneError')
    const { executor } = open({ openPool: () => new FailingPool(cause, true) })
    expect(await rejection(executor.run(ref('add'), [() => 1]))).toMatchObject({
      code: 'LOOP_WORKER_CRASHED',
      exitCode: 1,
      maybeExecuted: true,
      cause,
    })
    await executor.close()
  })
})

function failed(): never {
  throw new Error('the pool was given no job')
}
