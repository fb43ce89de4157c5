import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Dispatcher, attachPoster } from '../../src/dispatch/index.ts'
import { rejection } from '../settled.ts'
import { turns } from './threads.ts'

interface Handlers {
  readonly [name: string]: (...args: never[]) => unknown
  double(value: number): number
  wait(): Promise<string>
}

function open() {
  const dispatcher = new Dispatcher()
  const signals: AbortSignal[] = []
  let release: (value: string) => void = () => undefined
  dispatcher.register({
    double: (value: number) => value * 2,
    wait: () => {
      if (dispatcher.callSignal !== undefined) signals.push(dispatcher.callSignal)
      return new Promise<string>((resolve) => {
        release = resolve
      })
    },
  })
  const poster = attachPoster<Handlers>(dispatcher.connect())
  return { dispatcher, poster, signals, release: (value: string) => release(value) }
}

describe('a call on the own loop', () => {
  it('gives the result, sync or async, and what was thrown', async () => {
    await using dispatcher = new Dispatcher()
    expect(await dispatcher.call(() => 1)).toBe(1)
    expect(await dispatcher.call(async () => 2)).toBe(2)
    const error = new Error('thrown on purpose')
    await expect(
      dispatcher.call(() => {
        throw error
      }),
    ).rejects.toBe(error)
    await expect(dispatcher.call(() => Promise.reject(error))).rejects.toBe(error)
    expect(dispatcher.stats()).toMatchObject({ errors: 0, delivered: 4 })
  })

  it('does not run when it is given up before its turn', async () => {
    await using dispatcher = new Dispatcher()
    const reason = new Error('changed my mind')
    const controller = new AbortController()
    let ran = false
    const call = dispatcher.call(() => (ran = true), { signal: controller.signal })
    expect(dispatcher.depth).toBe(1)
    controller.abort(reason)
    expect(dispatcher.depth).toBe(0)
    await expect(call).rejects.toBe(reason)
    await expect(dispatcher.call(() => (ran = true), { signal: controller.signal })).rejects.toBe(reason)
    await dispatcher.drain()
    expect(ran).toBe(false)
  })

  it('shows the function that its caller gave up, and leaves no listener behind', async () => {
    await using dispatcher = new Dispatcher()
    const controller = new AbortController()
    let seen: AbortSignal | undefined
    const call = dispatcher.call(
      () => {
        seen = dispatcher.callSignal
        return new Promise(() => undefined)
      },
      { signal: controller.signal },
    )
    await turns()
    expect(seen?.aborted).toBe(false)
    const reason = new Error('changed my mind')
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
    expect(seen?.reason).toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    expect(dispatcher.callSignal).toBeUndefined()
    await dispatcher.close({ mode: 'discard' })
  })

  it('shows a function that asks late that its caller has given up', async () => {
    await using dispatcher = new Dispatcher()
    let seen: AbortSignal | undefined
    const controller = new AbortController()
    const call = dispatcher.call(
      () => {
        controller.abort(new Error('given up'))
        seen = dispatcher.callSignal
      },
      { signal: controller.signal },
    )
    await expect(call).rejects.toThrow('given up')
    expect(seen?.reason).toMatchObject({ message: 'given up' })
  })

  it('times out, and leaves no timer behind when it does not', async () => {
    await using dispatcher = new Dispatcher()
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    expect(await dispatcher.call(() => 1, { timeoutMs: 60_000 })).toBe(1)
    expect(await dispatcher.call(() => 1, { timeoutMs: Infinity })).toBe(1)
    expect(timers()).toBe(before)
    const late = dispatcher.call(() => new Promise(() => undefined), { timeoutMs: 5 })
    await expect(late).rejects.toMatchObject({ code: 'LOOP_TIMEOUT', timeoutMs: 5, kind: 'call' })
    await dispatcher.close({ mode: 'discard' })
  })

  it('refuses unusable arguments', async () => {
    await using dispatcher = new Dispatcher()
    expect(() => dispatcher.post('no function' as never)).toThrow(
      expect.objectContaining({ option: 'fn', expected: 'a function' }),
    )
    await expect(dispatcher.call('no function' as never)).rejects.toMatchObject({ code: 'LOOP_OPTION' })
    await expect(dispatcher.call(() => 1, { timeoutMs: -1 })).rejects.toMatchObject({ code: 'LOOP_OPTION' })
    await expect(dispatcher.call(() => 1, { signal: {} as AbortSignal })).rejects.toMatchObject({ code: 'LOOP_OPTION' })
  })
})

