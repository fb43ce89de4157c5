import { describe, expect, test } from 'vitest'
import {
  type EngineContext,
  type EngineDefinition,
  type EngineLink,
  LoopHost,
  type LoopHostOptions,
} from '../../src/channel/index.ts'
import { ManualClock } from '../../src/clock/manual-clock.ts'
import { until } from '../../src/testing/conformance/rig.ts'
import { never, rejection } from '../settled.ts'

interface Feed {
  commands: { wait: (input: null) => void }
  events: { item: unknown; rare: unknown; state: unknown }
  questions: { wait: (input: null) => void }
}

interface Placed {
  readonly context: EngineContext<Feed>
  readonly link: EngineLink<Feed>
  readonly host: LoopHost
  /** Each event as it came, with how many rare ones the facade knew to be dropped then. */
  readonly seen: [name: string, data: unknown, dropped: number][]
  readonly logged: unknown[]
}

async function placeFeed(options: LoopHostOptions = {}): Promise<Placed> {
  let made: EngineContext<Feed> | undefined
  const placed: { link?: EngineLink<Feed> } = {}
  const definition: EngineDefinition<Feed, null> = {
    name: 'feed',
    delivery: { item: 'lossless', rare: 'lossy', state: 'latest' },
    create: (context) => {
      made = context
      return { commands: { wait: never }, dispose: () => undefined }
    },
  }
  const seen: Placed['seen'] = []
  const logged: unknown[] = []
  const see = (name: string) => (data: unknown) => void seen.push([name, data, placed.link?.stats.dropped['rare'] ?? 0])
  const host = new LoopHost(options)
  const link = await host.place(definition, null, {
    events: { item: see('item'), rare: see('rare'), state: see('state') },
    questions: { wait: never },
    observe: { logLevel: 'debug', diagnostics: true },
    onLog: (level, fields, message) => void logged.push([level, fields, message]),
    onDiagnostic: (name, data) => void logged.push([name, data]),
  })
  placed.link = link
  if (made === undefined) throw new Error('the engine was not made')
  return { context: made, link, host, seen, logged }
}

describe('what is dropped', () => {
  test('is told of before anything that comes later', async () => {
    const { context, link, host, seen } = await placeFeed({ link: { highWaterMark: 2 } })
    link.pause()
    expect([context.emit('item', 1), context.emit('item', 2)]).toEqual([true, false])
    expect([context.emit('rare', 'a'), context.emit('rare', 'b')]).toEqual([false, false])
    context.emit('item', 3)
    link.resume()
    await until(() => seen.length === 3)
    expect(seen).toEqual([
      ['item', 1, 0],
      ['item', 2, 0],
      ['item', 3, 2],
    ])
    await host.close()
  })

  test('is told of when there is room again, though nothing comes later, each time', async () => {
    const { context, link, host } = await placeFeed({ link: { highWaterMark: 1 } })
    for (let round = 1; round <= 3; round++) {
      link.pause()
      context.emit('item', round)
      context.emit('rare', 'lost')
      link.resume()
      await until(() => link.stats.dropped['rare'] === round)
    }
    expect(link.stats).toMatchObject({ delivered: 3, dropped: { rare: 3 } })
    await host.close()
  })

  test('is told of at the end', async () => {
    const { context, link, host } = await placeFeed({ link: { highWaterMark: 1 } })
    link.pause()
    context.emit('item', 1)
    context.emit('rare', 'lost')
    await link.close()
    expect(link.stats.dropped).toEqual({ rare: 1 })
    await host.close()
  })
})

describe('the mark up to which an engine may write', () => {
  test('counts the values that wait for their turn', async () => {
    const { context, link, host } = await placeFeed({ link: { highWaterMark: 3 } })
    link.pause()
    expect(context.isWritable).toBe(true)
    context.emit('state', 1, { key: 'a' })
    context.emit('state', 1, { key: 'b' })
    expect(context.isWritable).toBe(true)
    expect([context.emit('state', 1, { key: 'c' }), context.isWritable]).toEqual([false, false])
    await host.close()
  })
})

