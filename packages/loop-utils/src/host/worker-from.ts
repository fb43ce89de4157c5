import { Worker, type WorkerOptions } from 'node:worker_threads'

/** Starts a worker whose entry calls `serveEngines`. */
export type WorkerFactory = () => Worker

/**
 * A factory of workers for an entry elsewhere, as for a `threadEntry` option where a bundler has moved the package's
 * own. `execArgv` is left out on purpose: a worker inherits that of its process, loaders included.
 */
export function workerFrom(entry: URL | string, options: Omit<WorkerOptions, 'execArgv'> = {}): WorkerFactory {
  return () => new Worker(entry, options)
}
