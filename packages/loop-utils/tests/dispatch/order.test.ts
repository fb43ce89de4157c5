import { describe, expect, it } from 'vitest'
import { Dispatcher, attachPoster } from '../../src/dispatch/index.ts'
import { upTo } from './threads.ts'

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

  it('settles a call after everything that its poster emitted before it', async () => {
    await using dispatcher = new Dispatcher()
    const got: number[] = []
    dispatcher.register({ take: (value: number) => got.push(value), sum: () => got.length })
    const poster = attachPoster<{ take(value: number): void; sum(): number }>(dispatcher.connect())
    for (const i of upTo(500)) poster.emit('take', i)
    expect(await poster.call('sum', [])).toBe(500)
    await poster.close()
  })
})
