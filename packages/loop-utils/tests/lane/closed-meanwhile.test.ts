import { describe, expect, it } from 'vitest'
import { EngineStream } from '../../src/channel/engine-stream.ts'
import { FacadeEnd } from '../../src/channel/facade-end.ts'
import { HandlerGuard } from '../../src/channel/handler-guard.ts'
import { LinkCounters } from '../../src/channel/link-counters.ts'
import { linkRevival } from '../../src/channel/link-errors.ts'
import { linkLimits } from '../../src/channel/link-limits.ts'
import { type DownMessage, Up, type UpMessage } from '../../src/channel/protocol.ts'
import { systemClock } from '../../src/clock/index.ts'
import { LaneClosedError } from '../../src/errors/index.ts'
import { createMemoryLane, createPortLane, openLaneReader, openLaneWriter } from '../../src/lane/index.ts'
import { PortLaneWriter } from '../../src/lane/port-lane-writer.ts'
import { writeIfOpen } from '../../src/lane/write-if-open.ts'

/** A writer whose other end closes at the very moment at which it has said for the nth time that it is open. */
function closingWriter<T>(nth = 1): PortLaneWriter<T> {
  let questions = 0
  const handles = createPortLane()
  const reader = openLaneReader<T>(handles.reader)
  reader.open({ item: () => undefined, end: () => undefined })
  const writer = openLaneWriter<T>(handles.writer)
  Object.defineProperty(writer, 'isOpen', {
    get: () => {
      const isOpen: unknown = Reflect.get(PortLaneWriter.prototype, 'isOpen', writer)
      if (++questions === nth) reader.close()
      return isOpen
    },
  })
  return writer
}

describe('a lane that the other end closes between the question and the write', () => {
  it('takes nothing, and says so', () => {
    expect(writeIfOpen(closingWriter<number>(), 1)).toBe(false)
    const other = closingWriter<number>()
    expect(other.isOpen).toBe(true)
    expect(() => other.write(1)).toThrow(LaneClosedError)
  })

  it('does not hide what is wrong with an item', () => {
    const { writer } = createMemoryLane<() => number>({ copy: 'clone-and-freeze' })
    expect(() => writeIfOpen(writer, () => 1)).toThrow(/could not be cloned/)
    writer.close()
    expect(writeIfOpen(writer, () => 1)).toBe(false)
  })

  it('lets an engine emit without harm', () => {
    const table = { engine: 'e', names: ['tick'], delivery: { tick: 'lossless' as const } }
    for (const nth of [1, 2, 3]) {
      const stream = new EngineStream(closingWriter<UpMessage>(nth), table, 8)
      expect(stream.emit('tick', 1, undefined)).toBe(false)
    }
  })

  it('lets a facade take events that it has to tell the engine of', async () => {
    const limits = linkLimits()
    const up = createMemoryLane<UpMessage>(limits)
    const counters = new LinkCounters()
    const got: unknown[] = []
    const end = new FacadeEnd({
      events: { engine: 'e', names: ['level'], delivery: { level: 'latest' } },
      handlers: { events: { level: (data) => got.push(data) }, questions: {} },
      guard: new HandlerGuard({}, counters),
      counters,
      revival: linkRevival(undefined),
      up: up.reader,
      down: closingWriter<DownMessage>(),
      limits,
      clock: systemClock,
    })
    end.started.catch(() => undefined)
    up.writer.write([Up.latest, 0, 'high', 1])
    up.writer.close()
    expect(await end.ended).toBe('writer-closed')
    expect(got).toEqual(['high'])
  })
})
