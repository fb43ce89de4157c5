import { afterEach, describe, expect, it } from 'vitest'
import { Dispatcher, attachPoster } from '../../src/dispatch/index.ts'
import { Threads, messageOf, spin, turns, upTo } from './threads.ts'

const threads = new Threads()
afterEach(() => threads.end())

/** Connects posters of this thread and gives the log in which their events arrive. */
function withPosters(priorities: Readonly<Record<string, number>>) {
  const dispatcher = new Dispatcher()
  const log: string[] = []
  dispatcher.register({ take: (name: string) => log.push(name) })
  const posters = Object.entries(priorities).map(([name, priority]) => ({
    name,
    poster: attachPoster<{ take(name: string): void }>(dispatcher.connect({ name, priority, credit: 20_000 })),
  }))
  return { dispatcher, log, posters }
}

describe('fairness', () => {
  it('lets timers run between slices of posted functions', async () => {
    await using dispatcher = new Dispatcher({ sliceMs: 2 })
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    for (const _ of upTo(1000)) dispatcher.post(() => spin(0.1))
    await dispatcher.drain()
    clearInterval(timer)
    // 100 ms of work: in one go the timer would not get in before the end
    expect(ticks).toBeGreaterThan(10)
  })

  it('lets timers run between slices of a flooding thread', async () => {
    await using dispatcher = new Dispatcher({ sliceMs: 2 })
    let seen = 0
    dispatcher.register({
      take: () => {
        seen++
        spin(0.02)
      },
    })
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const worker = threads.connect(dispatcher, { job: 'emit', name: 'flood', count: 5000 })
    await messageOf(worker)
    clearInterval(timer)
    expect(seen).toBe(5000)
    expect(ticks).toBeGreaterThan(10)
  })

  it('does not let a fast poster starve a slow one', async () => {
    const { dispatcher, log, posters } = withPosters({ fast: 1, slow: 1 })
    const [fast, slow] = posters
    for (const _ of upTo(10_000)) fast?.poster.emit('take', 'fast')
    slow?.poster.emit('take', 'slow')
    await dispatcher.drain()
    while (log.length < 10_001) await turns(1)
    // the slow one waits for a few turns of the fast one at most, not for all of it
    expect(log.indexOf('slow')).toBeLessThan(2000)
    await dispatcher.close()
  })

  it('shares a busy loop by priority, and starves nobody', async () => {
    const { dispatcher, log, posters } = withPosters({ low: 1, high: 8 })
    // both are full before either is delivered
    for (const { name, poster } of posters) {
      for (const _ of upTo(10_000)) poster.emit('take', name)
      poster.flush()
    }
    while (log.length < 20_000) await turns(1)
    // the first is served alone until the other's batch has arrived
    const both = log.slice(log.indexOf('high'), log.lastIndexOf('high'))
    const high = both.filter((name) => name === 'high').length
    const low = both.length - high
    expect(low).toBeGreaterThan(100)
    expect(high / low).toBeGreaterThan(4)
    expect(high / low).toBeLessThan(16)
    await dispatcher.close()
  })
})
