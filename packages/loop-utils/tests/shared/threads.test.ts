import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { QueueOverflowError } from '../../src/errors/index.ts'
import {
  ThreadBreaker,
  ThreadCounter,
  ThreadLatch,
  ThreadRateLimiter,
  ThreadSemaphore,
} from '../../src/shared/index.ts'
import { blockOn } from '../../src/shared/block-on.ts'
import { AtomicMemory } from '../../src/shared/atomic-memory.ts'
import { awaitOpen } from '../../src/shared/latch-protocol.ts'
import { must } from './must.ts'
import { result, startTask } from './worker.ts'

describe('across real threads', () => {
  it('ThreadSemaphore excludes threads that wait on loops and threads that block from one another', async () => {
    const times = 400
    const semaphore = new ThreadSemaphore(1)
    const plain = new SharedArrayBuffer(8)
    const words = new Int32Array(plain)
    const buffers = [semaphore.buffer, plain]
    const workers = [
      startTask('enterAsync', buffers, times),
      startTask('enterSync', buffers, times),
      startTask('enterSync', buffers, times),
    ]
    const ends = workers.map((worker) => result(worker))
    for (let turn = 0; turn < times; turn++) {
      await semaphore.run(
        () => {
          words[0] = (words[0] ?? 0) + 1
        },
        { ref: true },
      )
    }
    await Promise.all(ends)
    expect(words[0]).toBe(4 * times)
    expect(semaphore.available).toBe(1)
  })

  it('ThreadLatch starts threads that block, and tells a loop when they are done', async () => {
    const start = new ThreadLatch(1)
    const done = new ThreadLatch(2)
    const workers = [1, 2].map(() => startTask('countDown', [start.buffer, done.buffer]))
    const ends = Promise.all(workers.map((worker) => result(worker)))
    start.countDown()
    expect(await done.wait()).toBe(true)
    expect(await ends).toEqual([true, true])
  })

  it('ThreadCounter loses no addition, and wakes a loop that waits for the sum', async () => {
    const counter = new ThreadCounter()
    const worker = startTask('increment', [counter.buffer], 50_000)
    const end = result(worker)
    await once(worker, 'online')
    for (let turn = 0; turn < 50_000; turn++) counter.increment()
    expect(await counter.waitFor({ atLeast: 100_000 }, { ref: true })).toBe(100_000)
    await end
  })

  it('blocking waits end by time with their own answers and errors', async () => {
    const latch = new ThreadLatch(1)
    const seen = await result(startTask('timeOut', [latch.buffer]))
    expect(seen).toEqual(['false', 'undefined', '3', 'TimeoutError', 2])
  })

  it('a blocking wait is woken by another thread', async () => {
    const done = new ThreadLatch(1)
    const worker = startTask('countDown', [new ThreadLatch(0).buffer, done.buffer])
    const memory = AtomicMemory.attach(done.buffer, { name: 'ThreadLatch', tag: 0x780a_7c01, bytes: 16 })
    expect(blockOn(memory, () => awaitOpen(memory), 10_000)).toEqual({ isInTime: true, value: true })
    await result(worker)
  })

  it('ThreadBreaker refuses in one thread what failed in another', async () => {
    const breaker = new ThreadBreaker({ failures: 5 })
    expect(await result(startTask('fail', [breaker.buffer], 4))).toBe('closed')
    breaker.tryAcquire()?.failure()
    expect(breaker.state).toBe('open')
    expect(breaker.tryAcquire()).toBeNull()
  })

  it('ThreadBreaker lets as many probes through as it may, of all threads together', async () => {
    const breaker = new ThreadBreaker({ failures: 1, halfOpenAfterMs: 0, halfOpen: { probes: 3 } })
    const start = new ThreadLatch(1)
    breaker.tryAcquire()?.failure()
    const workers = [1, 2].map(() => startTask('probe', [breaker.buffer, start.buffer]))
    await Promise.all(workers.map((worker) => once(worker, 'online')))
    const ends = Promise.all(workers.map((worker) => result(worker)))
    start.countDown()
    const admitted = (await ends) as number[]
    expect(admitted.reduce((sum, count) => sum + count, 0)).toBe(3)
  })

  it('ThreadRateLimiter keeps its rate over all threads', async () => {
    const burst = 5
    const limiter = new ThreadRateLimiter({ limit: 1000, burst: burst - 1 })
    const start = new ThreadLatch(1)
    const workers = [1, 2].map(() => startTask('acquireRate', [limiter.buffer, start.buffer], 20_000))
    await Promise.all(workers.map((worker) => once(worker, 'online')))
    const ends = Promise.all(workers.map((worker) => result(worker)))
    start.countDown()
    const spans = ((await ends) as number[][]).flatMap((times) =>
      Array.from(
        { length: times.length / 2 },
        (_, index) => [times[2 * index] ?? 0, times[2 * index + 1] ?? 0] as const,
      ),
    )
    expect(spans.length).toBeGreaterThan(burst)
    // each was admitted between its two times: a window holds for certain what begins and ends in it
    const begins = spans.map(([asked]) => asked).toSorted((a, b) => a - b)
    for (const from of begins.slice(0, 200)) {
      const inside = spans.filter(([asked]) => asked >= from).toSorted((a, b) => a[1] - b[1])
      for (const [index, [, answered]] of inside.entries()) {
        must(index + 1 <= burst + (answered - from) + 1e-3, `${index + 1} in ${answered - from} ms`)
      }
    }
  })

  it.each([
    ['is terminated', async (worker: Worker) => void (await worker.terminate())],
    ['exits by itself', async (worker: Worker) => worker.postMessage('exit')],
  ])('gives back what a thread held that %s', async (_, end) => {
    const semaphore = new ThreadSemaphore(1)
    const ready = new ThreadLatch(1)
    const worker = startTask('die', [semaphore.buffer, ready.buffer])
    semaphore.reclaimAtExit(worker)
    await ready.wait()
    expect(semaphore.tryAcquire()).toBeUndefined()
    const waiting = semaphore.acquire()
    await end(worker)
    const permit = await waiting
    expect(semaphore.available).toBe(0)
    permit.release()
    expect(semaphore.available).toBe(1)
  })

  it('keeps what a dead thread held when nobody reclaims it', async () => {
    const semaphore = new ThreadSemaphore(1)
    const ready = new ThreadLatch(1)
    const worker = startTask('die', [semaphore.buffer, ready.buffer])
    const { threadId } = worker
    const watch = semaphore.reclaimAtExit(worker)
    watch[Symbol.dispose]()
    await ready.wait()
    await worker.terminate()
    expect(semaphore.tryAcquire()).toBeUndefined()
    expect(semaphore.reclaim(threadId)).toBe(1)
    expect(semaphore.available).toBe(1)
  })

  it.each(['waitForEver', 'waitSyncForEver'] as const)(
    'is not disturbed by a thread that dies waiting: %s',
    async (task) => {
      const semaphore = new ThreadSemaphore(1)
      const held = await semaphore.acquire()
      const ready = new ThreadLatch(1)
      const worker = startTask(task, [semaphore.buffer, ready.buffer])
      semaphore.reclaimAtExit(worker)
      await ready.wait()
      const waiting = semaphore.acquire()
      await worker.terminate()
      held.release()
      const permit = await waiting
      permit.release()
      expect(semaphore.available).toBe(1)
    },
  )

  it('refuses more threads than it was made for', async () => {
    const semaphore = new ThreadSemaphore(1, { maxThreads: 1 })
    const worker = startTask('waitForEver', [semaphore.buffer, new ThreadLatch(1).buffer])
    const [error] = (await once(worker, 'error')) as [Error]
    expect(error).toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW' })
    expect(new QueueOverflowError({ queue: 'threads of thread semaphore', capacity: 1 }).message).toBe(error.message)
  })
})

describe('a loop with nothing else to do', () => {
  /** Runs a module text in a process of its own, from sources. */
  async function run(text: string): Promise<{ code: number | null; output: string }> {
    const index = new URL('../../src/shared/index.ts', import.meta.url).href
    const source = `import { ThreadLatch } from '${index}'\n${text}`
    const child = spawn(process.execPath, [...process.execArgv, '--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, output }
  }

  it('ends although a wait without reference is pending, and stays for one with a reference', async () => {
    const loose = run(`void new ThreadLatch(1).wait({ timeoutMs: 1e6 }).then(() => console.log('settled'))`)
    const firm = run(
      `const latch = new ThreadLatch(1)
      setTimeout(() => latch.countDown(), 50).unref()
      console.log(await latch.wait({ ref: true }))`,
    )
    expect(await loose).toEqual({ code: 0, output: '' })
    expect(await firm).toEqual({ code: 0, output: 'true\n' })
  })
})
