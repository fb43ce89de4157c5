import { afterEach, describe, expect, it } from 'vitest'
import { Dispatcher, type Overflow } from '../../src/dispatch/index.ts'
import { Threads, exitOf, upTo } from './threads.ts'

const threads = new Threads()
afterEach(() => threads.end())

/** A small linear congruential generator: the same crashes on every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state % below
  }
}

const DEATHS = ['exit', 'throw', 'terminate'] as const

describe('the prefix law', () => {
  it.each([1, 2, 3])('holds when four threads die at random moments (seed %i)', async (seed) => {
    const random = seeded(seed)
    await using dispatcher = new Dispatcher()
    const got: Record<string, number[]> = {}
    const signals: (AbortSignal | undefined)[] = []
    dispatcher.register({
      take: (poster: string, value: number) => void (got[poster] ??= []).push(value),
      never: () => {
        signals.push(dispatcher.callSignal)
        return new Promise(() => undefined)
      },
    })
    const runs = upTo(4).map(async (i) => {
      const name = `p${i}`
      const flushed = new SharedArrayBuffer(4)
      const count = 5000
      const death = DEATHS[random(3)] as (typeof DEATHS)[number]
      const overflow = (['block', 'block', 'drop-oldest', 'drop-newest'] as const)[i] as Overflow
      const plan = {
        job: 'crash',
        name,
        count,
        flushed,
        death,
        crashAt: random(count),
        flushEvery: 1 + random(50),
      } as const
      const worker = threads.connect(dispatcher, plan, { overflow, credit: 20_000 })
      worker.on('message', () => void worker.terminate())
      await exitOf(worker)
      return { name, atLeast: new Int32Array(flushed)[0] as number }
    })
    const ended = await Promise.all(runs)
    while (dispatcher.stats().posters > 0) await new Promise((resolve) => setImmediate(resolve))
    // what the dead had called knows that nobody waits for it
    expect(dispatcher.stats().runningCalls).toBe(0)
    expect(signals.length).toBeGreaterThan(0)
    expect(signals.every((signal) => signal?.aborted === true)).toBe(true)
    for (const { name, atLeast } of ended) {
      const values = got[name] ?? []
      // no gap, no duplicate, no disorder: exactly the first so many
      expect(values).toEqual(upTo(values.length))
      expect(values.length).toBeGreaterThanOrEqual(atLeast)
    }
  })
})
