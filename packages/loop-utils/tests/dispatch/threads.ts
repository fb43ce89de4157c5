import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Dispatcher } from '../../src/dispatch/index.ts'
import type { PosterPlan, TestHandlers } from './poster.thread.ts'

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** Starts poster threads, and ends those that a test leaves behind. */
export class Threads {
  readonly #workers: Worker[] = []

  start(plan: PosterPlan): Worker {
    const worker = new Worker(new URL('./poster.thread.js', import.meta.url), {
      workerData: plan,
      transferList: [...plan.handle.ports],
      stderr: true,
    })
    // a thread that throws on purpose is no failure of the test
    worker.on('error', () => undefined)
    this.#workers.push(worker)
    return worker
  }

  /** Connects and starts in one go. */
  connect(
    dispatcher: Dispatcher,
    plan: DistributiveOmit<PosterPlan, 'handle'>,
    options: Parameters<Dispatcher['connect']>[0] = {},
  ): Worker {
    const handle = dispatcher.connect<TestHandlers>({ name: plan.name, ...options })
    return this.start({ ...plan, handle })
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.terminate()))
  }
}

/** The next message of a worker. */
export async function messageOf(worker: Worker): Promise<unknown> {
  const [message] = (await once(worker, 'message')) as [unknown]
  return message
}

/** Resolves with the exit code. */
export function exitOf(worker: Worker): Promise<number> {
  return new Promise((resolve) => {
    worker.once('exit', resolve)
  })
}

/** Numbers 0…count-1. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

/** Lets a few turns of the loop pass, in which timers and I/O run. */
export async function turns(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Keeps this thread busy. */
export function spin(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until) {
    // busy
  }
}