describe('a call of a poster', () => {
  it('gives the result, with many under way at once', async () => {
    const { dispatcher, poster } = open()
    const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => poster.call('double', [i])))
    expect(answers).toEqual(Array.from({ length: 500 }, (_, i) => i * 2))
    await poster.close()
    await dispatcher.close()
  })

  it('rejects with the reason of its signal, and the handler sees the caller gone', async () => {
    const { dispatcher, poster, signals, release } = open()
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    const call = poster.call('wait', [], { signal: controller.signal })
    while (signals.length === 0) await turns(1)
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
    await expect(poster.call('wait', [], { signal: controller.signal })).rejects.toBe(reason)
    while (signals[0]?.aborted !== true) await turns(1)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    // the answer that comes all the same is nobody's
    release('late')
    expect(await poster.call('double', [2])).toBe(4)
    await poster.close()
    await dispatcher.close()
  })

  it('that is given up as its answer is on the way disturbs nobody', async () => {
    const { dispatcher, poster } = open()
    const controller = new AbortController()
    const call = rejection(poster.call('double', [1], { signal: controller.signal }))
    poster.flush()
    controller.abort('changed my mind')
    expect(await call).toBe('changed my mind')
    expect(await poster.call('double', [2])).toBe(4)
    expect(dispatcher.stats()).toMatchObject({ delivered: 2, errors: 0 })
    await poster.close()
    await dispatcher.close()
  })

  it('does not run when it is given up while it waits for credit', async () => {
    const dispatcher = new Dispatcher()
    const ran: number[] = []
    dispatcher.register({ run: (value: number) => ran.push(value) })
    const poster = attachPoster<{ run(value: number): number }>(dispatcher.connect({ credit: 2 }))
    const controller = new AbortController()
    const first = poster.call('run', [1])
    const second = poster.call('run', [2])
    const third = poster.call('run', [3], { signal: controller.signal })
    expect(poster.depth).toBe(3)
    controller.abort(new Error('changed my mind'))
    expect(poster.depth).toBe(2)
    await expect(third).rejects.toThrow('changed my mind')
    await Promise.all([first, second])
    await poster.close()
    expect(ran).toEqual([1, 2])
    await dispatcher.close()
  })

  it('times out', async () => {
    const { dispatcher, poster, signals } = open()
    await expect(poster.call('wait', [], { timeoutMs: 5 })).rejects.toMatchObject({
      code: 'LOOP_TIMEOUT',
      timeoutMs: 5,
      message: expect.stringContaining("call of 'wait'"),
    })
    while (signals[0]?.aborted !== true) await turns(1)
    await dispatcher.close({ mode: 'discard' })
    await poster.close()
  })

  it('refuses unusable options', async () => {
    const { dispatcher, poster } = open()
    await expect(poster.call('double', [1], { timeoutMs: Number.NaN })).rejects.toMatchObject({ option: 'timeoutMs' })
    await expect(poster.call('double', [1], { signal: 1 as never })).rejects.toMatchObject({ option: 'signal' })
    await poster.close()
    await dispatcher.close()
  })

  it('moves the buffers that it is told to move', async () => {
    const dispatcher = new Dispatcher()
    dispatcher.register({ size: (bytes: Uint8Array) => bytes.byteLength })
    const poster = attachPoster<{ size(bytes: Uint8Array): number }>(dispatcher.connect())
    const bytes = new Uint8Array(100)
    expect(await poster.call('size', [bytes], { transfer: [bytes.buffer] })).toBe(100)
    expect(bytes.byteLength).toBe(0)
    await poster.close()
    await dispatcher.close()
  })

  it('survives more handler names than it remembers', async () => {
    const dispatcher = new Dispatcher()
    const names = Array.from({ length: 2500 }, (_, i) => `handler${i}`)
    dispatcher.register(Object.fromEntries(names.map((name) => [name, () => name])))
    const poster = attachPoster(dispatcher.connect({ maxCalls: 5000, credit: 10_000 }))
    const answers = await Promise.all(names.map((name) => poster.call(name, [])))
    expect(answers).toEqual(names)
    await poster.close()
    await dispatcher.close()
  })
})

describe('callSync', () => {
  it('is refused where blocking is not allowed', async () => {
    const { dispatcher, poster } = open()
    expect(() => poster.callSync('double', [1])).toThrow(expect.objectContaining({ code: 'LOOP_WRONG_THREAD' }))
    await poster.close()
    await dispatcher.close()
  })
})
