import { describe, expect, it, vi } from 'vitest'
import { constant, sequence } from '../../src/backoff/index.ts'
import { ManualClock, type Timer } from '../../src/clock/index.ts'
import { isTransientNetworkError, retry } from '../../src/retry/index.ts'
import { never, rejection } from '../settled.ts'
import { failing } from './failing.ts'

describe('a retry on a clock that began long ago', () => {
  it('counts its time from its own beginning', async () => {
    const clock = new ManualClock({ startMs: 1e9 })
    const seen: number[] = []
    const call = rejection(
      retry(failing('a', 'b', 'c'), {
        clock,
        backoff: sequence([10, 20]),
        onRetry: ({ elapsedMs }) => void seen.push(elapsedMs),
      }),
    )
    await clock.advance(100)
    expect(await call).toMatchObject({ code: 'LOOP_RETRY_EXHAUSTED', attempts: 3, elapsedMs: 30 })
    expect(seen).toEqual([0, 10])
  })

  it('gives up by its own time', async () => {
    const clock = new ManualClock({ startMs: 1e9 })
    const call = rejection(retry(failing('a', 'b', 'c'), { clock, backoff: constant(10), maxElapsedMs: 15 }))
    await clock.advance(100)
    expect(await call).toMatchObject({ limit: 'elapsed', attempts: 2, elapsedMs: 10 })
  })
})

describe('a budget', () => {
  it('is given back nothing by a call whose first attempt succeeds, whatever else is asked of it', async () => {
    const budget = { deposit: vi.fn<() => void>(), tryWithdraw: () => true, refund: vi.fn<() => void>() }
    await retry(failing(), { budget, retryIfResult: () => false })
    await retry(failing(), { budget, attemptTimeoutMs: 1000, clock: new ManualClock() })
    expect(budget.deposit).toHaveBeenCalledTimes(2)
    expect(budget.refund).not.toHaveBeenCalled()
  })
})

describe('waiting for a limiter', () => {
  it('ends with the time there is, and the error says what was waited for', async () => {
    const clock = new ManualClock()
    const limiter = { tryAcquire: () => false, acquire: never }
    const call = rejection(retry(failing(), { clock, limiter, maxElapsedMs: 40 }))
    await clock.advance(40)
    expect(await call).toMatchObject({
      limit: 'elapsed',
      attempts: 0,
      cause: { message: expect.stringContaining('waiting for the limiter timed out after 40 ms (total)') as string },
    })
  })
})

describe('the wait between two attempts', () => {
  it.each([
    [true, {}],
    [true, { ref: true }],
    [false, { ref: false }],
  ])('keeps the process alive: %s with %o', async (ref, options) => {
    const refs: unknown[] = []
    const clock = new (class extends ManualClock {
      override setTimer(callback: () => void, ms: number, given?: { readonly ref?: boolean }): Timer {
        refs.push(given?.ref)
        return super.setTimer(callback, ms)
      }
    })()
    const call = retry(failing('a'), { clock, backoff: constant(10), ...options })
    await clock.advance(10)
    expect([await call, refs]).toEqual(['success', [ref]])
  })
})

describe('isTransientNetworkError', () => {
  it.each([[null], [undefined], ['ECONNRESET'], [7], [() => ({ code: 'ECONNRESET' })]])('is false for %o', (thrown) => {
    expect(isTransientNetworkError(thrown)).toBe(false)
  })

  it.each([[7], [null], [{ code: 'ECONNRESET' }]])('passes over the code %o', (code) => {
    expect(isTransientNetworkError({ code })).toBe(false)
  })

  it('looks at 256 errors and no further', () => {
    const chain = (length: number): object => {
      let error: object = { code: 'ECONNRESET' }
      for (let causes = 1; causes < length; causes++) error = { cause: error }
      return error
    }
    expect([isTransientNetworkError(chain(256)), isTransientNetworkError(chain(257))]).toEqual([true, false])
  })
})
