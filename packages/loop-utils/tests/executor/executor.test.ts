import { MessageChannel } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ModuleRefError } from '../../src/channel/module-ref.ts'
import { ManualClock } from '../../src/clock/index.ts'
import {
  NotPlainError,
  OptionError,
  QueueOverflowError,
  TimeoutError,
  WorkerCrashedError,
} from '../../src/errors/index.ts'
import { ExecutorClosedError, PoolExecutor, runInExecutor, defaultExecutor } from '../../src/executor/index.ts'
import { ThreadCounter, ThreadLatch } from '../../src/shared/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { LoopPool } from './loop-pool.ts'
import type * as tasks from './tasks.thread.ts'

const module = new URL('./tasks.thread.js', import.meta.url)
const ref = (name: keyof typeof tasks): { module: URL; export: string } => ({ module, export: name })

/** What a promise rejects with. */
async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => 'nothing',
    (reason: unknown) => reason,
  )
}

describe('PoolExecutor', () => {
  const executor = new PoolExecutor({ maxThreads: 2, minThreads: 2, graceMs: 20 })
  beforeAll(async () => {
    await Promise.all([executor.run(ref('add'), [1, 2]), executor.run(ref('add'), [1, 2])])
  })
  afterAll(async () => {
    await executor.close()
  })

  it('runs exports of modules on other threads', async () => {
    expect(await executor.run(ref('add'), [1, 2])).toBe(3)
    expect(await executor.run(ref('later'), [{ deep: [1n, new Date(5)] }])).toEqual({ deep: [1n, new Date(5)] })
    expect(await executor.run(ref('whichThread'), [])).toBeGreaterThan(0)
  })

  it('brings errors back as what they were', async () => {
    const typed = await reasonOf(executor.run(ref('fail'), ['some.option']))
    expect(typed).toBeInstanceOf(OptionError)
    expect(typed).toMatchObject({ option: 'some.option' })
    const plain = await reasonOf(executor.run(ref('failPlainly'), []))
    expect(plain).toBeInstanceOf(TypeError)
    expect(plain).toMatchObject({ code: 'E_BAD', cause: new RangeError('inner') })
    expect((plain as Error).stack).toContain('tasks.thread')
    expect(await reasonOf(executor.run(ref('throwText'), []))).toBe('just text')
  })

  it('refuses modules and exports that are not there', async () => {
    const gone = { module: new URL('./gone.js', import.meta.url), export: 'x' }
    expect(await reasonOf(executor.run(gone, []))).toBeInstanceOf(ModuleRefError)
    const broken = { module: new URL('./broken.thread.js', import.meta.url), export: 'x' }
    expect(await reasonOf(executor.run(broken, []))).toMatchObject({ cause: { message: 'this module does not load' } })
    expect(await reasonOf(executor.run({ module, export: 'gone' }, []))).toBeInstanceOf(ModuleRefError)
    expect(await reasonOf(executor.run(ref('notAFunction'), []))).toBeInstanceOf(OptionError)
  })

  it('names the argument or part of a result that cannot cross', async () => {
    const argument = await reasonOf(executor.run(ref('later'), [1, { list: new Map([['a', Symbol('s')]]) }]))
    expect(argument).toBeInstanceOf(NotPlainError)
    expect(argument).toMatchObject({ path: "args[1].list.get('a')", found: 'a symbol' })
    const result = await reasonOf(executor.run(ref('returnFunction'), []))
    expect(result).toMatchObject({ code: 'LOOP_NOT_PLAIN', path: 'result.items[1].callback' })
    expect(await executor.run(ref('add'), [2, 2])).toBe(4)
  })

  it('moves arguments and results instead of copying them', async () => {
    const bytes = new Uint8Array(1 << 20)
    expect(await executor.run(ref('size'), [bytes], { transfer: [bytes.buffer] })).toBe(1 << 20)
    expect(bytes.byteLength).toBe(0)
    const made = (await executor.run(ref('makeBytes'), [1 << 20])) as Uint8Array
    expect([made.byteLength, made[5]]).toEqual([1 << 20, 7])
    expect(await executor.run(ref('moveAndKeep'), [])).toBe(8)
    const again = executor.run(ref('size'), [bytes], { transfer: [bytes.buffer] })
    expect(await reasonOf(again)).toMatchObject({ code: 'LOOP_OPTION', option: 'transfer[0]' })
    expect(await reasonOf(executor.run(ref('moveTwice'), []))).toMatchObject({ option: 'list[0]' })
    const { port1 } = new MessageChannel()
    expect(await reasonOf(executor.run(ref('later'), [port1]))).toMatchObject({ path: 'args[0]' })
    expect(await executor.run(ref('portName'), [port1], { transfer: [port1] })).toBe('MessagePort')
    const twice = new ArrayBuffer(8)
    expect(await reasonOf(executor.run(ref('later'), [], { transfer: [twice, twice] }))).toMatchObject({
      code: 'LOOP_NOT_PLAIN',
      path: 'args',
    })
  })

  it('tells a function to stop when its caller aborts, and keeps its thread if it does', async () => {
    const started = new ThreadLatch(1)
    const counted = new CountedSignal()
    const reason = new Error('enough')
    const before = executor.stats().ended.crashed
    const call = executor.run(ref('spin'), [started.buffer], { signal: counted.signal })
    await started.wait({ ref: true })
    counted.controller.abort(reason)
    expect(await reasonOf(call)).toBe(reason)
    expect(counted.removed).toBe(counted.added)
    expect(await executor.run(ref('add'), [1, 1])).toBe(2)
    expect(executor.stats().ended.crashed).toBe(before)
    expect(await reasonOf(executor.run(ref('add'), [1, 1], { signal: counted.signal }))).toBe(reason)
  })

  it('aborts the signal of a function that waits, with a reason of its own kind', async () => {
    const heard = new ThreadCounter()
    // on a busy machine the thread may not come to hear of it for long
    await using executor = new PoolExecutor({ maxThreads: 1, graceMs: 60_000 })
    const abort = async (options: { signal?: AbortSignal; timeoutMs?: number }, act: () => void): Promise<unknown> => {
      const started = new ThreadLatch(1)
      const call = executor.run(ref('awaitAbort'), [started.buffer, heard.buffer], options)
      await started.wait({ ref: true })
      act()
      return await reasonOf(call)
    }
    const controller = new AbortController()
    expect(await abort({ signal: controller.signal }, () => controller.abort('mine'))).toBe('mine')
    expect(await heard.waitFor({ atLeast: 100 }, { ref: true })).toBe(100)
    expect(await abort({ timeoutMs: 5 }, () => undefined)).toMatchObject({ timeoutMs: 5, kind: 'call' })
    expect(await heard.waitFor({ atLeast: 101 }, { ref: true })).toBe(101)
  })

  it('ends the thread of a function that does not listen, and nobody else notices', async () => {
    const started = new ThreadLatch(2)
    const end = new ThreadLatch(1)
    const controller = new AbortController()
    const deaf = executor.run(ref('spinDeaf'), [started.buffer], { signal: controller.signal })
    const other = executor.run(ref('hold'), [started.buffer, end.buffer])
    const queued = [1, 2, 3].map((n) => executor.run(ref('add'), [n, n]))
    await started.wait({ ref: true })
    controller.abort()
    expect(await reasonOf(deaf)).toBe(controller.signal.reason)
    expect(await Promise.all(queued)).toEqual([2, 4, 6])
    end.countDown()
    expect(await other).toBeGreaterThan(0)
  })

  it('counts timeoutMs from the beginning of the function, and queueTimeoutMs until then', async () => {
    const clock = new ManualClock()
    const single = new PoolExecutor({ maxThreads: 1, clock })
    const [started, end] = [new ThreadLatch(1), new ThreadLatch(1)]
    const holder = single.run(ref('hold'), [started.buffer, end.buffer])
    await started.wait({ ref: true })
    const patient = single.run(ref('remaining'), [], { timeoutMs: 60_000 })
    const impatient = reasonOf(single.run(ref('add'), [1, 1], { queueTimeoutMs: 20 }))
    await clock.advance(100_000)
    expect(await impatient).toMatchObject({
      code: 'LOOP_TIMEOUT',
      timeoutMs: 20,
      message: expect.stringContaining("start of task 'add'") as string,
    })
    end.countDown()
    expect(await patient).toBeGreaterThan(0)
    await holder
    await single.close()
  })

  it('forgets queueTimeoutMs once the function has begun', async () => {
    const clock = new ManualClock()
    const single = new PoolExecutor({ maxThreads: 1, clock })
    const [begun, over] = [new ThreadLatch(1), new ThreadLatch(1)]
    const slow = single.run(ref('hold'), [begun.buffer, over.buffer], { queueTimeoutMs: 10 })
    await begun.wait({ ref: true })
    while (clock.pending > 0) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(10)
    over.countDown()
    expect(await slow).toBeGreaterThan(0)
    await single.close()
  })

  it('never calls a function that was aborted in the queue', async () => {
    const started = new ThreadLatch(2)
    const end = new ThreadLatch(1)
    const counter = new ThreadCounter()
    const holders = [1, 2].map(() => executor.run(ref('hold'), [started.buffer, end.buffer]))
    await started.wait({ ref: true })
    const controller = new AbortController()
    const calls = [1, 2, 3, 4].map((n) =>
      executor.run(ref('count'), [counter.buffer], n % 2 === 0 ? {} : { signal: controller.signal }),
    )
    expect(executor.stats()).toMatchObject({ queued: 4, running: 2 })
    controller.abort('not now')
    expect(executor.stats().queued).toBe(2)
    end.countDown()
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : 'called') as string)).toEqual([
      'not now',
      'called',
      'not now',
      'called',
    ])
    await Promise.all(holders)
    expect(counter.value).toBe(2)
  })

  // piscina 5.0 wedged its queue by this order (its issue 805)
  it('goes on whatever is aborted in whatever order', async () => {
    const order = [2, 0, 1]
    const single = new PoolExecutor({ maxThreads: 1, graceMs: 0 })
    const started = new ThreadLatch(1)
    const controllers = [0, 1, 2].map(() => new AbortController())
    const calls = controllers.map(({ signal }, index) =>
      index === 0
        ? single.run(ref('spinDeaf'), [started.buffer], { signal })
        : single.run(ref('add'), [index, index], { signal }),
    )
    const outcomes = Promise.allSettled(calls)
    await started.wait({ ref: true })
    for (const index of order) controllers[index]?.abort()
    const last = single.run(ref('add'), [5, 5])
    expect(await last).toBe(10)
    expect((await outcomes).map(({ status }) => status)).toEqual(
      [0, 1, 2].map((index) => (order.includes(index) ? 'rejected' : 'fulfilled')),
    )
    await single.close()
  })

  it.each([
    ['exits', ref('exit'), [7], 7],
    ['returns what only seemed to be clonable', ref('returnTrap'), [], 1],
  ] as const)('rejects with a typed error when the thread %s, and goes on', async (_, task, args, exitCode) => {
    const crash = await reasonOf(executor.run(task, args))
    expect(crash).toBeInstanceOf(WorkerCrashedError)
    expect(crash).toMatchObject({ exitCode, maybeExecuted: true })
    expect(await executor.run(ref('add'), [3, 4])).toBe(7)
  })

  it('rejects a later call with a typed error when what an earlier one left behind ends the thread', async () => {
    const single = new PoolExecutor({ maxThreads: 1 })
    const [fuse, started] = [new ThreadLatch(1), new ThreadLatch(1)]
    await single.run(ref('leaveBomb'), [fuse.buffer])
    const later = single.run(ref('awaitAbort'), [started.buffer, new ThreadCounter().buffer])
    await started.wait({ ref: true })
    fuse.countDown()
    const crash = await reasonOf(later)
    expect(crash).toMatchObject({ code: 'LOOP_WORKER_CRASHED', cause: { message: 'left behind' } })
    expect(await single.run(ref('add'), [3, 4])).toBe(7)
    await single.close()
  })

  it('survives a thread that runs out of memory', async () => {
    const small = new PoolExecutor({ maxThreads: 1, resourceLimits: { maxOldGenerationSizeMb: 40 } })
    const crash = await reasonOf(small.run(ref('exhaust'), []))
    expect(crash).toMatchObject({ code: 'LOOP_WORKER_CRASHED', cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' } })
    expect(await small.run(ref('add'), [3, 4])).toBe(7)
    await small.close()
  })

  it('tells of an idle thread that dies, and goes on', async () => {
    const errors: unknown[] = []
    const single = new PoolExecutor({ maxThreads: 1, onError: (error) => errors.push(error) })
    const fuse = new ThreadLatch(1)
    await single.run(ref('leaveBomb'), [fuse.buffer])
    fuse.countDown()
    while (errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(errors).toMatchObject([{ message: 'left behind' }])
    expect(await single.run(ref('add'), [3, 4])).toBe(7)
    await single.close()
  })

  it('bounds its queue, which may have no place at all', async () => {
    for (const maxQueue of [0, 1]) {
      const tight = new PoolExecutor({ maxThreads: 1, maxQueue, openPool: () => new LoopPool() })
      const calls = Array.from({ length: 1 + maxQueue }, (_, n) => tight.run(ref('add'), [n, n]))
      expect(await reasonOf(tight.run(ref('add'), [3, 3]))).toBeInstanceOf(QueueOverflowError)
      expect(await Promise.all(calls)).toEqual([0, 2].slice(0, 1 + maxQueue))
      await tight.close()
    }
  })

  it('refuses options and calls it cannot use', async () => {
    for (const options of [
      { maxThreads: 0 },
      { minThreads: 3, maxThreads: 2 },
      { maxQueue: -1 },
      { graceMs: -1 },
      { idleTimeoutMs: NaN },
      { threadEntry: 'x' as unknown as URL },
      { onError: 1 as unknown as () => void },
      { openPool: 1 as unknown as () => never },
    ]) {
      expect(() => new PoolExecutor(options)).toThrow(OptionError)
    }
    for (const call of [
      executor.run({ module: './relative.js', export: 'x' }, []),
      executor.run(ref('add'), 1 as unknown as []),
      executor.run(ref('add'), [], { timeoutMs: -1 }),
      executor.run(ref('add'), [], { queueTimeoutMs: NaN }),
      executor.run(ref('add'), [], { signal: {} as AbortSignal }),
      executor.run(ref('add'), [], { transfer: 1 as unknown as [] }),
    ]) {
      expect(await reasonOf(call)).toBeInstanceOf(OptionError)
    }
  })
})

describe('closing a PoolExecutor', () => {
  it('completes what it has accepted, then refuses', async () => {
    const executor = new PoolExecutor({ maxThreads: 1 })
    const calls = [1, 2, 3].map((n) => executor.run(ref('add'), [n, n]))
    const closed = executor.close()
    expect(executor.close()).toBe(closed)
    expect(executor.isClosed).toBe(true)
    expect(await reasonOf(executor.run(ref('add'), [1, 1]))).toBeInstanceOf(ExecutorClosedError)
    expect(await Promise.all(calls)).toEqual([2, 4, 6])
    expect(await closed).toEqual({ completed: 3, discarded: 0, cancelled: 0 })
  })

  it('rejects the rest with a typed error when the deadline is over, and ends every thread', async () => {
    const executor = new PoolExecutor({ maxThreads: 2, graceMs: 5 })
    const started = new ThreadLatch(2)
    const heeds = executor.run(ref('spin'), [started.buffer])
    const deaf = executor.run(ref('spinDeaf'), [started.buffer])
    const queued = executor.run(ref('add'), [1, 1])
    const outcomes = Promise.allSettled([heeds, deaf, queued])
    await started.wait({ ref: true })
    expect(await executor.close({ deadlineMs: 10 })).toEqual({ completed: 0, discarded: 1, cancelled: 2 })
    expect(await outcomes).toMatchObject([
      { reason: { code: 'LOOP_EXECUTOR_CLOSED', maybeExecuted: true } },
      { reason: { code: 'LOOP_EXECUTOR_CLOSED', maybeExecuted: true } },
      { reason: { code: 'LOOP_EXECUTOR_CLOSED', maybeExecuted: false } },
    ])
    expect(executor.stats()).toMatchObject({ queued: 0, running: 0 })
  })

  it('does not wait when it is not to drain', async () => {
    const executor = new PoolExecutor({ maxThreads: 1, graceMs: 0 })
    const started = new ThreadLatch(1)
    const deaf = reasonOf(executor.run(ref('spinDeaf'), [started.buffer]))
    await started.wait({ ref: true })
    expect(await executor.close({ drain: false, deadlineMs: 1e6 })).toMatchObject({ cancelled: 1 })
    expect(await deaf).toBeInstanceOf(ExecutorClosedError)
  })

  it('does nothing when it was never used, or asked for in a wrong way', async () => {
    const executor = new PoolExecutor()
    expect(await reasonOf(executor.close({ deadlineMs: -1 }))).toBeInstanceOf(OptionError)
    expect(await reasonOf(executor.close({ drain: 1 as unknown as boolean }))).toBeInstanceOf(OptionError)
    expect(executor.isClosed).toBe(false)
    await executor[Symbol.asyncDispose]()
    expect(await executor.close()).toEqual({ completed: 0, discarded: 0, cancelled: 0 })
  })
})

describe('runInExecutor', () => {
  it('runs on the executor that is given, with typed arguments', async () => {
    const executor = new PoolExecutor({ maxThreads: 1 })
    const sum: number = await runInExecutor<typeof tasks.add>(ref('add'), [1, 2], { executor })
    const left: number = await runInExecutor<typeof tasks.remaining>(ref('remaining'), [], { executor, timeoutMs: 1e4 })
    expect(sum).toBe(3)
    expect(left).toBeLessThanOrEqual(1e4)
    await executor.close()
    // @ts-expect-error -- the function takes two numbers
    const wrong = runInExecutor<typeof tasks.add>(ref('add'), ['1'], { executor })
    expect(await reasonOf(wrong)).toBeInstanceOf(ExecutorClosedError)
  })

  it('has a default executor, made anew after it was closed', async () => {
    const first = defaultExecutor()
    expect(defaultExecutor()).toBe(first)
    expect(await runInExecutor<typeof tasks.add>(ref('add'), [1, 2])).toBe(3)
    await first.close()
    const second = defaultExecutor()
    expect(second).not.toBe(first)
    expect(await runInExecutor<typeof tasks.add>(ref('add'), [1, 2])).toBe(3)
    await second.close()
  })

  it('measures by the clock that the executor was given', async () => {
    const clock = new ManualClock()
    const executor = new PoolExecutor({ maxThreads: 1, clock, graceMs: 0 })
    const started = new ThreadLatch(1)
    const call = executor.run(ref('spinDeaf'), [started.buffer], { timeoutMs: 1000 })
    await started.wait({ ref: true })
    while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    const [reason] = await Promise.all([reasonOf(call), clock.advance(1000)])
    expect(reason).toBeInstanceOf(TimeoutError)
    await clock.advance(0)
    await executor.close()
    expect(clock.pending).toBe(0)
  })
})
