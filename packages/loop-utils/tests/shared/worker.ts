import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { SharedTask } from './shared.thread.ts'

/** Starts a worker on a task; the test terminates or awaits it. */
export function startTask(task: SharedTask['task'], buffers: readonly SharedArrayBuffer[], times?: number): Worker {
  const workerData: SharedTask = { task, buffers, ...(times === undefined ? {} : { times }) }
  return new Worker(new URL('./shared.thread.js', import.meta.url), { workerData })
}

/** Resolves with what the task returned, once its worker has ended. */
export async function result(worker: Worker): Promise<unknown> {
  const [[value]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [[unknown], unknown]
  return value
}
