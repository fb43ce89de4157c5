import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { Dispatcher, attachPoster } from '../../src/dispatch/index.ts'
import { onWorkerExit } from '../../src/host/worker-exit.ts'
import { ThreadSemaphore } from '../../src/shared/index.ts'

const workers: Worker[] = []
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()))
})

/** Exits with 3 once it is told to. */
function startWorker(): Worker {
  const worker = new Worker("require('node:worker_threads').parentPort.once('message', () => process.exit(3))", {
    eval: true,
  })
  workers.push(worker)
  return worker
}

const many = Array.from({ length: 12 }, (_, i) => i)

describe('the exit of a worker', () => {
  test('is told to all who asked, in their order, and to nobody who has called it off', async () => {
    const worker = startWorker()
    const told: string[] = []
    const watches = many.map((i) => onWorkerExit(worker, (code) => told.push(`${i}: ${code}`)))
    expect(worker.listenerCount('exit')).toBe(1)
    for (const watch of watches.slice(2)) watch[Symbol.dispose]()
    worker.postMessage('exit')
    await once(worker, 'exit')
    expect(told).toEqual(['0: 3', '1: 3'])
    watches[0]?.[Symbol.dispose]()
  })

  test('is listened to as long as somebody asks, and again', () => {
    const worker = startWorker()
    const watches = many.map(() => onWorkerExit(worker, () => undefined))
    for (const watch of watches) {
      expect(worker.listenerCount('exit')).toBe(1)
      watch[Symbol.dispose]()
    }
    expect(worker.listenerCount('exit')).toBe(0)
    const again = onWorkerExit(worker, () => undefined)
    watches[0]?.[Symbol.dispose]()
    expect(worker.listenerCount('exit')).toBe(1)
    again[Symbol.dispose]()
  })

  test('costs one listener for any number of posters and semaphores', async () => {
    const worker = startWorker()
    const dispatcher = new Dispatcher()
    const posters = many.map(() => attachPoster(dispatcher.connect(), { worker }))
    const watches = many.map(() => new ThreadSemaphore(1).reclaimAtExit(worker))
    expect(worker.listenerCount('exit')).toBe(1)
    await Promise.all(posters.map((poster) => poster.close()))
    for (const watch of watches) watch[Symbol.dispose]()
    expect(worker.listenerCount('exit')).toBe(0)
    await dispatcher.close()
  })
})
