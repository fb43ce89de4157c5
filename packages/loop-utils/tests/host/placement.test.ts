import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type EngineDefinition,
  LoopHost,
  openHost,
  ThreadHost,
  type ThreadHostOptions,
  workerFrom,
} from '../../src/channel/index.ts'
import { ManualClock } from '../../src/clock/manual-clock.ts'
import type { ConformanceContract } from '../../src/testing/conformance/conformance-contract.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { startConformanceWorker } from '../../src/testing/conformance/index.ts'
import { until } from '../../src/testing/conformance/rig.ts'
import { rejection } from '../settled.ts'
import { quietHandlers } from './quiet-handlers.ts'

const hosts: ThreadHost[] = []
const workers: Worker[] = []
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()))
  // nothing outlives its host
  const alive = workers.splice(0).filter(({ threadId }) => threadId !== -1)
  if (alive.length > 0) throw new Error(`${alive.length} workers outlive their host`)
})

function makeHost(options: Partial<ThreadHostOptions> = {}): ThreadHost {
  const { entry = startConformanceWorker, ...rest } = options
  const host = new ThreadHost({
    ...rest,
    entry: () => {
      const worker = entry()
      workers.push(worker)
      return worker
    },
  })
  hosts.push(host)
  return host
}

const place = (host: ThreadHost) => host.place(conformanceEngine, {}, quietHandlers)

describe('a thread host', () => {
  test('starts workers when they are needed, and then uses the least loaded', async () => {
    const host = makeHost({ threads: 2 })
    expect(host.threads).toBe(0)
    const [first] = await Promise.all([place(host), place(host)])
    expect(host.threads).toBe(2)
    await Promise.all([place(host), place(host)])
    expect(workers.length).toBe(2)
    await first.close()
    const again = await place(host)
    expect(await again.call('echo', 'there')).toBe('there')
    expect(workers.length).toBe(2)
  })

  test('uses an idle worker again', async () => {
    const host = makeHost({ threads: 4 })
    for (let round = 0; round < 3; round++) {
      const link = await place(host)
      await link.close()
    }
    expect(workers.length).toBe(1)
  })

  test('ends its workers by itself, and terminates one that does not end', async () => {
    const good = makeHost()
    await place(good)
    const stubborn = makeHost({
      entry: workerFrom(new URL('./programs/stubborn.thread.ts', import.meta.url)),
      closeTimeoutMs: 50,
    })
    await place(stubborn)
    const exits = Promise.all(workers.map((worker) => once(worker, 'exit')))
    await Promise.all([good.close(), stubborn.close(), stubborn.close()])
    expect(await exits).toEqual([[0], [1]])
    expect([good.threads, stubborn.threads]).toEqual([0, 0])
  })

  test('replaces a worker whose only engine hangs while it is disposed of', async () => {
    const host = makeHost()
    const hanging = await host.place(conformanceEngine, { dispose: 'hang' }, quietHandlers)
    expect((await hanging.close({ deadlineMs: 20 })).isDisposed).toBe(false)
    await until(() => workers[0]?.threadId === -1)
    const next = await place(host)
    expect(await next.call('echo', 1)).toBe(1)
    expect(workers.length).toBe(2)
  })

  test('can be closed while an engine is being placed', async () => {
    const host = makeHost()
    const placing = place(host)
    const refused = rejection(placing)
    await host.close()
    expect(await refused).toMatchObject({ code: 'LOOP_LINK_CLOSED' })
  })

  test('gives engines of one link a bounded stream of its own', async () => {
    const host = makeHost({ link: { highWaterMark: 8 } })
    const link = await place(host)
    expect((await link.call('flow', { count: 100 })).stops).toBeGreaterThan(5)
  })
})

