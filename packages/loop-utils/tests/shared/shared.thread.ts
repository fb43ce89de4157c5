import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../src/clock/index.ts'
import {
  ThreadBreaker,
  ThreadCounter,
  ThreadLatch,
  ThreadRateLimiter,
  ThreadSemaphore,
} from '../../src/shared/index.ts'

/** What a test has its worker do. */
export interface SharedTask {
  readonly task: keyof typeof tasks
  readonly buffers: readonly SharedArrayBuffer[]
  readonly times?: number
}

type Buffers = readonly [SharedArrayBuffer, SharedArrayBuffer, SharedArrayBuffer]

function bump(plain: Int32Array): void {
  // no atomic step on purpose: two threads inside lose additions
  const before = plain[0] ?? 0
  for (let turn = 0; turn < 20; turn++) plain[1] = turn
  plain[0] = before + 1
}

const tasks = {
  async enterAsync([semaphoreBuffer, plainBuffer]: Buffers, times: number): Promise<void> {
    const semaphore = new ThreadSemaphore(semaphoreBuffer)
    const plain = new Int32Array(plainBuffer)
    for (let turn = 0; turn < times; turn++) await semaphore.run(() => bump(plain), { ref: true })
  },
  enterSync([semaphoreBuffer, plainBuffer]: Buffers, times: number): void {
    const semaphore = new ThreadSemaphore(semaphoreBuffer)
    const plain = new Int32Array(plainBuffer)
    for (let turn = 0; turn < times; turn++) {
      using permit = semaphore.acquireSync()
      bump(plain)
      if (permit.isReleased) throw new Error('released too early')
    }
  },
  countDown([start, done]: Buffers): boolean {
    const isStarted = new ThreadLatch(start).waitSync(10_000)
    new ThreadLatch(done).countDown()
    return isStarted
  },
  timeOut([start]: Buffers): unknown {
    const semaphore = new ThreadSemaphore(2)
    const permit = semaphore.acquireSync({ permits: 2 })
    const name = (body: () => unknown): string => {
      try {
        return String(body())
      } catch (error) {
        return (error as Error).name
      }
    }
    const seen = [
      name(() => new ThreadLatch(start).waitSync(5)),
      name(() => new ThreadCounter(1).waitForSync({ atLeast: 2 }, 5)),
      name(() => new ThreadCounter(3).waitForSync({ atLeast: 2 })),
      name(() => semaphore.acquireSync({ timeoutMs: 5 })),
    ]
    permit.release()
    return [...seen, semaphore.available]
  },
  increment([counterBuffer]: Buffers, times: number): void {
    const counter = new ThreadCounter(counterBuffer)
    for (let turn = 0; turn < times; turn++) counter.increment()
  },
  fail([breakerBuffer]: Buffers, times: number): string {
    const breaker = new ThreadBreaker(breakerBuffer)
    for (let turn = 0; turn < times; turn++) breaker.tryAcquire()?.failure()
    return breaker.state
  },
  probe([breakerBuffer, startBuffer]: Buffers): number {
    const breaker = new ThreadBreaker(breakerBuffer)
    new ThreadLatch(startBuffer).waitSync()
    let admitted = 0
    for (let turn = 0; turn < 1000; turn++) if (breaker.tryAcquire() !== null) admitted++
    return admitted
  },
  async acquireRate([limiterBuffer, startBuffer]: Buffers, times: number): Promise<number[]> {
    const limiter = new ThreadRateLimiter(limiterBuffer)
    new ThreadLatch(startBuffer).waitSync()
    const admitted: number[] = []
    for (let turn = 0; turn < times; turn++) {
      const asked = systemClock.now()
      // the limiter reads the time between these two
      if (limiter.tryAcquire()) admitted.push(asked, systemClock.now())
      if (turn % 100 === 0) await new Promise<void>((resolve) => setImmediate(resolve))
    }
    return admitted
  },
  async die([semaphoreBuffer, readyBuffer]: Buffers): Promise<void> {
    const permit = await new ThreadSemaphore(semaphoreBuffer).acquire()
    new ThreadLatch(readyBuffer).countDown()
    parentPort?.once('message', () => process.exit(3))
    setTimeout(() => permit.release(), 1_000_000)
  },
  async waitForEver([semaphoreBuffer, readyBuffer]: Buffers): Promise<void> {
    const waiting = new ThreadSemaphore(semaphoreBuffer).acquire({ ref: true })
    new ThreadLatch(readyBuffer).countDown()
    await waiting
  },
  waitSyncForEver([semaphoreBuffer, readyBuffer]: Buffers): void {
    new ThreadLatch(readyBuffer).countDown()
    new ThreadSemaphore(semaphoreBuffer).acquireSync()
  },
}

const { task, buffers, times = 1 } = workerData as SharedTask
parentPort?.postMessage(await tasks[task](buffers as Buffers, times))
