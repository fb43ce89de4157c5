import { once } from 'node:events'
import { MessageChannel, type Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PoolCrash, PoolExecutor, type PoolJob, type WorkerPool } from '../../src/executor/index.ts'
import { openPiscinaPool, type PiscinaPoolOptions } from '../../src/executor/piscina-pool.ts'
import type { TaskMessage } from '../../src/executor/run-task.ts'
import { TaskControl } from '../../src/executor/task-control.ts'
import { ThreadLatch } from '../../src/shared/index.ts'
import { rejection, settled } from '../settled.ts'
import { warning } from '../warning.ts'
import type * as tasks from './tasks.thread.ts'

const module = new URL('./tasks.thread.js', import.meta.url).href

/** A job, and what ends its thread. */
function job(
  name: keyof typeof tasks,
  args: readonly unknown[],
  transfer: PoolJob['transfer'] = [],
): PoolJob & { readonly killer: AbortController } {
  const killer = new AbortController()
  const message: TaskMessage = {
    ref: { module, export: name },
    args,
    control: new TaskControl().buffer,
    timeoutMs: Infinity,
  }
  return { message, transfer, kill: killer.signal, killer }
}

describe('a pool of piscina', () => {
  const pools: WorkerPool[] = []
  const workers: Worker[] = []
  const errors: unknown[] = []
  const note = (worker: Worker): void => void workers.push(worker)
  beforeEach(() => {
    process.on('worker', note)
  })
  afterEach(async () => {
    process.off('worker', note)
    await Promise.all(pools.splice(0).map((pool) => pool.close()))
    workers.length = 0
    errors.length = 0
  })

  async function open(options: Partial<PiscinaPoolOptions> = {}): Promise<WorkerPool> {
    const pool = await openPiscinaPool({
      minThreads: 0,
      maxThreads: 1,
      idleTimeoutMs: 60_000,
      resourceLimits: undefined,
      entry: new URL('../../src/executor/piscina.thread.js', import.meta.url),
      onError: (error) => errors.push(error),
      ...options,
    })
    pools.push(pool)
    return pool
  }

  /** Waits until an idle thread has died. */
  async function death(): Promise<void> {
    while (errors.length === 0) await new Promise((resolve) => setImmediate(resolve))
  }

  it('runs each job on a thread, starts as many as are needed, and ends them all', async () => {
    const pool = await open({ maxThreads: 2 })
    expect(pool.maxThreads).toBe(2)
    const [started, end] = [new ThreadLatch(2), new ThreadLatch(1)]
    const jobs = [1, 2].map(() => pool.run(job('hold', [started.buffer, end.buffer])))
    await started.wait({ ref: true })
    end.countDown()
    const outcomes = (await Promise.all(jobs)) as { type: string; value: number }[]
    expect(outcomes.map(({ type }) => type)).toEqual(['value', 'value'])
    expect(new Set(outcomes.map(({ value }) => value))).toEqual(new Set(workers.map(({ threadId }) => threadId)))
    await pool.close()
    expect(workers.map(({ threadId }) => threadId)).toEqual([-1, -1])
    expect(errors).toEqual([])
  })

  it('keeps its least number of threads from the start, with the limits they are to have', async () => {
    await open({ minThreads: 2, maxThreads: 3, resourceLimits: { maxOldGenerationSizeMb: 64 } })
    while (workers.length < 2) await new Promise((resolve) => setImmediate(resolve))
    expect(workers.map(({ resourceLimits }) => resourceLimits?.maxOldGenerationSizeMb)).toEqual([64, 64])
  })

  it('ends a thread that has nothing to do after its time', async () => {
    const pool = await open({ idleTimeoutMs: 1 })
    await pool.run(job('add', [1, 2]))
    const [worker] = workers
    if (worker?.threadId !== -1) await once(worker as Worker, 'exit')
    expect(await pool.run(job('add', [3, 4]))).toEqual({ type: 'value', value: 7 })
    expect(workers).toHaveLength(2)
  })

  it('moves what a job brings, and what its function gives back', async () => {
    const pool = await open()
    const bytes = new Uint8Array(16)
    expect(await pool.run(job('size', [bytes], [bytes.buffer]))).toEqual({ type: 'value', value: 16 })
    expect(bytes.byteLength).toBe(0)
    expect(await pool.run(job('makeBytes', [2]))).toEqual({ type: 'value', value: new Uint8Array([7, 7]) })
  })

  it('gives an error back that is the value of a function, as far as it can be cloned', async () => {
    const pool = await open()
    const { value } = (await pool.run(job('describeFailure', []))) as { value: unknown }
    expect(value).toBeInstanceOf(RangeError)
    expect(Object.keys(value as object)).toEqual([])
  })

  it('ends a thread without delay when its job is killed, and starts another', async () => {
    const pool = await open()
    const started = new ThreadLatch(1)
    const deaf = job('spinDeaf', [started.buffer])
    const run = rejection(pool.run(deaf))
    await started.wait({ ref: true })
    deaf.killer.abort()
    const crash = await run
    expect(crash).toBeInstanceOf(PoolCrash)
    expect(crash).toMatchObject({
      name: 'PoolCrash',
      exitCode: 1,
      message: 'worker thread ended with exit code 1',
      cause: { name: 'AbortError' },
    })
    expect(await pool.run(job('add', [1, 2]))).toEqual({ type: 'value', value: 3 })
    expect(workers).toHaveLength(2)
  })

  it('tells by which code a thread ended', async () => {
    const pool = await open()
    expect(await rejection(pool.run(job('exit', [23])))).toMatchObject({
      name: 'PoolCrash',
      exitCode: 23,
      message: 'worker thread ended with exit code 23',
      cause: { message: 'worker exited with code: 23' },
    })
    expect(errors).toEqual([])
  })

  it.each(['leaveBomb', 'leaveOddBomb'] as const)('tells of which error a thread died: %s', async (bomb) => {
    const pool = await open()
    const [fuse, started] = [new ThreadLatch(1), new ThreadLatch(1)]
    await pool.run(job(bomb, [fuse.buffer]))
    const run = rejection(pool.run(job('hang', [started.buffer])))
    await started.wait({ ref: true })
    fuse.countDown()
    expect(await run).toMatchObject({ name: 'PoolCrash', exitCode: 1, cause: { message: 'left behind' } })
    expect(errors).toEqual([])
  })

  it('rejects a job that cannot be posted with what the engine says, and its thread lives on', async () => {
    const pool = await open()
    await pool.run(job('add', [1, 2]))
    const { port1, port2 } = new MessageChannel()
    expect(await rejection(pool.run(job('later', [() => 1])))).toMatchObject({ name: 'DataCloneError' })
    expect(await rejection(pool.run(job('later', [port1])))).toMatchObject({
      message: expect.stringContaining('not listed in transferList'),
    })
    expect(await pool.run(job('portName', [port1], [port1]))).toMatchObject({ value: 'MessagePort' })
    expect(workers).toHaveLength(1)
    port2.close()
  })

  it('tells of an idle thread that dies, and spares what runs on another', async () => {
    const pool = await open({ maxThreads: 2 })
    const [fuse, started, end] = [new ThreadLatch(1), new ThreadLatch(1), new ThreadLatch(1)]
    // the second job is on a thread of its own, as the first one lasts
    const held = settled(pool.run(job('hold', [started.buffer, end.buffer])))
    await started.wait({ ref: true })
    await pool.run(job('leaveBomb', [fuse.buffer]))
    fuse.countDown()
    await death()
    end.countDown()
    expect(await held).toMatchObject({ status: 'fulfilled', value: { type: 'value' } })
    expect(errors).toMatchObject([{ message: 'left behind' }])
    expect(await pool.run(job('add', [1, 2]))).toEqual({ type: 'value', value: 3 })
  })

  it('whose threads die as they start rejects what waits for one', async () => {
    const dying = (worker: Worker): void => void worker.emit('error', new Error('no threads today'))
    process.on('worker', dying)
    const pool = await open()
    const crash = await rejection(pool.run(job('add', [1, 2])))
    process.off('worker', dying)
    expect(crash).toMatchObject({ name: 'PoolCrash', exitCode: 1, cause: { message: 'no threads today' } })
    expect(errors).toMatchObject([{ message: 'no threads today' }])
    await Promise.all(workers.map((worker) => worker.terminate()))
  })
})