describe('a worker that cannot be used', () => {
  test('is given up when it does not serve in time', async () => {
    const host = makeHost({
      entry: workerFrom(new URL('./programs/silent.thread.mjs', import.meta.url)),
      readyTimeoutMs: 150,
      name: 'quiet',
    })
    await expect(place(host)).rejects.toMatchObject({
      code: 'LOOP_TIMEOUT',
      timeoutMs: 150,
      message: expect.stringContaining("start of worker 'quiet'") as string,
    })
    expect(host.threads).toBe(0)
  })

  test('rejects with its own error when it dies while it starts', async () => {
    const host = makeHost({ entry: () => new Worker('throw new RangeError("at start")', { eval: true }) })
    await expect(place(host)).rejects.toMatchObject({
      code: 'LOOP_WORKER_CRASHED',
      maybeExecuted: false,
      cause: { message: 'at start' },
    })
  })

  test('rejects when it ends without a word', async () => {
    const host = makeHost({ entry: () => new Worker('process.exit(3)', { eval: true }) })
    await expect(place(host)).rejects.toMatchObject({ code: 'LOOP_WORKER_CRASHED', exitCode: 3 })
  })

  test('rejects with what the factory throws', async () => {
    const host = makeHost({
      entry: () => {
        throw new TypeError('no entry')
      },
    })
    await expect(place(host)).rejects.toThrow('no entry')
  })

  test('says which engine it does not serve', async () => {
    const host = makeHost()
    const other: EngineDefinition<ConformanceContract, object> = { ...conformanceEngine, name: 'other' }
    await expect(host.place(other, {}, quietHandlers)).rejects.toMatchObject({
      code: 'LOOP_CONTRACT',
      missing: "engine 'other'",
    })
    expect(await (await place(host)).call('echo', 1)).toBe(1)
  })
})

describe('options', () => {
  const entry = startConformanceWorker

  test.each<readonly [string, Partial<ThreadHostOptions>]>([
    ['entry', { entry: 'worker.js' as unknown as () => Worker }],
    ['threads', { threads: 0 }],
    ['name', { name: '' }],
    ['readyTimeoutMs', { readyTimeoutMs: 0 }],
    ['closeTimeoutMs', { closeTimeoutMs: -1 }],
    ['seed', { seed: 1.5 }],
    ['maxPending', { link: { maxPending: 0 } }],
    ['highWaterMark', { link: { highWaterMark: 0 } }],
    ['restart.maxRestarts', { restart: { maxRestarts: -1 } }],
    ['restart.windowMs', { restart: { windowMs: 0 } }],
    ['restart.backoff', { restart: { backoff: {} as never } }],
  ])('of a thread host are checked at construction: %s', (option, options) => {
    expect(() => new ThreadHost({ entry, ...options })).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option }) as Error,
    )
  })

  test('of a loop host are checked at construction', () => {
    const refused = (option: string) => expect.objectContaining({ code: 'LOOP_OPTION', option }) as Error
    expect(() => new LoopHost({ copy: 'deep' as 'none' })).toThrow(refused('copy'))
    expect(() => new LoopHost({ seed: Number.NaN })).toThrow(refused('seed'))
  })

  test('choose the host, and are refused where they cannot work', async () => {
    const clock = new ManualClock()
    const loop = openHost({ entry, clock, random: () => 0.5 })
    expect(loop).toBeInstanceOf(LoopHost)
    expect(loop.mode).toBe('loop')
    const link = await loop.place(conformanceEngine, {}, quietHandlers)
    expect((await link.call('environment', null)).numbers).toEqual([0.5, 0.5])
    await loop.close()
    expect(openHost({ entry, mode: 'thread' })).toBeInstanceOf(ThreadHost)
    expect(() => openHost({ entry, mode: 'thread', clock })).toThrow(
      expect.objectContaining({ code: 'LOOP_THREAD_OPTION', option: 'clock' }) as Error,
    )
    expect(() => openHost({ entry, mode: 'thread', random: Math.random })).toThrow(
      expect.objectContaining({ code: 'LOOP_THREAD_OPTION', option: 'random' }) as Error,
    )
    expect(() => openHost({ entry, mode: 'both' as 'loop' })).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option: 'mode' }) as Error,
    )
  })
})
