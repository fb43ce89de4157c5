import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { createPortLane, type LaneHandles, openLaneReader, openLaneWriter } from '../../src/lane/index.ts'
import { LaneControl } from '../../src/lane/control-words.ts'
import { Collector, turns, upTo } from './collector.ts'
import type { LanePlan } from './lane.thread.ts'

const workers: Worker[] = []

function start(plan: LanePlan): Worker {
  const ports = [...('writer' in plan ? [plan.writer.port] : []), ...('reader' in plan ? [plan.reader.port] : [])]
  const worker = new Worker(new URL('./lane.thread.js', import.meta.url), {
    workerData: plan,
    transferList: ports,
    stderr: true,
  })
  worker.on('error', () => undefined)
  workers.push(worker)
  return worker
}

function committedBy(handles: LaneHandles): number {
  return new LaneControl(handles.reader.control).committed
}

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()))
})

describe('a lane between threads', () => {
  it('carries items from a worker to the main thread, with backpressure', async () => {
    const handles = createPortLane({ highWaterMark: 64 })
    const got = new Collector<number>()
    const reader = openLaneReader<number>(handles.reader)
    let deepest = 0
    reader.open({ item: (value) => got.item(value), end: (reason) => got.end(reason) })
    start({ job: 'write', writer: handles.writer, count: 20_000, burst: 5000 })
    const watch = setInterval(() => (deepest = Math.max(deepest, reader.depth)), 1)
    expect(await got.ended).toBe('writer-died')
    clearInterval(watch)
    expect(got.items).toEqual(upTo(20_000))
    expect(deepest).toBeLessThanOrEqual(64)
  })

  it('lets a worker block for room, and ends when it closes', async () => {
    const handles = createPortLane({ highWaterMark: 32 })
    const got = new Collector<number>()
    const reader = openLaneReader<number>(handles.reader)
    reader.open(got)
    const worker = start({ job: 'write-blocking', writer: handles.writer, count: 20_000 })
    const [answer] = (await once(worker, 'message')) as [unknown]
    expect(answer).toEqual({ isOpen: true })
    expect(await got.ended).toBe('writer-closed')
    expect(got.items).toEqual(upTo(20_000))
  })

  it('releases a worker that blocks for room when the reader closes', async () => {
    const handles = createPortLane({ highWaterMark: 8 })
    const reader = openLaneReader<number>(handles.reader)
    const worker = start({ job: 'write-blocking', writer: handles.writer, count: 1000 })
    while (reader.depth < 8) await turns()
    reader.close()
    const [answer] = (await once(worker, 'message')) as [unknown]
    expect(answer).toEqual({ isOpen: false })
  })

  it('releases a worker that blocks for room when the thread of the reader dies', async () => {
    const handles = createPortLane({ highWaterMark: 8 })
    const readerThread = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads')
       globalThis.kept = workerData
       parentPort.postMessage('up')
       setInterval(() => undefined, 1000)`,
      { eval: true, workerData: handles.reader, transferList: [handles.reader.port] },
    )
    workers.push(readerThread)
    await once(readerThread, 'message')
    const worker = start({ job: 'write-blocking', writer: handles.writer, count: 1000 })
    const answer = once(worker, 'message')
    while (committedBy(handles) < 8) await turns()
    await readerThread.terminate()
    expect(await answer).toEqual([{ isOpen: false }])
  })

  it('carries items from the main thread to a worker', async () => {
    const handles = createPortLane({ highWaterMark: 64 })
    const worker = start({ job: 'read', reader: handles.reader, isReferenced: true })
    await once(worker, 'message')
    const writer = openLaneWriter<number>(handles.writer)
    for (const i of upTo(10_000)) {
      if (!writer.write(i)) await writer.writable()
    }
    writer.close()
    const exited = once(worker, 'exit') // it may come in the very turn of the last message
    const [answer] = (await once(worker, 'message')) as [unknown]
    expect(answer).toEqual({ reason: 'writer-closed', count: 10_000, sum: (10_000 * 9999) / 2 })
    await exited
  })

  it('carries items from worker to worker', async () => {
    const handles = createPortLane({ highWaterMark: 64 })
    const reading = start({ job: 'read', reader: handles.reader, isReferenced: true })
    await once(reading, 'message')
    start({ job: 'write', writer: handles.writer, count: 5000, burst: 500 })
    const [answer] = (await once(reading, 'message')) as [unknown]
    expect(answer).toEqual({ reason: 'writer-died', count: 5000, sum: (5000 * 4999) / 2 })
  })

  it('goes there and back in order', async () => {
    const there = createPortLane()
    const back = createPortLane()
    start({ job: 'echo', reader: there.reader, writer: back.writer })
    const writer = openLaneWriter<unknown>(there.writer)
    const got = new Collector<unknown>()
    openLaneReader<unknown>(back.reader).open(got)
    const items = upTo(3000).map((i) => (i % 3 === 0 ? i : i % 3 === 1 ? ['tuple', i] : { id: i, at: new Date(i) }))
    for (const item of items) if (!writer.write(item)) await writer.writable()
    writer.close()
    expect(await got.ended).toBe('writer-closed')
    expect(got.items).toEqual(items)
  })

  it('does not keep a worker alive unless referenced', async () => {
    const handles = createPortLane()
    const worker = start({ job: 'read', reader: handles.reader, isReferenced: false })
    const writer = openLaneWriter<number>(handles.writer)
    const [code] = (await once(worker, 'exit')) as [number]
    expect(code).toBe(0)
    while (writer.isOpen) await turns()
  })

  it.each(['exit', 'throw', 'idle'] as const)(
    'delivers all that was committed when its writer dies by %s',
    async (death) => {
      const handles = createPortLane({ highWaterMark: 100_000 })
      const got = new Collector<number>()
      const reader = openLaneReader<number>(handles.reader)
      const worker = start({ job: 'write-and-die', writer: handles.writer, count: 5000, burst: 1000, death })
      const exited = once(worker, 'exit').catch(() => undefined)
      if (death === 'idle') {
        await once(worker, 'message')
        await worker.terminate()
      }
      await exited
      reader.open(got)
      reader.writerDied()
      expect(await got.ended).toBe('writer-died')
      expect(got.items.length).toBeGreaterThanOrEqual(committedBy(handles))
      expect(got.items).toEqual(upTo(5000))
    },
  )
})
