import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Singleflight } from '../../src/concurrency/index.ts'
import { OptionError, QueueOverflowError } from '../../src/errors/index.ts'
import { rejection, settled } from '../settled.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'
import { agree, Deferred, runInterleavings, turnMicrotasks, type Chance } from './interleavings.ts'

const COUNT = lawCount({ inSuite: 2000, inSoak: 40_000 })

describe('Singleflight', () => {
  it('calls once for all who ask at the same time, and anew afterwards', async () => {
    const flights = new Singleflight<string, number>()
    let calls = 0
    const load = async (): Promise<number> => {
      await turnMicrotasks(3)
      return ++calls
    }
    const all = Promise.all(Array.from({ length: 20 }, () => flights.run('k', load)))
    expect(flights.size).toBe(1)
    expect(flights.waiting('k')).toBe(20)
    expect(new Set(await all)).toEqual(new Set([1]))
    expect(flights.size).toBe(0)
    expect(flights.waiting('k')).toBe(0)
    expect(await flights.run('k', load)).toBe(2)
    expect(await Promise.all([flights.run('a', () => 7), flights.run('b', () => 8)])).toEqual([7, 8])
  })

  it('gives a failure to all who joined', async () => {
    const flights = new Singleflight<string, number>()
    const failure = new Error('down')
    const runs = [1, 2].map(() => rejection(flights.run('k', () => Promise.reject(failure))))
    expect(await Promise.all(runs)).toEqual([failure, failure])
    const thrown = rejection(
      flights.run('k', () => {
        throw failure
      }),
    )
    expect(await thrown).toBe(failure)
    expect(flights.size).toBe(0)
  })

  it("does not let one caller's abort disturb the others, not even that of the first", async () => {
    const flights = new Singleflight<string, string>()
    const gate = new Deferred<string>()
    const first = new AbortController()
    let signal: AbortSignal | undefined
    const aborted = rejection(
      flights.run(
        'k',
        (context) => {
          signal = context.signal
          return gate.promise
        },
        { signal: first.signal },
      ),
    )
    const other = flights.run('k', () => 'never called')
    first.abort('mine')
    expect(await aborted).toBe('mine')
    expect(signal?.aborted).toBe(false)
    gate.resolve('shared')
    expect(await other).toBe('shared')
    expect(getEventListeners(first.signal, 'abort')).toEqual([])
  })

  it('aborts the call when the last caller gave up, and begins anew for the next', async () => {
    const flights = new Singleflight<string, string>()
    const gate = new Deferred<string>()
    const controllers = [new AbortController(), new AbortController()]
    const signals: AbortSignal[] = []
    const run = (signal?: AbortSignal): Promise<string> =>
      flights.run(
        'k',
        (context) => {
          signals.push(context.signal)
          return gate.promise
        },
        { signal },
      )
    const runs = controllers.map(({ signal }) => rejection(run(signal)))
    controllers[1]?.abort('second')
    controllers[0]?.abort('last')
    expect(await Promise.all(runs)).toEqual(['last', 'second'])
    expect(signals.map(({ aborted, reason }) => [aborted, reason as unknown])).toEqual([[true, 'last']])
    const next = run()
    expect(signals[1]?.aborted).toBe(false)
    gate.resolve('anew')
    expect(await next).toBe('anew')
    expect(flights.size).toBe(0)
  })

  it('lets a key be forgotten while those who wait still get their result', async () => {
    const flights = new Singleflight<string, string>()
    const gates = [new Deferred<string>(), new Deferred<string>()]
    const old = flights.run('k', () => gates[0]?.promise ?? 'none')
    expect(flights.forget('k')).toBe(true)
    expect(flights.forget('k')).toBe(false)
    const fresh = flights.run('k', () => gates[1]?.promise ?? 'none')
    gates[0]?.resolve('old')
    expect(await old).toBe('old')
    expect(flights.size).toBe(1)
    gates[1]?.resolve('new')
    expect(await fresh).toBe('new')
  })

  it('bounds keys and callers', async () => {
    const flights = new Singleflight<string, void>({ maxKeys: 1, maxWaiting: 2 })
    const gate = new Deferred()
    const runs = [1, 2].map(() => flights.run('a', () => gate.promise))
    expect(await rejection(flights.run('a', () => gate.promise))).toBeInstanceOf(QueueOverflowError)
    expect(await rejection(flights.run('b', () => gate.promise))).toMatchObject({ queue: 'keys in flight' })
    expect(await rejection(flights.run('a', () => gate.promise, { signal: AbortSignal.abort('no') }))).toBe('no')
    gate.resolve()
    await Promise.all(runs)
    expect(() => new Singleflight({ maxKeys: 0 })).toThrow(OptionError)
    await expect(flights.run('a', 1 as never)).rejects.toThrow('option fn')
  })

  it(
    `keeps its laws in ${COUNT} random interleavings`,
    async () => {
      expect(await runInterleavings(COUNT, play)).toEqual([])
    },
    LAW_TIMEOUT_MS,
  )
})

