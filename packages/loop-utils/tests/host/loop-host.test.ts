import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { LoopHost, type LoopHostOptions, openHost, ThreadHost, workerFrom } from '../../src/channel/index.ts'
import { ManualClock, seeded } from '../../src/clock/index.ts'
import { startConformanceWorker } from '../../src/testing/conformance/index.ts'
import { conformanceEngine } from '../../src/testing/conformance/conformance-engine.ts'
import { rejection } from '../settled.ts'
import { quietHandlers } from './quiet-handlers.ts'

const entry = startConformanceWorker
const wrong = (value: unknown): never => value as never

/** What engines of one host see of their surroundings, one after the other. */
async function environments(options: LoopHostOptions, count = 1): Promise<{ now: number; numbers: number[] }[]> {
  await using host = new LoopHost(options)
  const links = await Promise.all(Array.from({ length: count }, () => host.place(conformanceEngine, {}, quietHandlers)))
  return await Promise.all(links.map((link) => link.call('environment', null)))
}

describe('a host on this loop', () => {
  test('gives its engines its clock, and its random numbers or those of its seed', async () => {
    const clock = new ManualClock()
    await clock.advance(123)
    expect(await environments({ clock, random: () => 0.25 })).toEqual([{ now: 123, numbers: [0.25, 0.25] }])
    const random = seeded(7)
    const numbers = [random(), random()]
    // each starts from the seed, which goes before another source
    const seeds = await environments({ seed: 7, random: () => 0.25 }, 2)
    expect(seeds.map((environment) => environment.numbers)).toEqual([numbers, numbers])
    const [some, others] = await environments({}, 2)
    expect(some?.numbers).not.toEqual(others?.numbers)
  })

  test.each<LoopHostOptions>([{}, { copy: 'clone-and-freeze' }])(
    'gives an engine options of its own, with %o',
    async (options) => {
      await using host = new LoopHost(options)
      const given = { extra: { list: [1] } }
      let own: unknown
      const definition: typeof conformanceEngine = {
        ...conformanceEngine,
        create: (context, made) => {
          own = made
          return conformanceEngine.create(context, made)
        },
      }
      await host.place(definition, given, quietHandlers)
      given.extra.list.push(2)
      expect(own).toEqual({ extra: { list: [1] } })
      expect(Object.isFrozen(own)).toBe(options.copy === 'clone-and-freeze')
    },
  )

  test('hands messages over as they are, or as frozen copies', async () => {
    const seen: boolean[][] = []
    for (const options of [{}, { copy: 'clone-and-freeze' }] as const) {
      await using host = new LoopHost(options)
      const link = await host.place(conformanceEngine, {}, quietHandlers)
      const bytes = new Uint8Array(2)
      const echo = (await link.call('echo', { bytes })) as { bytes: Uint8Array }
      seen.push([echo.bytes.buffer === bytes.buffer, Object.isFrozen(echo)])
    }
    expect(seen).toEqual([
      [true, false],
      [false, true],
    ])
  })

  test('bounds each link as it was told, and places nothing once it is closed', async () => {
    const host = new LoopHost({ link: { highWaterMark: 4, maxPending: 1 } })
    const link = await host.place(conformanceEngine, {}, quietHandlers)
    expect(await link.call('fill', 100)).toBe(3)
    const only = link.call('echo', 1)
    expect(await rejection(link.call('echo', 2))).toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW', capacity: 1 })
    expect(await only).toBe(1)
    const closing = host.close()
    expect(host.close()).toBe(closing)
    await closing
    expect(await rejection(host.place(conformanceEngine, {}, quietHandlers))).toMatchObject({
      code: 'LOOP_SERVICE_STATE',
    })
  })

  test('ends its links when it is disposed of', async () => {
    const host = new LoopHost()
    const link = await host.place(conformanceEngine, {}, quietHandlers)
    await host[Symbol.asyncDispose]()
    expect(link.state).toBe('down')
  })

  test.each<readonly [option: string, expected: string, LoopHostOptions]>([
    ['copy', "one of 'none', 'clone-and-freeze'", { copy: wrong('deep') }],
    ['seed', 'an integer', { seed: 1.5 }],
    ['maxPending', 'an integer of at least 1', { link: { maxPending: 0 } }],
  ])('checks its options at construction: %s, which is to be %s', (option, expected, options) => {
    expect(() => new LoopHost(options)).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option, expected }) as Error,
    )
  })
})

describe('openHost', () => {
  test('makes the host of a mode, that of this loop by default', async () => {
    const hosts = [openHost({ entry }), openHost({ entry, mode: 'loop' }), openHost({ entry, mode: 'thread' })]
    expect(hosts.map((host) => host instanceof LoopHost)).toEqual([true, true, false])
    expect(hosts[2]).toBeInstanceOf(ThreadHost)
    expect(hosts.map(({ mode }) => mode)).toEqual(['loop', 'loop', 'thread'])
    await Promise.all(hosts.map((host) => host.close()))
  })

  test.each([
    [
      'clock',
      { clock: new ManualClock() },
      "option clock holds a function or live object, which cannot cross to mode 'thread'; " +
        "use mode 'loop', or give data or a module reference instead",
    ],
    [
      'random',
      { random: () => 0.5 },
      "option random holds a function or live object, which cannot cross to mode 'thread'; give a seed instead",
    ],
  ])('refuses a source that cannot cross to a thread: %s', async (option, source, message) => {
    expect(() => openHost({ entry, mode: 'thread', ...source })).toThrow(
      expect.objectContaining({ code: 'LOOP_THREAD_OPTION', option, mode: 'thread', message }) as Error,
    )
    await openHost({ entry, mode: 'loop', ...source }).close()
  })

  test('refuses a mode that it does not know', () => {
    expect(() => openHost({ entry, mode: wrong('both') })).toThrow(
      expect.objectContaining({ option: 'mode', expected: "one of 'loop', 'thread'" }) as Error,
    )
  })
})

describe('workerFrom', () => {
  test('starts a worker of the entry each time, with what it is given', async () => {
    const start = workerFrom('process.exit(6)', { eval: true, resourceLimits: { maxOldGenerationSizeMb: 48 } })
    const workers = [start(), start()]
    const exits = workers.map((worker) => once(worker, 'exit'))
    expect(workers.map(({ resourceLimits }) => resourceLimits?.maxOldGenerationSizeMb)).toEqual([48, 48])
    expect(await Promise.all(exits)).toEqual([[6], [6]])
  })
})
