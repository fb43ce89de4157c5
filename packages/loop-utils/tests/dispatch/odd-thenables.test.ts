import { describe, expect, it } from 'vitest'
import { Dispatcher, attachPoster } from '../../src/dispatch/index.ts'
import { rejection } from '../settled.ts'

/** Waits like a promise, as far as one can tell before its `then` is called. */
const throwing: PromiseLike<never> = {
  // oxlint-disable-next-line unicorn/no-thenable -- what code that is not ours may return
  then() {
    throw new RangeError('not even then')
  },
}

/** Tells more than one outcome. */
const undecided: PromiseLike<unknown> = {
  // oxlint-disable-next-line unicorn/no-thenable -- what code that is not ours may return
  then(resolve?: ((value: never) => unknown) | null, reject?: ((reason: unknown) => unknown) | null): never {
    resolve?.('first' as never)
    reject?.(new Error('second'))
    throw new Error('third')
  },
}

describe('a thenable whose then throws', () => {
  it('rejects a call on the own loop, which does not count as running afterwards', async () => {
    const dispatcher = new Dispatcher()
    expect(await rejection(dispatcher.call(() => throwing))).toBeInstanceOf(RangeError)
    expect(dispatcher.stats().runningCalls).toBe(0)
    expect(await dispatcher.close({ deadlineMs: Infinity })).toMatchObject({ rejectedCalls: 0 })
  })

  it('rejects the call of a poster, which can close afterwards', async () => {
    const dispatcher = new Dispatcher()
    dispatcher.register({ odd: () => throwing })
    const poster = attachPoster(dispatcher.connect())
    expect(await rejection(poster.call('odd', []))).toBeInstanceOf(RangeError)
    expect(dispatcher.stats().runningCalls).toBe(0)
    await poster.close()
    expect(await dispatcher.close({ deadlineMs: Infinity })).toMatchObject({ rejectedCalls: 0 })
  })
})

describe('a thenable that tells several outcomes', () => {
  it('gives a call the first one, and nobody the others', async () => {
    const errors: unknown[] = []
    const dispatcher = new Dispatcher({ onError: (error) => errors.push(error) })
    dispatcher.register({ odd: () => undecided })
    const poster = attachPoster(dispatcher.connect())
    expect(await dispatcher.call(() => undecided)).toBe('first')
    expect(await poster.call('odd', [])).toBe('first')
    await poster.close()
    await dispatcher.close()
    expect(errors).toEqual([])
  })
})
