import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { Dispatcher, attachPoster } from '../../src/dispatch/index.ts'
import { Threads, exitOf, messageOf, spin, turns, upTo } from './threads.ts'

const threads = new Threads()
afterEach(() => threads.end())

describe('posters in threads of their own', () => {
  it('keeps one order for events, posts and calls of a poster, in each of four threads at once', async () => {
    await using dispatcher = new Dispatcher()
    const got: Record<string, number[]> = {}
    dispatcher.register({ take: (poster: string, value: number) => (got[poster] ??= []).push(value) && undefined })
    const names = ['a', 'b', 'c', 'd']
    const workers = names.map((name) =>
      threads.connect(dispatcher, { job: 'mixed', name, count: 2000 }, { credit: 200 }),
    )
    await Promise.all(workers.map((worker) => messageOf(worker)))
    for (const name of names) expect(got[name]).toEqual(upTo(2000))
    expect(dispatcher.stats()).toMatchObject({ delivered: 8000, accepted: 8000, depth: 0 })
  })

  it('lets a worker that has nothing else to do end by itself once its poster is closed', async () => {
    await using dispatcher = new Dispatcher()
    const got: number[] = []
    dispatcher.register({ take: (_poster: string, value: number) => got.push(value) })
    const worker = threads.connect(dispatcher, { job: 'post', name: 'p', count: 300 }, { credit: 10 })
    expect(await exitOf(worker)).toBe(0)
    expect(got).toEqual(upTo(300))
    await turns()
    expect(dispatcher.stats().posters).toBe(0)
  })

  it('never lets more wait than the credit, for threads that block in emit', async () => {
    await using dispatcher = new Dispatcher()
    const got: Record<string, number[]> = {}
    let deepest = 0
    dispatcher.register({
      take: (poster: string, value: number) => {
        ;(got[poster] ??= []).push(value)
        deepest = Math.max(deepest, dispatcher.depth)
        if (value % 500 === 0) spin(1)
      },
    })
    const names = ['a', 'b']
    const workers = names.map((name) => threads.connect(dispatcher, { job: 'emit', name, count: 5000 }, { credit: 40 }))
    await Promise.all(workers.map((worker) => messageOf(worker)))
    for (const name of names) expect(got[name]).toEqual(upTo(5000))
    expect(deepest).toBeLessThanOrEqual(80)
    expect(dispatcher.stats().maxDepth).toBeLessThanOrEqual(80)
  })

  it('is another thread for a poster in a worker', async () => {
    const threads = new Threads()
    await using dispatcher = new Dispatcher()
    const got: unknown[] = []
    dispatcher.register({ take: (...args: unknown[]) => got.push(args) })
    const worker = threads.connect(dispatcher, { job: 'emit', name: 'w', count: 1 })
    await messageOf(worker)
    expect(got).toEqual([['w', 0]])
    await threads.end()
  })
})

describe('callSync', () => {
  it('blocks the worker for the answer, and throws what the handler threw', async () => {
    await using dispatcher = new Dispatcher()
    dispatcher.register({
      double: async (value: number) => value * 2,
      fail: () => {
        throw new RangeError('out of range')
      },
    })
    const worker = threads.connect(dispatcher, { job: 'call-sync', name: 'sync', count: 200 }, { credit: 2 })
    expect(await messageOf(worker)).toEqual({
      sum: 199 * 200,
      failure: { code: undefined, name: 'RangeError', message: 'out of range' },
    })
  })

  it('times out', async () => {
    await using dispatcher = new Dispatcher()
    dispatcher.register({ never: () => new Promise(() => undefined) })
    const worker = threads.connect(dispatcher, { job: 'call-sync-never', name: 'late', timeoutMs: 20 })
    await messageOf(worker)
    expect(await messageOf(worker)).toMatchObject({ code: 'LOOP_TIMEOUT' })
    await worker.terminate()
  })
})

describe('a worker that serves', () => {
  it('is reached from the main thread', async () => {
    const worker = new Worker(new URL('./poster.thread.js', import.meta.url), {
      ...(() => {
        const handle = new Dispatcher().connect()
        return { workerData: { handle, name: 's', job: 'serve' }, transferList: [...handle.ports] }
      })(),
    })
    const [handle] = (await once(worker, 'message')) as [Parameters<typeof attachPoster>[0]]
    const poster = attachPoster(handle)
    expect(await poster.call('double', [4 as never])).toBe(8)
    await poster.close()
    await worker.terminate()
  })
})
