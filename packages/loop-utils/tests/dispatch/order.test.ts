import { afterEach, describe, expect, it } from 'vitest'
import { Dispatcher, attachPoster } from '../../src/dispatch/index.ts'
import { Threads, exitOf, messageOf, turns, upTo } from './threads.ts'

const threads = new Threads()
afterEach(() => threads.end())

describe('order', () => {
  it('runs what this loop posts in the order in which it was posted', async () => {
    await using dispatcher = new Dispatcher()
    const got: number[] = []
    for (const i of upTo(10_000)) expect(dispatcher.post((value: number) => got.push(value), i)).toBe(true)
    expect(got).toEqual([])
    await dispatcher.drain()
    expect(got).toEqual(upTo(10_000))
  })

  it('passes any number of arguments', async () => {
    await using dispatcher = new Dispatcher()
    const got: unknown[][] = []
    dispatcher.register({ take: (...args: unknown[]) => got.push(args) })
    const poster = attachPoster(dispatcher.connect())
    const lists = upTo(30).map((length) => upTo(length))
    for (const list of lists) dispatcher.post((...args: unknown[]) => got.push(args), ...list)
    await dispatcher.drain()
    for (const list of lists) poster.emit('take', ...(list as never[]))
    await poster.close()
    expect(got).toEqual([...lists, ...lists])
  })

  it('keeps one order for events, posts and calls of a poster, in each of four threads at once', async () => {
    await using dispatcher = new Dispatcher()
    const got: Record<string, number[]> = {}
    dispatcher.register({ take: (poster: string, value: number) => (got[poster] ??= []).push(value) && undefined })
    const names = ['a', 'b', 'c', 'd']
    const workers = names.map((name) =>
      threads.connect(dispatcher, { job: 'mixed', name, count: 2000 }, { credit: 200 }),
    )
    await Promise.all(workers.map((worker) => messageOf(worker)))
    for (const name of names) expect(got[name]).toEqual(upTo(2000))
    expect(dispatcher.stats()).toMatchObject({ delivered: 8000, accepted: 8000, depth: 0 })
  })

  it('settles a call after everything that its poster emitted before it', async () => {
    await using dispatcher = new Dispatcher()
    const got: number[] = []
    dispatcher.register({ take: (value: number) => got.push(value), sum: () => got.length })
    const poster = attachPoster<{ take(value: number): void; sum(): number }>(dispatcher.connect())
    for (const i of upTo(500)) poster.emit('take', i)
    expect(await poster.call('sum', [])).toBe(500)
    await poster.close()
  })

  it('lets a worker that has nothing else to do end by itself once its poster is closed', async () => {
    await using dispatcher = new Dispatcher()
    const got: number[] = []
    dispatcher.register({ take: (_poster: string, value: number) => got.push(value) })
    const worker = threads.connect(dispatcher, { job: 'post', name: 'p', count: 300 }, { credit: 10 })
    expect(await exitOf(worker)).toBe(0)
    expect(got).toEqual(upTo(300))
    await turns()
    expect(dispatcher.stats().posters).toBe(0)
  })
})
