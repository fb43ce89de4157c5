import { expect, test } from 'vitest'
import { FacadeEnd } from '../../src/channel/facade-end.ts'
import { HandlerGuard } from '../../src/channel/handler-guard.ts'
import { LinkCounters } from '../../src/channel/link-counters.ts'
import { linkRevival } from '../../src/channel/link-errors.ts'
import { linkLimits } from '../../src/channel/link-limits.ts'
import { type DownMessage, Up, type UpMessage } from '../../src/channel/protocol.ts'
import { turnOfLoop } from '../../src/channel/turn-of-loop.ts'
import { systemClock } from '../../src/clock/index.ts'
import { createMemoryLane } from '../../src/lane/index.ts'

function makeEnd(item: (data: unknown) => unknown = () => undefined) {
  const limits = linkLimits()
  const up = createMemoryLane<UpMessage>(limits)
  const down = createMemoryLane<DownMessage>(limits)
  const counters = new LinkCounters()
  const handlers = { events: { item }, questions: {} }
  const end = new FacadeEnd({
    events: { engine: 'bare', names: ['item'], delivery: { item: 'lossless' } },
    handlers,
    guard: new HandlerGuard({}, counters),
    counters,
    revival: linkRevival(undefined),
    up: up.reader,
    down: down.writer,
    limits,
    clock: systemClock,
  })
  end.started.catch(() => undefined)
  return { end, up, down, counters }
}

test('a stream that cannot be read to its end is cut off, and the rest counted as unread', async () => {
  const { end, up } = makeEnd()
  up.writer.write([Up.event, 0, 1])
  up.writer.write([Up.event, 0, 2])
  end.pause()
  await end.cutOff()
  expect(await end.ended).toBe('reader-closed')
  expect(end.discarded).toEqual({ '(unread)': 2 })
  await end.cutOff()
  expect(end.discarded).toEqual({ '(unread)': 2 })
})

test('a crash after the end, or a second one, changes nothing', async () => {
  const { end, up } = makeEnd()
  const pending = end.call('anything', null, undefined)
  const first = new Error('first')
  end.crash(first)
  end.crash(new Error('second'))
  await expect(pending).rejects.toBe(first)
  expect(await end.ended).toBe('writer-died')
  end.crash(new Error('third'))
  expect(end.crashedBy).toBe(first)
  expect(up.writer.isOpen).toBe(false)
})

test('events and levels that the facade has never heard of do no harm', async () => {
  const { counters, end, up } = makeEnd()
  up.writer.write([Up.event, 7, 1])
  up.writer.write([Up.log, 9, { plain: {} }, 'message'])
  up.writer.write([Up.dropped, 7, 3])
  up.writer.write([Up.reply, 99, 'nobody asked'])
  up.writer.write([Up.askCancel, 99])
  await turnOfLoop()
  await turnOfLoop()
  end.abandon()
  up.writer.write([Up.event, 7, 1])
  up.writer.close()
  await end.ended
  expect(counters.dropped).toEqual({ '(event 7)': 3 })
  expect(end.discarded).toEqual({ '(event 7)': 1 })
})
