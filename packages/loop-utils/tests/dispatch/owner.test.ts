import { threadId } from 'node:worker_threads'
import { beforeEach, describe, expect, it } from 'vitest'
import { Dispatcher, attachPoster, maybeDispatch } from '../../src/dispatch/index.ts'
import { turns, upTo } from './threads.ts'

describe('re-entrancy', () => {
  it('runs what a function posts after everything that was posted before', async () => {
    await using dispatcher = new Dispatcher()
    const log: string[] = []
    dispatcher.post(() => {
      log.push('first')
      dispatcher.post(() => log.push('from first'))
      log.push('first ends')
    })
    dispatcher.post(() => log.push('second'))
    await dispatcher.drain()
    await dispatcher.drain()
    expect(log).toEqual(['first', 'first ends', 'second', 'from first'])
  })

  it('runs what a handler emits to its own dispatcher in a later turn', async () => {
    await using dispatcher = new Dispatcher()
    const log: number[] = []
    const poster = attachPoster<{ count(value: number): void }>(dispatcher.connect())
    dispatcher.register({
      count: (value: number) => {
        log.push(value)
        if (value < 50) poster.emit('count', value + 1)
        log.push(-value)
      },
    })
    poster.emit('count', 0)
    while (log.length < 102) await turns(1)
    expect(log).toEqual(upTo(51).flatMap((value) => [value, -value]))
    await poster.close()
  })
})

describe('the owner', () => {
  it('is known to dispatchers and posters', async () => {
    await using dispatcher = new Dispatcher()
    const poster = attachPoster(dispatcher.connect())
    expect([dispatcher.isOwnerThread, poster.isOwnerThread]).toEqual([true, true])
    dispatcher.assertOwner()
    poster.assertOwner()
    const foreign = attachPoster({ ...dispatcher.connect(), ownerThreadId: threadId + 1 })
    expect(foreign.isOwnerThread).toBe(false)
    expect(() => foreign.assertOwner()).toThrow(expect.objectContaining({ code: 'LOOP_WRONG_THREAD', threadId }))
    await poster.close()
    await foreign.close()
  })

  it('keeps a handle for one poster only', async () => {
    await using dispatcher = new Dispatcher()
    const handle = dispatcher.connect()
    const poster = attachPoster(handle)
    expect(() => attachPoster(handle)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option: 'handle' }))
    await poster.close()
  })
})

describe('handlers', () => {
  it('can be taken away again', async () => {
    await using dispatcher = new Dispatcher()
    const poster = attachPoster(dispatcher.connect())
    const registration = dispatcher.register({ one: () => 1, two: () => 2 })
    expect(registration.names).toEqual(['one', 'two'])
    expect(await poster.call('one', [])).toBe(1)
    registration[Symbol.dispose]()
    await expect(poster.call('one', [])).rejects.toMatchObject({ code: 'LOOP_HANDLER_MISSING' })
    dispatcher.register({ one: () => 3 })
    registration[Symbol.dispose]()
    expect(await poster.call('one', [])).toBe(3)
    await poster.close()
  })

  it('must be functions with names that are free', async () => {
    await using dispatcher = new Dispatcher()
    dispatcher.register({ one: () => 1 })
    expect(() => dispatcher.register({ zero: () => 0, one: () => 2 })).toThrow(
      expect.objectContaining({ option: 'handlers.one', message: expect.stringContaining('not taken yet') }),
    )
    expect(() => dispatcher.register({ zero: 0 as never })).toThrow(
      expect.objectContaining({ option: 'handlers.zero', message: expect.stringContaining('a function') }),
    )
    dispatcher.register({ zero: () => 0 })
  })
})

