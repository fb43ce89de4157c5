import { describe, expect, test } from 'vitest'
import {
  type EngineContext,
  type EngineDefinition,
  type EngineLink,
  type FacadeHandlers,
  LoopHost,
  type LoopHostOptions,
} from '../../src/channel/index.ts'
import { turnOfLoop } from '../../src/channel/turn-of-loop.ts'
import { ManualClock } from '../../src/clock/manual-clock.ts'
import { until } from '../../src/testing/conformance/rig.ts'
import { rejection } from '../settled.ts'

interface Edge {
  commands: { never: (input: null) => void; reply: (value: unknown) => unknown }
  events: { item: unknown; rare: number }
  questions: { first: (input: null) => unknown; toString: (input: null) => unknown }
}

/** An engine whose context the test holds in its hands: loop mode allows that. */
async function placeEdge(
  handlers: Partial<FacadeHandlers<Edge>> = {},
  options: LoopHostOptions = {},
): Promise<{ context: EngineContext<Edge>; link: EngineLink<Edge>; host: LoopHost; items: unknown[] }> {
  let made: EngineContext<Edge> | undefined
  const definition: EngineDefinition<Edge, null> = {
    name: 'edge',
    delivery: { item: 'lossless', rare: 'lossy' },
    create: (context) => {
      made = context
      return {
        commands: { never: () => new Promise(() => undefined), reply: (value) => value },
        dispose: () => undefined,
      }
    },
  }
  const items: unknown[] = []
  const host = new LoopHost(options)
  const link = await host.place(definition, null, {
    events: { item: (item) => items.push(item), rare: () => undefined },
    questions: { first: () => 1, toString: () => 2 },
    ...handlers,
  })
  if (made === undefined) throw new Error('the engine was not made')
  return { context: made, link, host, items }
}

async function nextWarning(): Promise<Error> {
  return new Promise((resolve) => {
    process.once('warning', resolve)
  })
}

describe('an engine', () => {
  test('that emits an event which its definition does not have is told so', async () => {
    const { context, host } = await placeEdge()
    expect(() => context.emit('other' as 'item', 1)).toThrow(
      expect.objectContaining({ code: 'LOOP_CONTRACT', missing: "event 'other'" }) as Error,
    )
    await host.close()
  })

  test('that asks what the facade does not answer is told so, also for what every object has', async () => {
    const { context, host } = await placeEdge()
    expect(await context.ask('first', null)).toBe(1)
    await expect(context.ask('other' as 'first', null)).rejects.toMatchObject({ code: 'LOOP_CONTRACT' })
    await expect(context.ask('toString', null)).rejects.toMatchObject({ code: 'LOOP_CONTRACT' })
    await host.close()
  })

  test('that has gone can do nothing any more, and is told so where it waits', async () => {
    const { context, host, items, link } = await placeEdge({ observe: { logLevel: 'debug', diagnostics: true } })
    expect([context.isWritable, context.isObserved, context.signal.aborted]).toEqual([true, true, false])
    const asking = context.ask('first', null, { signal: AbortSignal.abort('no') })
    await expect(asking).rejects.toBe('no')
    await link.close()
    expect(context.signal.reason).toMatchObject({ code: 'LOOP_LINK_CLOSED', engine: 'edge' })
    expect(context.emit('item', 1)).toBe(false)
    expect(context.isWritable).toBe(false)
    context.commit()
    context.log('error', {}, 'unheard')
    context.diagnose('unheard', {})
    await expect(context.writable()).rejects.toMatchObject({ code: 'LOOP_LANE_CLOSED' })
    await expect(context.ask('first', null)).rejects.toMatchObject({ code: 'LOOP_LINK_CLOSED' })
    await turnOfLoop()
    expect(items).toEqual([])
    await host.close()
  })

  test('may name buffers to move twice, or such as have been moved', async () => {
    const { context, host, items } = await placeEdge({}, { copy: 'clone-and-freeze' })
    const bytes = new Uint8Array([1, 2])
    const { buffer } = bytes
    context.emit('item', bytes, { transfer: [buffer, buffer] })
    expect(buffer.byteLength).toBe(0)
    context.emit('item', 'next', { transfer: [buffer] })
    await until(() => items.length === 2)
    expect(items).toEqual([new Uint8Array([1, 2]), 'next'])
    await host.close()
  })

  test('that waits for its turn stops waiting by its signal', async () => {
    const { context, host, link } = await placeEdge({}, { link: { highWaterMark: 1 } })
    link.pause()
    expect(context.emit('item', 1)).toBe(false)
    const controller = new AbortController()
    const waiting = context.writable(controller.signal)
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    await host.close()
  })

  test('is not asked more than the bound at once', async () => {
    const { context, host } = await placeEdge({}, { link: { maxPending: 1 } })
    const first = context.ask('first', null)
    await expect(context.ask('first', null)).rejects.toMatchObject({
      code: 'LOOP_QUEUE_OVERFLOW',
      queue: "questions of engine 'edge'",
    })
    expect(await first).toBe(1)
    await host.close()
  })
})

