import { getEventListeners } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Batch } from '../../src/lane/batch.ts'
import { LaneControl } from '../../src/lane/control-words.ts'
import { createPortLane, openLaneReader, openLaneWriter } from '../../src/lane/index.ts'
import { PortLiveness } from '../../src/lane/port-liveness.ts'
import { WritableWaiters } from '../../src/lane/writable-waiters.ts'
import { rejection } from '../settled.ts'
import { Collector, turns, upTo } from './collector.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** A writer, and how many items each batch has that reaches the other port. */
function openWriter(options: Parameters<typeof createPortLane>[0] = {}) {
  const handles = createPortLane({ highWaterMark: 10_000, ...options })
  const sizes: unknown[] = []
  handles.reader.port.on('message', (batch: Batch | null | 0) => sizes.push(Array.isArray(batch) ? batch[0] : batch))
  const writer = openLaneWriter<number>(handles.writer)
  const burst = async (items: number): Promise<unknown[]> => {
    for (const i of upTo(items)) writer.write(i)
    await turns()
    return sizes.splice(0)
  }
  return { handles, writer, burst, sizes, control: new LaneControl(handles.writer.control) }
}

describe('the batches of a writer', () => {
  it('grow within a burst, and begin small again after one that ended with few', async () => {
    const { burst, handles } = openWriter()
    expect(await burst(600)).toEqual([16, 32, 64, 128, 256, 104])
    expect(await burst(100)).toEqual([100])
    expect(await burst(260)).toEqual([256, 4])
    expect(await burst(20)).toEqual([16, 4])
    expect(await burst(15)).toEqual([15])
    handles.reader.port.close()
  })

  it('are no larger than the reader admits', async () => {
    const { burst, control, handles } = openWriter()
    control.batchLimit = 20
    expect(await burst(70)).toEqual([16, 20, 20, 14])
    control.batchLimit = 2
    expect(await burst(5)).toEqual([5])
    expect(await burst(5)).toEqual([2, 2, 1])
    handles.reader.port.close()
  })

  it('are counted when the port holds them, and end with the word that the lane ends', async () => {
    const { writer, control, sizes } = openWriter()
    for (const i of upTo(3)) writer.write(i)
    expect([writer.depth, control.committed]).toEqual([3, 0])
    writer.commit()
    writer.commit()
    expect(control.committed).toBe(3)
    writer.write(4)
    writer.close()
    writer.close()
    expect([control.committed, control.isWriterClosed, writer.isOpen]).toEqual([4, true, false])
    await turns()
    expect(sizes).toEqual([3, 1, null])
    expect(() => writer.write(5)).toThrow(expect.objectContaining({ end: 'writer-closed' }))
    expect(await rejection(writer.writable())).toMatchObject({ end: 'writer-closed' })
  })

  it('are taken as full at the high-water mark, and again below half of it', async () => {
    const handles = createPortLane({ highWaterMark: 4 })
    const writer = openLaneWriter<number>(handles.writer)
    const reader = openLaneReader<number>(handles.reader)
    expect(upTo(5).map((i) => writer.write(i))).toEqual([true, true, true, false, false])
    let isWritable = false
    const writable = writer.writable().then(() => (isWritable = true))
    const got = new Collector<number>((item) => {
      if (item === 2) reader.pause()
    })
    reader.open(got)
    await turns(5)
    expect([got.items.length, writer.depth, isWritable]).toEqual([3, 2, false])
    reader.resume()
    await writable
    expect(got.items).toEqual(upTo(5))
    await writer.writable()
    expect(reader.close()).toBe(0)
    await turns()
    expect(writer.isOpen).toBe(false)
    expect(() => writer.write(6)).toThrow(expect.objectContaining({ end: 'reader-closed' }))
  })
})

