import { Worker, type WorkerOptions } from 'node:worker_threads'
import { LoopHost } from '../../host/loop-host.ts'
import { ThreadHost } from '../../host/thread-host.ts'
import type { LawHostFactory } from './channel-law.ts'

/** Starts a worker that serves the conformance engine. */
export function startConformanceWorker(options: Pick<WorkerOptions, 'resourceLimits'> = {}): Worker {
  return new Worker(new URL('./conformance.thread.js', import.meta.url), options)
}

/** The three ways in which every law holds. */
export const lawHosts: Readonly<Record<'loop' | 'loop, cloned and frozen' | 'thread', LawHostFactory>> = {
  loop: (options) => new LoopHost(options),
  'loop, cloned and frozen': (options) => new LoopHost({ ...options, copy: 'clone-and-freeze' }),
  thread: (options) => new ThreadHost({ ...options, entry: () => startConformanceWorker() }),
}
