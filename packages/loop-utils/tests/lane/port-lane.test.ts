import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createPortLane, openLaneReader, openLaneWriter } from '../../src/lane/index.ts'
import { Collector, spin, turns, upTo } from './collector.ts'

function openBoth<T>(options: Parameters<typeof createPortLane>[0] = {}) {
  const handles = createPortLane(options)
  const refused: { item: T; error: unknown }[] = []
  return {
    handles,
    refused,
    writer: openLaneWriter<T>(handles.writer, {
      onRefused: (item, error) => {
        refused.push({ item, error })
        return undefined
      },
    }),
    reader: openLaneReader<T>(handles.reader),
  }
}

describe('a port lane with both ends in one thread', () => {
  it('leaves out what cannot cross, reports it, and delivers the rest in order', async () => {
    const { writer, reader, refused } = openBoth<unknown>()
    const got = new Collector<unknown>()
    reader.open(got)
    const bytes = new Uint8Array([7, 7])
    writer.write(['a', { x: 1 }])
    writer.write(['b', () => 1])
    writer.write(['c', bytes], [bytes.buffer])
    writer.write({ d: { deep: Symbol.iterator } })
    writer.write(['e', { x: 2 }])
    expect(writer.depth).toBe(5)
    await got.count(3)
    expect(got.items).toEqual([
      ['a', { x: 1 }],
      ['c', new Uint8Array([7, 7])],
      ['e', { x: 2 }],
    ])
    expect(refused.map(({ item }) => item)).toEqual([['b', expect.any(Function)], { d: { deep: Symbol.iterator } }])
    expect(refused[0]?.error).toMatchObject({ name: 'DataCloneError' })
    expect(writer.depth).toBe(0)
    reader.close()
  })

  it('puts what it is given in the place of what cannot cross', async () => {
    const handles = createPortLane()
    const writer = openLaneWriter<unknown>(handles.writer, { onRefused: () => 'instead' })
    const reader = openLaneReader<unknown>(handles.reader)
    const got = new Collector<unknown>()
    reader.open(got)
    for (const item of [1, () => 2, 3, [Symbol.iterator]]) writer.write(item)
    await got.count(4)
    expect(got.items).toEqual([1, 'instead', 3, 'instead'])
    expect(writer.depth).toBe(0)
    reader.close()
  })

  it('throws from commit what cannot cross when nobody takes refusals', async () => {
    const handles = createPortLane()
    const writer = openLaneWriter<unknown>(handles.writer)
    const reader = openLaneReader<unknown>(handles.reader)
    const got = new Collector<unknown>()
    reader.open(got)
    writer.write(1)
    writer.write(() => 2)
    writer.write(3)
    expect(() => writer.commit()).toThrow('could not be cloned')
    await got.count(2)
    expect(got.items).toEqual([1, 3])
    reader.close()
  })

  it('pulls a backlog in slices, so that timers run between', async () => {
    const { writer, reader } = openBoth<number>({ sliceMs: 1, highWaterMark: 100_000 })
    let ticks = 0
    const got = new Collector<number>(() => spin(0.02))
    reader.open(got)
    await turns()
    const timer = setInterval(() => ticks++, 1)
    for (const i of upTo(3000)) writer.write(i)
    await got.count(3000)
    clearInterval(timer)
    expect(got.items).toEqual(upTo(3000))
    // 60 ms of work in slices of 1 ms
    expect(ticks).toBeGreaterThanOrEqual(10)
    reader.close()
  })

  it('lowers the size of batches for heavy items, and delivers them all', async () => {
    const { writer, reader } = openBoth<{ list: number[] }[]>({ highWaterMark: 64 })
    const heavy = Array.from({ length: 200 }, (_, i) => ({ list: upTo(i % 50) }))
    const got = new Collector<unknown>()
    reader.open(got)
    for (let i = 0; i < 600; i++) {
      if (!writer.write(heavy)) await writer.writable()
    }
    await got.count(600)
    expect(got.items.every((item) => Array.isArray(item) && item.length === 200)).toBe(true)
    reader.close()
  })

  it('reports the end of an idle lane whose other port is gone', async () => {
    const { handles, reader } = openBoth<number>()
    const got = new Collector<number>()
    reader.open(got)
    handles.writer.port.close()
    expect(await got.ended).toBe('writer-died')
  })

  it('closes the writer when the port of the reader is gone', async () => {
    const { handles, writer } = openBoth<number>({ highWaterMark: 1 })
    writer.write(1)
    const waiting = writer.writable()
    handles.reader.port.close()
    await expect(waiting).rejects.toMatchObject({ code: 'LOOP_LANE_CLOSED', end: 'reader-closed' })
    expect(writer.isOpen).toBe(false)
    writer.commit()
    writer.close()
  })

  it('copies a part of a buffer at its exact length, at the levels that it takes apart', async () => {
    const { writer, reader } = openBoth<unknown>()
    const got = new Collector<unknown>()
    reader.open(got)
    const small = Buffer.from('abc')
    expect(small.buffer.byteLength).toBeGreaterThan(3)
    const moved = new Uint8Array(8)
    const shared = new Uint8Array(new SharedArrayBuffer(8), 2, 3)
    writer.write(small)
    writer.write(['bytes', small])
    writer.write({ data: small })
    writer.write(['moved', moved.subarray(2, 4)], [moved.buffer])
    writer.write(['shared', shared])
    await got.count(5)
    const [bare, tuple, record, movedTuple, sharedTuple] = got.items as [
      Uint8Array,
      [string, Uint8Array],
      { data: Uint8Array },
      [string, Uint8Array],
      [string, Uint8Array],
    ]
    for (const copy of [bare, tuple[1], record.data]) {
      expect([...copy]).toEqual([...small])
      expect(copy.buffer.byteLength).toBe(3)
    }
    expect(movedTuple[1].buffer.byteLength).toBe(8)
    expect(moved.byteLength).toBe(0)
    expect(sharedTuple[1].buffer).toBeInstanceOf(SharedArrayBuffer)
    reader.close()
  })

  it('delivers what has arrived when a thread blocks for it', () => {
    const { writer, reader } = openBoth<number>()
    const got = new Collector<number>()
    reader.open(got)
    reader.deliverSync(1)
    expect(got.items).toEqual([])
    for (const i of upTo(600)) writer.write(i)
    writer.commit()
    reader.deliverSync(1000)
    expect(got.items).toEqual(upTo(600))
    writer.close()
    reader.deliverSync(1000)
    expect(got.ends).toEqual(['writer-closed'])
    reader.deliverSync(1000)
    expect(got.ends).toEqual(['writer-closed'])
  })

  it('delivers after a blocked wait as before it', async () => {
    const { writer, reader } = openBoth<number>()
    const got = new Collector<number>()
    reader.open(got)
    await turns()
    reader.deliverSync(2)
    writer.write(1)
    await got.count(1)
    reader.pause()
    writer.write(2)
    writer.commit()
    reader.deliverSync(2)
    expect(got.items).toEqual([1])
    reader.resume()
    await got.count(2)
    reader.close()
  })

  it('stops blocking when the other end is gone', async () => {
    const { handles, reader } = openBoth<number>()
    const got = new Collector<number>()
    reader.open(got)
    await turns()
    handles.writer.port.close()
    await once(handles.writer.port, 'close')
    reader.deliverSync(15_000)
    expect(got.ends).toEqual(['writer-died'])

    const other = openBoth<number>({ highWaterMark: 1 })
    other.writer.write(1)
    other.handles.reader.port.close()
    await once(other.handles.reader.port, 'close')
    expect(other.writer.writableSync(15_000)).toBe(false)
    expect(other.writer.isOpen).toBe(false)
  })

  it('gives up blocking for room after the time given', () => {
    const { writer, reader } = openBoth<number>({ highWaterMark: 1 })
    expect(writer.writableSync(5)).toBe(true)
    writer.write(1)
    expect(writer.writableSync(5)).toBe(false)
    expect(writer.isOpen).toBe(true)
    reader.close()
    expect(writer.writableSync(5)).toBe(false)
  })

  it('holds no handle of the process while idle', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length
    const { writer, reader } = openBoth<number>()
    const got = new Collector<number>()
    reader.open(got)
    writer.write(1)
    await got.count(1)
    await turns()
    const active = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length
    expect(active()).toBe(before)
    reader.ref()
    expect(active()).toBe(before + 1)
    reader.pause()
    expect(active()).toBe(before + 1)
    reader.resume()
    await turns()
    expect(active()).toBe(before + 1)
    reader.unref()
    expect(active()).toBe(before)
    reader.close()
    writer.close()
  })
})