describe('the batches of a reader', () => {
  /** What becomes of the limit of batches when fetching each of three takes so long. */
  function limitAfter(fetchMs: number, limit: number): number {
    const handles = createPortLane()
    const writer = openLaneWriter<number>(handles.writer)
    const reader = openLaneReader<number>(handles.reader)
    const control = new LaneControl(handles.reader.control)
    control.batchLimit = limit
    for (const i of upTo(3)) {
      writer.write(i)
      writer.commit()
    }
    const got = new Collector<number>()
    reader.open(got)
    let now = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += fetchMs))
    reader.deliverSync(1000)
    clock.mockRestore()
    expect([got.items, reader.depth]).toEqual([[0, 1, 2], 0])
    const after = control.batchLimit
    reader.close()
    return after
  }

  it.each([
    [2, 256, 32],
    [2, 4, 1],
    [2, 1, 1],
    [1, 64, 64],
    [0.5, 64, 64],
    [0.25, 64, 64],
    [0.125, 4, 32],
    [0.125, 128, 256],
    [0.125, 256, 256],
  ])('that take %f ms to fetch change the limit of %i to %i', (fetchMs, limit, after) => {
    expect(limitAfter(fetchMs, limit)).toBe(after)
  })

  it('are discarded with what they hold when it closes, and counted', async () => {
    const handles = createPortLane()
    const writer = openLaneWriter<number>(handles.writer)
    const reader = openLaneReader<number>(handles.reader)
    for (const i of upTo(5)) writer.write(i)
    writer.commit()
    expect([reader.depth, reader.close(), reader.depth, reader.close()]).toEqual([5, 5, 0, 0])
    const got = new Collector<number>()
    reader.open(got)
    expect(await got.ended).toBe('reader-closed')
    expect([got.items, writer.isOpen]).toEqual([[], false])
  })

  it('are the last ones once the writer is known to be dead', async () => {
    const handles = createPortLane()
    const writer = openLaneWriter<number>(handles.writer)
    const reader = openLaneReader<number>(handles.reader)
    const got = new Collector<number>()
    reader.open(got)
    await turns()
    for (const i of upTo(40)) writer.write(i)
    writer.commit()
    reader.writerDied()
    expect(await got.ended).toBe('writer-died')
    expect(got.items).toEqual(upTo(40))
  })
})

describe('a look at the other end of a port', () => {
  it('is ever rarer, disturbs nobody, and tells when there is nobody', async () => {
    const { port1, port2 } = new MessageChannel()
    const seen: unknown[] = []
    port2.on('message', (message) => seen.push(message))
    const liveness = new PortLiveness(port1)
    expect(liveness.intervalMs).toBe(50)
    const intervals = upTo(6).map(() => [liveness.isPeerGone(), liveness.intervalMs])
    expect(intervals).toEqual([100, 200, 400, 800, 800, 800].map((ms) => [false, ms]))
    await turns()
    expect(seen).toEqual(upTo(6).map(() => [0, null]))
    const gone = new Promise((resolve) => port2.once('close', resolve))
    port2.close()
    await gone
    expect(liveness.isPeerGone()).toBe(true)
  })
})

describe('those who wait until a lane takes more', () => {
  it('are all told, or give up alone, and leave no listener', async () => {
    const waiters = new WritableWaiters()
    const [stays, leaves] = [new AbortController(), new AbortController()]
    const waiting = [waiters.add(stays.signal), waiters.add(undefined)]
    const leaving = rejection(waiters.add(leaves.signal))
    expect(await rejection(waiters.add(AbortSignal.abort('too late')))).toBe('too late')
    expect(waiters.size).toBe(3)
    leaves.abort('changed my mind')
    expect([await leaving, waiters.size]).toEqual(['changed my mind', 2])
    waiters.resolveAll()
    expect(await Promise.all(waiting)).toEqual([undefined, undefined])
    const rejected = [waiters.add(stays.signal), waiters.add(stays.signal)].map((wait) => rejection(wait))
    waiters.rejectAll('closed')
    expect([await Promise.all(rejected), waiters.size]).toEqual([['closed', 'closed'], 0])
    for (const { signal } of [stays, leaves]) expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