describe('an executor whose idle thread dies', () => {
  const ref = (name: keyof typeof tasks): { module: string; export: string } => ({ module, export: name })

  /** Has a thread die that has nothing to do. */
  async function bomb(executor: PoolExecutor): Promise<void> {
    const fuse = new ThreadLatch(1)
    await executor.run(ref('leaveBomb'), [fuse.buffer])
    fuse.countDown()
  }

  it('tells the process when nobody else wants to know', async () => {
    const executor = new PoolExecutor({ maxThreads: 1 })
    const told = warning('an idle thread of an executor threw Error: left behind')
    await bomb(executor)
    expect(await told).toMatchObject({ name: 'StrayErrorWarning', code: 'LOOP_STRAY_ERROR' })
    await executor.close()
  })

  it('tells whoever wants to know, and the process when he fails', async () => {
    const errors: unknown[] = []
    const executor = new PoolExecutor({
      maxThreads: 1,
      onError: (error) => {
        errors.push(error)
        throw new RangeError('no good')
      },
    })
    const told = warning('onError threw RangeError: no good')
    await bomb(executor)
    await told
    expect(errors).toMatchObject([{ message: 'left behind' }])
    expect(await executor.run(ref('add'), [1, 2])).toBe(3)
    await executor.close()
  })
})
