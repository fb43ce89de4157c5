import { describe, expect, it } from 'vitest'
import { AdaptiveConcurrency } from '../../src/concurrency/index.ts'
import { adaptive } from '../../src/rate/index.ts'
import { retry } from '../../src/retry/index.ts'
import { rejection } from '../settled.ts'
import { warning } from '../warning.ts'

const down = new Error('down')
const call = (): Promise<never> => Promise.reject(down)
const fail = (): never => {
  throw new Error('no answer')
}

describe.each<[string, () => boolean, string]>([
  ['throws', fail, 'isOverload threw Error: no answer'],
  ['answers by a promise', (async () => true) as never, 'isOverload threw OptionError: option isOverload'],
])('an isOverload that %s', (_, isOverload, message) => {
  it('is told of as a warning, and a retry goes on at the same rate', async () => {
    const warned = warning(message)
    const { limiter, budget } = adaptive({ isOverload })
    expect(await rejection(retry(call, { limiter, budget, maxAttempts: 1 }))).toMatchObject({ cause: down })
    expect(limiter.rate).toBe(Infinity)
    expect(await warned).toMatchObject({ code: 'LOOP_STRAY_ERROR' })
  })

  it('is told of as a warning, and the limit stays', async () => {
    const warned = warning(message)
    const limited = new AdaptiveConcurrency({ isOverload })
    expect(await rejection(limited.execute(call))).toBe(down)
    expect(limited.stats()).toMatchObject({ limit: 20, overloaded: 0 })
    expect(await warned).toMatchObject({ code: 'LOOP_STRAY_ERROR' })
  })
})