describe('maybeDispatch', () => {
  it('posts when there is a dispatcher', async () => {
    await using dispatcher = new Dispatcher()
    const got: number[] = []
    expect(maybeDispatch(dispatcher, (value: number) => got.push(value), 1)).toBe(true)
    expect(got).toEqual([])
    await dispatcher.drain()
    expect(got).toEqual([1])
  })

  it('calls at once when there is none, and lets errors through', () => {
    const got: number[] = []
    expect(maybeDispatch(undefined, (value: number) => got.push(value), 1)).toBe(true)
    expect(got).toEqual([1])
    expect(() =>
      maybeDispatch(undefined, () => {
        throw new Error('thrown inline')
      }),
    ).toThrow('thrown inline')
  })
})

describe('a reference', () => {
  // those that earlier tests have closed are gone by then
  beforeEach(() => turns(5))

  const ports = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length

  it('is held for every poster, earlier and later ones, until it is given up', async () => {
    const before = ports()
    await using dispatcher = new Dispatcher()
    const first = attachPoster(dispatcher.connect())
    expect(ports()).toBe(before)
    dispatcher.ref()
    const second = attachPoster(dispatcher.connect())
    expect(ports()).toBe(before + 2)
    dispatcher.unref()
    expect(ports()).toBe(before)
    await using third = attachPoster(dispatcher.connect())
    expect(third.depth).toBe(0)
    await first.close()
    await second.close()
    await turns()
    expect(ports()).toBe(before)
  })

  it('is held while a call waits for its answer', async () => {
    const before = ports()
    await using dispatcher = new Dispatcher()
    let release: (value: number) => void = () => undefined
    dispatcher.register({
      wait: () =>
        new Promise<number>((resolve) => {
          release = resolve
        }),
    })
    const poster = attachPoster(dispatcher.connect())
    const answer = poster.call('wait', [])
    while (dispatcher.stats().runningCalls === 0) await turns()
    expect(ports()).toBe(before + 1)
    release(1)
    expect(await answer).toBe(1)
    expect(ports()).toBe(before)
    await poster.close()
  })
})

describe('options', () => {
  it.each([
    [{ name: '' }, 'name'],
    [{ capacity: 0 }, 'capacity'],
    [{ overflow: 'block' as never }, 'overflow'],
    [{ coalesceBy: 1 as never }, 'coalesceBy'],
    [{ sliceMs: 0 }, 'sliceMs'],
    [{ onError: 'log' as never }, 'onError'],
  ])('of a dispatcher are refused: %o', (options, option) => {
    expect(() => new Dispatcher(options)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })

  it.each([
    [{ name: '' }, 'name'],
    [{ overflow: 'wait' as never }, 'overflow'],
    [{ credit: 1 }, 'credit'],
    [{ maxCalls: 0 }, 'maxCalls'],
    [{ priority: 65 }, 'priority'],
    [{ transfer: 'yes' as never }, 'transfer'],
  ])('of a connection are refused: %o', (options, option) => {
    const dispatcher = new Dispatcher()
    expect(() => dispatcher.connect(options)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })

  it('of a poster are refused before its handle is taken', async () => {
    await using dispatcher = new Dispatcher()
    const handle = dispatcher.connect()
    expect(() => attachPoster(handle, { coalesceBy: 1 as never })).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option: 'coalesceBy' }),
    )
    await attachPoster(handle).close()
  })
})

describe('stats', () => {
  it('know how long items waited', async () => {
    await using dispatcher = new Dispatcher()
    dispatcher.register({ take: () => undefined })
    const poster = attachPoster(dispatcher.connect())
    expect(dispatcher.stats().queueAgeP99Ms).toBe(0)
    for (const _ of upTo(200)) dispatcher.post(() => undefined)
    for (const _ of upTo(200)) poster.emit('take')
    await poster.close()
    await dispatcher.drain()
    const { queueAgeP99Ms, maxSliceMs, delivered } = dispatcher.stats()
    expect(queueAgeP99Ms).toBeGreaterThan(0)
    expect(queueAgeP99Ms).toBeLessThan(20_000)
    expect(maxSliceMs).toBeGreaterThan(0)
    expect(delivered).toBe(400)
  })
})