describe('a facade', () => {
  test('without onError is warned of what its handlers throw', async () => {
    const { context, host } = await placeEdge({
      events: {
        item: (item) => {
          throw item
        },
        rare: () => undefined,
      },
    })
    const warning = nextWarning()
    context.emit('item', 'words')
    expect((await warning).message).toMatch(/words/)
    await host.close()
  })

  test('whose onError throws is warned of that', async () => {
    const { context, host } = await placeEdge({
      events: {
        item: () => {
          throw new RangeError('handler')
        },
        rare: () => undefined,
      },
      onError: () => {
        throw new RangeError('onError itself')
      },
    })
    const warning = nextWarning()
    context.emit('item', 1)
    expect((await warning).message).toBe('onError itself')
    await host.close()
  })

  test('without a handler for an event does not hold the others up', async () => {
    const { context, host, link } = await placeEdge({
      events: {} as FacadeHandlers<Edge>['events'],
      observe: { logLevel: 'debug', diagnostics: true },
    })
    context.emit('item', 1)
    context.log('warn', {}, 'unheard')
    context.diagnose('unheard', {})
    expect(await link.call('reply', 2)).toBe(2)
    expect(link.stats).toEqual({
      delivered: 1,
      dropped: {},
      handlerErrors: 0,
      pendingCalls: 0,
      depth: 0,
      restarts: 0,
    })
    await host.close()
  })

  test('cannot pause a link that closes', async () => {
    const { context, host, items, link } = await placeEdge()
    context.emit('item', 1)
    const closing = link.close()
    link.pause()
    await closing
    expect(items).toEqual([1])
    await host.close()
  })

  test.each([Number.NaN, -1, '5' as unknown as number])('is told of a timeout that is none: %s', async (timeoutMs) => {
    const { host, link } = await placeEdge()
    await expect(link.call('never', null, { timeoutMs })).rejects.toMatchObject({
      code: 'LOOP_OPTION',
      option: 'timeoutMs',
    })
    const signal = {} as AbortSignal
    await expect(link.call('never', null, { signal })).rejects.toMatchObject({ code: 'LOOP_OPTION', option: 'signal' })
    await host.close()
  })

  test('with a clock of its own decides when calls time out and closing gives up', async () => {
    const clock = new ManualClock()
    const { host, link } = await placeEdge({}, { clock })
    const timedOut = rejection(link.call('never', null, { timeoutMs: 1000 }))
    const unanswered = rejection(link.call('never', null))
    await clock.advance(1000)
    expect(await timedOut).toMatchObject({ code: 'LOOP_TIMEOUT' })
    const report = await link.close()
    expect(await unanswered).toMatchObject({ code: 'LOOP_LINK_CLOSED' })
    expect(report).toEqual({ delivered: 0, discarded: {}, rejectedCalls: 1, isDisposed: true })
    expect(clock.pending).toBe(0)
    await host.close()
  })
})
