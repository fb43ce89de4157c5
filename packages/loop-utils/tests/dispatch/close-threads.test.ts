import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { Dispatcher, type Poster, type PosterHandle, attachPoster } from '../../src/dispatch/index.ts'
import { Threads, exitOf, messageOf, turns, upTo } from './threads.ts'

const threads = new Threads()
afterEach(() => threads.end())

interface ServedHandlers {
  readonly [name: string]: (...args: never[]) => unknown
  double(value: number): number
  die(): void
  never(): Promise<number>
  fail(): never
}

/** A dispatcher that lives in a worker, and this thread's poster to it. */
async function served(options: {
  readonly isKnown: boolean
}): Promise<{ worker: Worker; poster: Poster<ServedHandlers> }> {
  const unused = new Dispatcher()
  const worker = threads.connect(unused, { job: 'serve', name: 'server' })
  const handle = (await messageOf(worker)) as PosterHandle<ServedHandlers>
  // its exit code is waited for as long as a busy machine takes
  return { worker, poster: attachPoster(handle, options.isKnown ? { worker, clock: new ManualClock() } : {}) }
}

describe('close', () => {
  it('delivers what every thread accepted, though it closes in the middle', async () => {
    const dispatcher = new Dispatcher()
    const got: number[] = []
    dispatcher.register({ take: (_poster: string, value: number) => got.push(value) })
    const worker = threads.connect(dispatcher, { job: 'flood', name: 'flood' }, { credit: 64 })
    const told: unknown[] = []
    worker.on('message', (message) => told.push(message))
    while (got.length < 500) await turns(1)
    const report = await dispatcher.close()
    while (told.length < 2) await turns(1)
    expect(report).toMatchObject({ discarded: 0, rejectedCalls: 0 })
    // the thread was blocked in emit or in between: it went on, and knows what was accepted
    expect(told[1]).toEqual({ accepted: got.length })
    expect(got).toEqual(upTo(got.length))
  })

  it('rejects posts that wait for credit when the thread of the dispatcher dies', async () => {
    const { worker, poster } = await served({ isKnown: false })
    const posts = Promise.allSettled(upTo(1500).map(() => poster.post('double', 1)))
    await worker.terminate()
    const settled = await posts
    const lost = settled.filter(({ status }) => status === 'rejected')
    expect(settled.length - lost.length).toBeGreaterThanOrEqual(1024)
    for (const post of lost)
      expect(post).toMatchObject({ reason: { code: expect.stringMatching(/LOOP_(WORKER|DISP)/) } })
    await poster.close()
  })

  it('releases a thread that is blocked in callSync', async () => {
    const dispatcher = new Dispatcher()
    dispatcher.register({ never: () => new Promise(() => undefined) })
    const worker = threads.connect(dispatcher, { job: 'call-sync-never', name: 'blocked' })
    expect(await messageOf(worker)).toBe('blocking')
    while (dispatcher.stats().runningCalls === 0) await turns(1)
    const told = messageOf(worker)
    const report = await dispatcher.close({ mode: 'discard' })
    expect(await told).toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED', name: 'DispatcherClosedError' })
    expect(report.rejectedCalls).toBe(1)
  })

  it('does not wait longer than its deadline for a thread that never comes back', async () => {
    const dispatcher = new Dispatcher()
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads')
       new Int32Array(workerData.state)[1] = 1 // as if a poster were attached
       parentPort.postMessage('busy')
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)`,
      ((handle) => ({ eval: true, workerData: handle, transferList: [...handle.ports] }))(dispatcher.connect()),
    )
    await messageOf(worker)
    expect(await dispatcher.close({ deadlineMs: 30 })).toEqual({ delivered: 0, discarded: 0, rejectedCalls: 0 })
    await worker.terminate()
  })

  it('tells callers when the thread of the dispatcher exits, with its exit code', async () => {
    const { worker, poster } = await served({ isKnown: true })
    expect(await poster.call('double', [4])).toBe(8)
    await expect(poster.call('fail', [])).rejects.toBeInstanceOf(RangeError)
    const exited = exitOf(worker)
    const pending = Promise.allSettled([poster.call('never', []), poster.call('never', [])])
    poster.emit('die')
    await exited
    const crash = { code: 'LOOP_WORKER_CRASHED', exitCode: 9, maybeExecuted: true, pendingCalls: 2 }
    expect(await pending).toMatchObject([{ reason: crash }, { reason: crash }])
    expect(poster.emit('die')).toBe(false)
    await expect(poster.call('double', [1])).rejects.toMatchObject({ code: 'LOOP_DISPATCHER_CLOSED' })
    await poster.close()
  })

  it('tells callers when the thread of the dispatcher is terminated, without knowing it', async () => {
    const { worker, poster } = await served({ isKnown: false })
    const pending = Promise.allSettled([poster.call('never', [])])
    await turns()
    await worker.terminate()
    expect(await pending).toMatchObject([{ reason: { code: 'LOOP_WORKER_CRASHED', exitCode: -1 } }])
    await poster.close()
  })

  it('aborts what a dead thread had called, and forgets the thread', async () => {
    await using dispatcher = new Dispatcher()
    const signals: (AbortSignal | undefined)[] = []
    dispatcher.register({
      never: () => {
        signals.push(dispatcher.callSignal)
        return new Promise(() => undefined)
      },
    })
    const worker = threads.connect(dispatcher, { job: 'call-sync-never', name: 'blocked' })
    while (signals.length === 0) await turns(1)
    await worker.terminate()
    while (dispatcher.stats().posters > 0) await turns(1)
    expect(signals[0]?.aborted).toBe(true)
    expect(dispatcher.stats().runningCalls).toBe(0)
  })
})
