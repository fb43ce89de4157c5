import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { seeded } from '../../src/clock/index.ts'
import { PoolExecutor } from '../../src/executor/index.ts'
import { ThreadCounter } from '../../src/shared/index.ts'
import { LoopPool } from './loop-pool.ts'
import type * as tasks from './tasks.thread.ts'

const module = new URL('./tasks.thread.js', import.meta.url)
const ref = (name: keyof typeof tasks): { module: URL; export: string } => ({ module, export: name })

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Runs one of the scripts in `process.thread.ts` in a process of its own. */
async function runProcess(script: string, ...flags: string[]): Promise<{ code: number | null; output: string }> {
  const main = fileURLToPath(new URL('./process.thread.ts', import.meta.url))
  const args = [...process.execArgv, ...flags, main, script]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

describe('the threads of an executor', () => {
  const executors: PoolExecutor[] = []
  const open = (options: ConstructorParameters<typeof PoolExecutor>[0]): PoolExecutor => {
    const executor = new PoolExecutor(options)
    executors.push(executor)
    return executor
  }
  afterEach(async () => {
    await Promise.all(executors.splice(0).map((executor) => executor.close({ drain: false })))
  })

  it('start with the first call, as few as are needed, and are gone after close', async () => {
    const executor = open({ maxThreads: 2 })
    const ids = await Promise.all([1, 2, 3, 4].map(() => executor.run(ref('whichThread'), [])))
    expect(new Set(ids).size).toBeLessThanOrEqual(2)
    const beats = new ThreadCounter()
    await executor.run(ref('beat'), [beats.buffer])
    await beats.waitFor({ atLeast: 5 }, { ref: true })
    await executor.close()
    const { value } = beats
    await pause(30)
    expect(beats.value).toBe(value)
  })

  it('end by themselves when they are idle, and start again', async () => {
    const executor = open({ maxThreads: 1, idleTimeoutMs: 1 })
    const first = await executor.run(ref('whichThread'), [])
    let next = first
    while (next === first) {
      await pause(20)
      next = await executor.run(ref('whichThread'), [])
    }
    expect(next).toBeGreaterThan(0)
  })

  it('do not call a function that was aborted before they had started', async () => {
    const executor = open({ maxThreads: 1, graceMs: 10_000 })
    const counter = new ThreadCounter()
    const controller = new AbortController()
    const call = executor.run(ref('count'), [counter.buffer], { signal: controller.signal })
    expect(executor.stats()).toMatchObject({ queued: 0, running: 1 })
    controller.abort('changed my mind')
    await expect(call).rejects.toBe('changed my mind')
    expect(await executor.run(ref('add'), [1, 2])).toBe(3)
    expect(counter.value).toBe(0)
  })

  it('hold a process as long as they run something, and not longer', async () => {
    const { code, output } = await runProcess('idle')
    expect({ code, output }).toEqual({ code: 0, output: '3\n7\n' })
  })

  it('that die as they start leave no call waiting', async () => {
    // in the pool's threads, but not in the one of the module hooks
    const flag = `data:text/javascript,if (String(process.argv[1]).includes('piscina')) throw new Error('no threads today')`
    const { code, output } = await runProcess('withoutThreads', '--import', flag)
    const lines = 'told of no threads today\nLOOP_WORKER_CRASHED false\n'
    expect({ code, output }).toEqual({ code: 0, output: lines + lines })
  })

  it('come from a package that one is told to install', async () => {
    const { code, output } = await runProcess('withoutPiscina')
    const line =
      'LOOP_POOL_MISSING package piscina is not installed; run npm install piscina@5, or give another pool ' +
      'ERR_MODULE_NOT_FOUND\n'
    expect({ code, output }).toEqual({ code: 0, output: line + line })
  })

  it('may be those of another pool', async () => {
    const pool = new LoopPool()
    const executor = open({ openPool: () => pool, maxThreads: 1, graceMs: 0 })
    expect(await Promise.all([executor.run(ref('add'), [1, 2]), executor.run(ref('later'), ['x'])])).toEqual([3, 'x'])
    const controller = new AbortController()
    const call = executor.run(ref('never'), [], { signal: controller.signal })
    await pause(5)
    controller.abort('enough')
    await expect(call).rejects.toBe('enough')
    expect(await executor.run(ref('add'), [1, 2])).toBe(3)
    await executor.close()
    expect(pool.log).toEqual(['run', 'run', 'run', 'run', 'close'])
  })

  it('are asked for again after a pool could not be opened', async () => {
    const pool = new LoopPool()
    let tries = 0
    const executor = open({
      maxThreads: 1,
      openPool: () => {
        tries++
        if (tries === 1) throw new Error('no threads today')
        return pool
      },
    })
    await expect(executor.run(ref('add'), [1, 2])).rejects.toThrow('no threads today')
    expect(await executor.run(ref('add'), [1, 2])).toBe(3)
    expect(executor.stats().ended).toMatchObject({ failed: 1, completed: 1 })
  })

  it('settle every call properly, whatever happens on them', async () => {
    const random = seeded(3)
    const executor = open({ maxThreads: 2, graceMs: 0, maxQueue: 1000, onError: () => undefined })
    const calls = Array.from({ length: 60 }, (_, n) => {
      const dice = random()
      if (dice < 0.03) return { expected: 'LOOP_WORKER_CRASHED', call: executor.run(ref('exit'), [1]) }
      if (dice < 0.06)
        return { expected: 'LOOP_TIMEOUT', call: executor.run(ref('spinDeafAlone'), [], { timeoutMs: 1 }) }
      if (dice < 0.2) return { expected: 'E_BAD', call: executor.run(ref('failPlainly'), []) }
      const controller = new AbortController()
      if (dice < 0.4) setTimeout(() => controller.abort(), random() * 300)
      return { expected: n, call: executor.run(ref('later'), [n], { signal: controller.signal }), controller }
    })
    const outcomes = await Promise.allSettled(calls.map(({ call }) => call))
    const faults = calls.filter(({ expected, controller }, index) => {
      const outcome = outcomes[index]
      if (outcome?.status !== 'rejected') return outcome?.value !== expected
      const isAborted = controller?.signal.aborted === true && outcome.reason === controller.signal.reason
      return !isAborted && (outcome.reason as { code?: unknown }).code !== expected
    })
    expect(faults).toEqual([])
    const { ended, queued } = executor.stats()
    expect(Object.values(ended).reduce((sum, count) => sum + count, 0)).toBe(60)
    expect(queued).toBe(0)
    expect(ended.crashed).toBeGreaterThan(0)
    expect(await executor.run(ref('add'), [1, 2])).toBe(3)
  })
})
