import type { Worker } from 'node:worker_threads'

interface Watch {
  readonly callbacks: Set<(exitCode: number) => void>
  readonly onExit: (exitCode: number) => void
}

const watches = new WeakMap<Worker, Watch>()

/**
 * Calls back when the worker exits, unless what is returned is disposed of before. However many ask, the worker has one
 * listener for all: of more than ten Node warns as of a leak.
 */
export function onWorkerExit(worker: Worker, callback: (exitCode: number) => void): Disposable {
  const { callbacks, onExit } = watches.get(worker) ?? watch(worker)
  callbacks.add(callback)
  return {
    [Symbol.dispose]: () => {
      if (!callbacks.delete(callback) || callbacks.size > 0) return
      worker.off('exit', onExit)
      watches.delete(worker)
    },
  }
}

function watch(worker: Worker): Watch {
  const callbacks = new Set<(exitCode: number) => void>()
  const onExit = (exitCode: number): void => {
    watches.delete(worker)
    for (const callback of callbacks) callback(exitCode)
    callbacks.clear()
  }
  worker.once('exit', onExit)
  const made: Watch = { callbacks, onExit }
  watches.set(worker, made)
  return made
}
