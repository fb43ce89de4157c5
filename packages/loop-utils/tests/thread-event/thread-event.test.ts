import { getEventListeners, once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { ThreadEvent } from '../../src/dispatch/index.ts'
import { blockUntilChanged } from '../../src/thread-event/block-until-changed.ts'

const workers: Worker[] = []
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()))
})

function start(event: ThreadEvent, job: string, timeoutMs?: number): { worker: Worker; ready: ThreadEvent } {
  const ready = new ThreadEvent()
  const worker = new Worker(new URL('./waiter.thread.js', import.meta.url), {
    workerData: { event: event.buffer, ready: ready.buffer, job, timeoutMs },
  })
  workers.push(worker)
  return { worker, ready }
}

async function messageOf(worker: Worker): Promise<unknown> {
  const [message] = (await once(worker, 'message')) as [unknown]
  return message
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('blocking until a word has changed', () => {
  it('ends by a change, and by the time given', () => {
    const words = new Int32Array(new SharedArrayBuffer(4))
    expect(blockUntilChanged({ words, index: 0, value: 1 }, 10_000)).toBe(true)
    expect(blockUntilChanged({ words, index: 0, value: 0 }, 2)).toBe(false)
  })
})

describe('a thread event', () => {
  it('is set, seen and cleared through every view of it', () => {
    const event = new ThreadEvent()
    const view = new ThreadEvent(event.buffer)
    expect([event.isSet, view.isSet]).toEqual([false, false])
    view.set()
    view.set()
    expect([event.isSet, view.isSet]).toEqual([true, true])
    event.clear()
    expect([event.isSet, view.isSet]).toEqual([false, false])
  })

  it('does not wait when it is set', async () => {
    const event = new ThreadEvent()
    event.set()
    expect(await event.wait()).toBe(true)
  })

  it('is awaited on the loop that sets it, by many at once', async () => {
    const event = new ThreadEvent()
    const waits = Array.from({ length: 50 }, () => event.wait({ ref: true }))
    setTimeout(() => event.set(), 1)
    expect(await Promise.all(waits)).toEqual(Array.from({ length: 50 }, () => true))
  })

  it('releases those who wait though it is cleared at once', async () => {
    const event = new ThreadEvent()
    const waiting = event.wait({ ref: true, timeoutMs: 10_000 })
    event.set()
    event.clear()
    expect(await waiting).toBe(true)
    expect(event.isSet).toBe(false)
    expect(await event.wait({ timeoutMs: 1, ref: true })).toBe(false)
  })

  it('releases those who wait, and only those, by a pulse', async () => {
    const event = new ThreadEvent()
    const waiting = event.wait({ ref: true, timeoutMs: 10_000 })
    event.pulse()
    expect(await waiting).toBe(true)
    expect(event.isSet).toBe(false)
    expect(await event.wait({ timeoutMs: 1, ref: true })).toBe(false)
  })

  it('gives up after the time given, and leaves no timer behind', async () => {
    const event = new ThreadEvent()
    const before = timers()
    expect(await event.wait({ timeoutMs: 0 })).toBe(false)
    expect(await event.wait({ timeoutMs: 5, ref: true })).toBe(false)
    expect(timers()).toBe(before)
  })

  it('rejects with the reason of the signal, keeps the others waiting, and leaves no listener behind', async () => {
    const event = new ThreadEvent()
    const before = timers()
    const controller = new AbortController()
    const reason = new Error('enough')
    const other = event.wait({ ref: true })
    const given = event.wait({ signal: controller.signal, ref: true })
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
    controller.abort(reason)
    await expect(given).rejects.toBe(reason)
    await expect(event.wait({ signal: controller.signal })).rejects.toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    let isReleased = false
    void other.then(() => (isReleased = true))
    await pause(5)
    expect(isReleased).toBe(false)
    event.set()
    expect(await other).toBe(true)
    expect(timers()).toBe(before)
  })

  it('is set by another thread', async () => {
    const event = new ThreadEvent()
    start(event, 'set')
    expect(await event.wait({ timeoutMs: 15_000, ref: true })).toBe(true)
  })

  it.each(['wait', 'wait-sync'])('releases another thread in %s', async (job) => {
    const event = new ThreadEvent()
    const { worker, ready } = start(event, job)
    await ready.wait({ ref: true })
    const told = messageOf(worker)
    // until the thread really waits, a pulse may come too early for it
    const timer = setInterval(() => event.pulse(), 5)
    expect(await told).toBe(true)
    clearInterval(timer)
  })

  it('gives up after the time given in another thread', async () => {
    const event = new ThreadEvent()
    expect(await messageOf(start(event, 'wait-sync', 10).worker)).toBe(false)
    expect(await messageOf(start(event, 'wait', 10).worker)).toBe(false)
  })

  it('does not wake a blocked thread for good when somebody else aborts', async () => {
    const event = new ThreadEvent()
    const { worker, ready } = start(event, 'wait-sync')
    const told = messageOf(worker)
    await ready.wait({ ref: true })
    await pause(20)
    const controller = new AbortController()
    const given = event.wait({ signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(given).rejects.toThrow('enough')
    let isReleased = false
    void told.then(() => (isReleased = true))
    await pause(20)
    expect(isReleased).toBe(false)
    event.set()
    expect(await told).toBe(true)
  })

  it('lets a thread end that awaits it without ref', async () => {
    const { worker } = start(new ThreadEvent(), 'idle-wait')
    const [code] = (await once(worker, 'exit')) as [number]
    expect([0, 13]).toContain(code)
  })

  it('refuses what is no buffer of an event, and unusable options', async () => {
    expect(() => new ThreadEvent(new SharedArrayBuffer(4))).toThrow(expect.objectContaining({ code: 'LOOP_OPTION' }))
    expect(() => new ThreadEvent(new ArrayBuffer(8) as never)).toThrow(expect.objectContaining({ option: 'buffer' }))
    const event = new ThreadEvent()
    expect(() => event.wait({ timeoutMs: -1 })).toThrow(expect.objectContaining({ option: 'timeoutMs' }))
    expect(() => event.wait({ signal: {} as AbortSignal })).toThrow(expect.objectContaining({ option: 'signal' }))
    expect(() => event.waitSync(Number.NaN)).toThrow(expect.objectContaining({ option: 'timeoutMs' }))
    expect(await event.wait({ timeoutMs: 0 })).toBe(false)
  })
})