/**
 * One random schedule over two keys. Each caller gets the result of the flight that it joined or its own reason; a flight
 * is aborted if and only if all its callers gave up before it landed; there is one flight a key at a time.
 */
async function play(chance: Chance): Promise<void> {
  interface Flight {
    readonly gate: Deferred<number>
    readonly key: number
    readonly callers: Set<number>
    signal: AbortSignal | undefined
    isOver: boolean
  }
  const flights = new Singleflight<number, number>()
  const all: Flight[] = []
  const current = new Map<number, Flight>()
  const controllers: AbortController[] = []
  const outcomes: Promise<PromiseSettledResult<number>>[] = []
  const expected: string[] = []

  const call = (): void => {
    const key = chance.below(2)
    const id = controllers.length
    const controller = new AbortController()
    controllers.push(controller)
    let flight = current.get(key)
    if (flight === undefined) {
      flight = { gate: new Deferred(), key, callers: new Set(), signal: undefined, isOver: false }
      current.set(key, flight)
      all.push(flight)
    }
    const joined = flight
    joined.callers.add(id)
    const run = flights.run(
      key,
      (context) => {
        agree('calls for one flight', joined.signal, undefined)
        joined.signal = context.signal
        return joined.gate.promise
      },
      { signal: controller.signal },
    )
    outcomes.push(settled(run))
  }
  const land = (flight: Flight): void => {
    if (flight.isOver) return
    flight.isOver = true
    current.delete(flight.key)
    for (const id of flight.callers) expected[id] = `f${all.indexOf(flight)}`
    flight.gate.resolve(all.indexOf(flight))
  }
  const abort = (): void => {
    const id = chance.below(controllers.length)
    const flight = all.find(({ callers, isOver }) => !isOver && callers.has(id))
    if (flight === undefined) return
    flight.callers.delete(id)
    expected[id] = `a${id}`
    controllers[id]?.abort(`a${id}`)
    if (flight.callers.size > 0) return
    flight.isOver = true
    current.delete(flight.key)
    agree('the signal of a flight that all left', flight.signal?.aborted, true)
  }

  for (let step = 6 + chance.below(16); step > 0; step--) {
    const dice = chance.below(100)
    const flight = chance.pick([...current.values()])
    if (dice < 50) call()
    else if (dice < 85) abort()
    else if (flight !== undefined) land(flight)
    // a flight has landed once its callers know
    await turnMicrotasks(6)
    agree('flights', flights.size, current.size)
  }
  for (const flight of current.values()) land(flight)
  const results = await Promise.all(outcomes)
  const shown = results.map((result) => (result.status === 'fulfilled' ? `f${result.value}` : String(result.reason)))
  agree('results', shown, expected)
  agree('flights at the end', flights.size, 0)
  for (const { signal } of controllers) agree('listeners', getEventListeners(signal, 'abort').length, 0)
}
