import { afterEach, describe, expect, it } from 'vitest'
import {
  createMemoryLane,
  createPortLane,
  type LaneOptions,
  type LaneReader,
  type LaneWriter,
  openLaneReader,
  openLaneWriter,
} from '../../src/lane/index.ts'
import { Collector, spin, turns, upTo } from './collector.ts'

interface Ends<T> {
  readonly writer: LaneWriter<T>
  readonly reader: LaneReader<T>
}

const KINDS: Record<string, <T>(options?: LaneOptions) => Ends<T>> = {
  'memory lane': (options) => createMemoryLane(options),
  'memory lane with copies': (options) => createMemoryLane({ ...options, copy: 'clone-and-freeze' }),
  'port lane': (options) => {
    const handles = createPortLane(options)
    return { writer: openLaneWriter(handles.writer), reader: openLaneReader(handles.reader) }
  },
}

describe.each(Object.entries(KINDS))('a %s', (_kind, make) => {
  const opened: Ends<unknown>[] = []
  const open = <T>(options?: LaneOptions): Ends<T> => {
    const ends = make<T>(options)
    opened.push(ends)
    return ends
  }

  afterEach(() => {
    for (const { reader, writer } of opened.splice(0)) {
      reader.close()
      writer.close()
    }
  })

  it('delivers everything in order', async () => {
    const { writer, reader } = open<number>()
    const got = new Collector<number>()
    reader.open(got)
    for (const i of upTo(5000)) {
      writer.write(i)
      if (i % 700 === 0) await turns(1)
    }
    await got.count(5000)
    expect(got.items).toEqual(upTo(5000))
    expect(writer.depth).toBe(0)
    expect(reader.depth).toBe(0)
  })

  it('delivers nothing inside write or commit', async () => {
    const { writer, reader } = open<string>()
    const got = new Collector<string>()
    reader.open(got)
    await turns()
    writer.write('first')
    writer.commit()
    writer.write('second')
    expect(got.items).toEqual([])
    await got.count(2)
    expect(got.items).toEqual(['first', 'second'])
  })

  it('commits by itself at the end of the microtask queue', async () => {
    const { writer, reader } = open<string>()
    writer.write('alone')
    expect(reader.depth).toBe(0)
    await Promise.resolve()
    expect(reader.depth).toBe(1)
    expect(writer.depth).toBe(1)
  })

  it('keeps what was written before the reader opened', async () => {
    const { writer, reader } = open<number>()
    for (const i of upTo(100)) writer.write(i)
    writer.close()
    await turns(5)
    const got = new Collector<number>()
    reader.open(got)
    expect(await got.ended).toBe('writer-closed')
    expect(got.items).toEqual(upTo(100))
  })

  it('refuses a second handler', () => {
    const { reader } = open<number>()
    reader.open(new Collector())
    expect(() => reader.open(new Collector())).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option: 'handler' }),
    )
  })

  it('tells at the high-water mark, accepts all the same, and says when there is room', async () => {
    const { writer, reader } = open<number>({ highWaterMark: 4 })
    const answers = upTo(6).map((i) => writer.write(i))
    expect(answers).toEqual([true, true, true, false, false, false])
    expect(writer.depth).toBe(6)
    let isWritable = false
    const writable = writer.writable().then(() => (isWritable = true))
    await turns()
    expect(isWritable).toBe(false)
    const got = new Collector<number>()
    reader.open(got)
    await writable
    expect(writer.depth).toBeLessThan(2)
    await got.count(6)
    expect(got.items).toEqual(upTo(6))
  })

  it('is writable at once below the low-water mark', async () => {
    const { writer } = open<number>({ highWaterMark: 4 })
    writer.write(1)
    await writer.writable()
    expect(writer.depth).toBe(1)
  })

  it('bounds the depth for a writer that waits', async () => {
    const { writer, reader } = open<number>({ highWaterMark: 8 })
    const got = new Collector<number>()
    reader.open(got)
    let deepest = 0
    for (const i of upTo(2000)) {
      const hasRoom = writer.write(i)
      deepest = Math.max(deepest, writer.depth)
      if (!hasRoom) await writer.writable()
    }
    await got.count(2000)
    expect(got.items).toEqual(upTo(2000))
    expect(deepest).toBeLessThanOrEqual(8)
  })

  it('gives up waiting for room with the reason of the signal', async () => {
    const { writer } = open<number>({ highWaterMark: 1 })
    writer.write(1)
    const controller = new AbortController()
    const reason = new Error('enough')
    const waiting = writer.writable(controller.signal)
    const early = writer.writable(AbortSignal.abort(reason))
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(early).rejects.toBe(reason)
  })

  it('rejects those who wait for room when the reader closes', async () => {
    const { writer, reader } = open<number>({ highWaterMark: 1 })
    writer.write(1)
    const waiting = writer.writable()
    await turns()
    expect(reader.close()).toBe(1)
    await expect(waiting).rejects.toMatchObject({ code: 'LOOP_LANE_CLOSED', end: 'reader-closed' })
  })

  it('takes nothing after the writer closed, and delivers what came before', async () => {
    const { writer, reader } = open<number>()
    const got = new Collector<number>()
    reader.open(got)
    writer.write(1)
    writer.close()
    writer.close()
    expect(writer.isOpen).toBe(false)
    expect(() => writer.write(2)).toThrow(expect.objectContaining({ code: 'LOOP_LANE_CLOSED', end: 'writer-closed' }))
    await expect(writer.writable()).rejects.toMatchObject({ code: 'LOOP_LANE_CLOSED' })
    expect(await got.ended).toBe('writer-closed')
    await turns()
    expect(got.items).toEqual([1])
    expect(got.ends).toEqual(['writer-closed'])
  })

  it('takes nothing after the reader closed, and says how much was discarded', async () => {
    const { writer, reader } = open<number>()
    const got = new Collector<number>()
    reader.open(got)
    for (const i of upTo(10)) writer.write(i)
    writer.commit()
    expect(reader.close()).toBe(10)
    expect(got.ends).toEqual(['reader-closed'])
    expect(writer.isOpen).toBe(false)
    expect(() => writer.write(1)).toThrow(expect.objectContaining({ code: 'LOOP_LANE_CLOSED', end: 'reader-closed' }))
    await turns()
    expect(got.items).toEqual([])
    expect(reader.close()).toBe(0)
    expect(got.ends).toEqual(['reader-closed'])
  })

  it('tells a handler that comes late how the lane ended', async () => {
    const { reader } = open<number>()
    reader.close()
    const got = new Collector<number>()
    reader.open(got)
    expect(await got.ended).toBe('reader-closed')
  })

  it('stops when the handler closes the reader', async () => {
    const { writer, reader } = open<number>()
    const got = new Collector<number>((i) => {
      if (i === 3) reader.close()
    })
    reader.open(got)
    for (const i of upTo(10)) writer.write(i)
    expect(await got.ended).toBe('reader-closed')
    await turns()
    expect(got.items).toEqual([0, 1, 2, 3])
  })

  it('holds delivery back while paused, from within the handler too', async () => {
    const { writer, reader } = open<number>()
    const got = new Collector<number>((i) => {
      if (i === 4) reader.pause()
    })
    reader.open(got)
    for (const i of upTo(10)) writer.write(i)
    await turns(5)
    writer.write(10)
    await turns(5)
    expect(got.items).toEqual(upTo(5))
    reader.resume()
    await got.count(11)
    expect(got.items).toEqual(upTo(11))
  })

  it('ends only after it was resumed', async () => {
    const { writer, reader } = open<number>()
    const got = new Collector<number>()
    reader.open(got)
    reader.pause()
    writer.write(1)
    writer.close()
    await turns(5)
    expect(got.ends).toEqual([])
    reader.resume()
    expect(await got.ended).toBe('writer-closed')
    expect(got.items).toEqual([1])
  })

  it('delivers at least what was committed when the writer died, in order, and then ends', async () => {
    const { writer, reader } = open<number>()
    const got = new Collector<number>()
    for (const i of upTo(50)) writer.write(i)
    writer.commit()
    for (const i of upTo(3)) writer.write(50 + i)
    reader.writerDied()
    reader.writerDied()
    reader.open(got)
    expect(await got.ended).toBe('writer-died')
    await turns()
    expect(got.items.length).toBeGreaterThanOrEqual(50)
    expect(got.items).toEqual(upTo(got.items.length))
    expect(got.ends).toEqual(['writer-died'])
  })

  it('notices the death of the writer while it is idle', async () => {
    const { writer, reader } = open<number>()
    const got = new Collector<number>()
    reader.open(got)
    writer.write(1)
    await got.count(1)
    await turns()
    reader.writerDied()
    expect(await got.ended).toBe('writer-died')
  })

  it('lets timers run between slices', async () => {
    const { writer, reader } = open<number>({ sliceMs: 1 })
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const got = new Collector<number>(() => spin(0.2))
    reader.open(got)
    for (const i of upTo(200)) writer.write(i)
    await got.count(200)
    clearInterval(timer)
    // 40 ms of work in slices of 1 ms: a timer of 1 ms gets in far more than once
    expect(ticks).toBeGreaterThanOrEqual(10)
  })

  it('keeps its slices short when slow items follow quick ones', async () => {
    const { writer, reader } = open<number>({ sliceMs: 1, highWaterMark: 10_000 })
    const inTurn: number[] = []
    let isWatching = true
    const watch = (): void => {
      inTurn.push(0)
      if (isWatching) setTimeout(watch, 0)
    }
    const got = new Collector<number>((i) => {
      inTurn.push((inTurn.pop() ?? 0) + (i < 500 ? 0 : 1))
      if (i >= 500) spin(1)
    })
    for (const i of upTo(560)) writer.write(i)
    watch()
    reader.open(got)
    await got.count(560)
    isWatching = false
    // one slow item fills a slice; some more may slip in where the clock is read rarely
    expect(Math.max(...inTurn)).toBeLessThanOrEqual(20)
    expect(inTurn.filter((slow) => slow > 0).length).toBeGreaterThan(10)
  })

  it('can be written to from its own handler', async () => {
    const { writer, reader } = open<number>()
    const got = new Collector<number>((i) => {
      if (i < 20) writer.write(i + 1)
    })
    reader.open(got)
    writer.write(0)
    await got.count(21)
    expect(got.items).toEqual(upTo(21))
  })

  it('may be referenced and unreferenced at any time', async () => {
    const { writer, reader } = open<number>()
    reader.ref()
    const got = new Collector<number>()
    reader.open(got)
    writer.write(1)
    reader.unref()
    await got.count(1)
    reader.ref()
    reader.close()
    reader.unref()
    expect(got.ends).toEqual(['reader-closed'])
  })

  it.each([
    [{ highWaterMark: 0 }, 'highWaterMark'],
    [{ highWaterMark: 1.5 }, 'highWaterMark'],
    [{ highWaterMark: 2 ** 31 }, 'highWaterMark'],
    [{ sliceMs: 0 }, 'sliceMs'],
    [{ sliceMs: Number.NaN }, 'sliceMs'],
    [{ sliceMs: 5000 }, 'sliceMs'],
  ])('refuses the options %o', (options, option) => {
    expect(() => make(options)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })
})
