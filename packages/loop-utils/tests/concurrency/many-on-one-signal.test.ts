import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { LoopHost } from '../../src/channel/index.ts'
import { ManualClock, systemClock } from '../../src/clock/index.ts'
import { Dispatcher, ThreadEvent, attachPoster } from '../../src/dispatch/index.ts'
import { WaitingList } from '../../src/events/waiting-list.ts'
import { createMemoryLane, createPortLane, openLaneReader, openLaneWriter } from '../../src/lane/index.ts'
import { Reconnector } from '../../src/reconnect/index.ts'
import { EventStream } from '../../src/streams/index.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { quietHandlers } from '../host/quiet-handlers.ts'
import { never } from '../settled.ts'

/** What begins to wait when it is called, and how to clean up behind it. */
interface Waiting {
  readonly begin: (signal: AbortSignal) => Promise<unknown>
  readonly end?: () => Promise<unknown>
}

const kinds: Readonly<Record<string, () => Waiting | Promise<Waiting>>> = {
  'a sleep': () => ({ begin: (signal) => systemClock.sleep(100_000, signal) }),
  'a sleep on a manual clock': () => ({ begin: (signal) => new ManualClock().sleep(1, signal) }),
  'a wait for a link that is to be up': () => ({
    begin: (signal) => new Reconnector({ connect: never }).up({ signal }),
  }),
  'a call of a dispatcher': () => {
    const dispatcher = new Dispatcher()
    return {
      begin: (signal) => dispatcher.call(never, { signal }),
      end: () => dispatcher.close({ mode: 'discard' }),
    }
  },
  'a call of a poster': () => {
    const dispatcher = new Dispatcher()
    dispatcher.register({ never })
    const poster = attachPoster(dispatcher.connect())
    return {
      begin: (signal) => poster.call('never', [], { signal }),
      end: () => dispatcher.close({ mode: 'discard' }),
    }
  },
  'a call of a link': async () => {
    const host = new LoopHost()
    const link = await host.place(conformanceEngine, {}, quietHandlers)
    return { begin: (signal) => link.call('hang', null, { signal }), end: () => host.close() }
  },
  'a thread event': () => {
    const event = new ThreadEvent()
    return { begin: (signal) => event.wait({ signal }) }
  },
  'a waiting list': () => {
    const list = new WaitingList<void>()
    return { begin: (signal) => list.wait(signal) }
  },
  'an event stream': () => ({
    begin: (signal) => new EventStream({ name: 'test', onEnd: () => undefined }, { signal }).next(),
  }),
  'a full lane on one loop': () => {
    const { writer } = createMemoryLane<number>({ highWaterMark: 1 })
    writer.write(1)
    return { begin: (signal) => writer.writable(signal) }
  },
  'a full lane between threads': () => {
    const handles = createPortLane({ highWaterMark: 1 })
    const reader = openLaneReader(handles.reader)
    const writer = openLaneWriter<number>(handles.writer)
    writer.write(1)
    return { begin: (signal) => writer.writable(signal), end: async () => reader.close() }
  },
}

it.each(Object.entries(kinds))('%s costs a signal one listener, however many there are', async (_, open) => {
  const { begin, end } = await open()
  const controller = new AbortController()
  const { signal } = controller
  const waits = Array.from({ length: 20 }, () => begin(signal))
  // Node warns of a leak at 11
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  controller.abort('enough')
  const outcomes = await Promise.allSettled(waits)
  expect(outcomes).toEqual(waits.map(() => ({ status: 'rejected', reason: 'enough' })))
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  await end?.()
})