describe('the latest value of a key', () => {
  test('is sent once for what is emitted in one go, and again when the one before was taken', async () => {
    const { context, host, seen } = await placeFeed()
    for (let value = 1; value <= 3; value++) context.emit('state', value, { key: 'a' })
    context.emit('state', 'other', { key: 'b' })
    await until(() => seen.length === 2)
    expect(seen.map(([, data]) => data)).toEqual([3, 'other'])
    context.emit('state', 4, { key: 'a' })
    await until(() => seen.length === 3)
    context.emit('state', 5, { key: 'a' })
    await until(() => seen.length === 4)
    expect(seen.map(([, data]) => data)).toEqual([3, 'other', 4, 5])
    await host.close()
  })

  test('waits while the one before is on its way, and only the newest follows', async () => {
    const { context, link, host, seen } = await placeFeed()
    link.pause()
    context.emit('state', 1)
    for (let value = 2; value <= 9; value++) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      context.emit('state', value)
    }
    link.resume()
    await until(() => seen.length === 2)
    expect(seen.map(([, data]) => data)).toEqual([1, 9])
    await host.close()
  })

  test('comes before an event that is emitted after it', async () => {
    const { context, host, seen } = await placeFeed()
    context.emit('state', 1)
    context.emit('item', 2)
    context.emit('state', 3)
    context.commit()
    await until(() => seen.length === 3)
    expect(seen.map(([, data]) => data)).toEqual([1, 2, 3])
    await host.close()
  })

  test('is told to the end', async () => {
    const { context, link, host, seen } = await placeFeed()
    context.emit('state', 1)
    await link.close()
    expect(seen).toEqual([['state', 1, 0]])
    expect(context.emit('state', 2)).toBe(false)
    await host.close()
  })
})

describe('logs and diagnostics', () => {
  test('come with their fields, from the level on that is wanted', async () => {
    const { context, link, host, logged } = await placeFeed()
    context.log('info', { port: 5 }, 'listening')
    context.diagnose('x:test:feed:up', { port: 5, error: new RangeError('odd') })
    await until(() => logged.length === 2)
    link.observe({ logLevel: 'error', diagnostics: false })
    await until(() => !context.isObserved)
    context.log('warn', {}, 'unheard')
    context.diagnose('x:test:feed:down', {})
    context.log('error', {}, 'heard')
    await until(() => logged.length === 3)
    expect(logged).toEqual([
      ['info', { port: 5 }, 'listening'],
      ['x:test:feed:up', { port: 5, error: new RangeError('odd') }],
      ['error', {}, 'heard'],
    ])
    await host.close()
  })
})

describe('a call that gets no answer in time', () => {
  test('is told by its name, from either end', async () => {
    const clock = new ManualClock()
    const { context, link, host } = await placeFeed({ clock })
    const calls = [
      rejection(link.call('wait', null, { timeoutMs: 5 })),
      rejection(context.ask('wait', null, { timeoutMs: 5 })),
    ]
    await clock.advance(5)
    const expected = { code: 'LOOP_TIMEOUT', kind: 'call', timeoutMs: 5 }
    for (const error of await Promise.all(calls)) {
      expect(error).toMatchObject(expected)
      expect((error as Error).message).toMatch(/^wait timed out after 5 ms \(call\)/)
    }
    await host.close()
  })

  test('is refused when too many wait, by the name of the engine', async () => {
    const { link, host } = await placeFeed({ link: { maxPending: 1 } })
    const first = rejection(link.call('wait', null))
    expect(await rejection(link.call('wait', null))).toMatchObject({
      code: 'LOOP_QUEUE_OVERFLOW',
      queue: "calls to engine 'feed'",
    })
    await host.close()
    await first
  })
})
