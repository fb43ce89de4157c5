import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { constant, custom } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { retry } from '../../src/retry/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { assertLeavesNoTimer } from '../active-timers.ts'
import { CountedSignal } from '../counted-signal.ts'
import { never, rejection, settled } from '../settled.ts'
import { failing, type Attempt } from './failing.ts'

describe('an abort', () => {
  const reason = Symbol('the very reason')

  /** Whether `run` has rejected with the reason one macrotask after the abort. */
  async function abortAndSee(controller: AbortController, run: Promise<unknown>): Promise<unknown> {
    const outcome = settled(run)
    controller.abort(reason)
    const late = new Promise((resolve) => setImmediate(resolve, 'still pending'))
    return await Promise.race([outcome, late])
  }

  it('before the start keeps the function from being called', async () => {
    const fn = failing()
    expect(await rejection(retry(fn, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(fn).not.toHaveBeenCalled()
  })

  it('while waiting settles at once, and the function is not called again', async () => {
    const clock = new ManualClock()
    const counted = new CountedSignal()
    const fn = failing(1, 2, 3)
    const run = retry(fn, { clock, signal: counted.signal, maxAttempts: 9, backoff: constant(400) })
    await clock.advance(50)
    expect(await abortAndSee(counted.controller, run)).toEqual({ status: 'rejected', reason })
    expect(clock.pending).toBe(0)
    await clock.advance(10_000)
    expect(fn).toHaveBeenCalledTimes(1)
    expect(getEventListeners(counted.signal, 'abort')).toEqual([])
  })

  it('while waiting on the real clock leaves no timer', async () => {
    await assertLeavesNoTimer(async () => {
      const controller = new AbortController()
      const fn = failing(1, 2)
      const run = retry(fn, { signal: controller.signal, backoff: constant(60_000) })
      await vi.waitFor(() => expect(fn).toHaveBeenCalledTimes(1))
      expect(await abortAndSee(controller, run)).toEqual({ status: 'rejected', reason })
    })
  })

  it('while the function runs settles at once, though the function does not heed it', async () => {
    const controller = new AbortController()
    const fn = vi.fn<Attempt>(never)
    const run = retry(fn, { signal: controller.signal, backoff: constant(0) })
    expect(await abortAndSee(controller, run)).toEqual({ status: 'rejected', reason })
    await new Promise<void>((resolve) => setImmediate(resolve))
    expect(fn).toHaveBeenCalledTimes(1)
  })

  it('while the function runs under an attempt timeout settles at once', async () => {
    const clock = new ManualClock()
    const controller = new AbortController()
    const run = retry(never, { clock, signal: controller.signal, attemptTimeoutMs: 1000 })
    expect(await abortAndSee(controller, run)).toEqual({ status: 'rejected', reason })
    expect(clock.pending).toBe(0)
  })

  it('is told to a function that heeds it, whose own error is not retried', async () => {
    const clock = new ManualClock()
    const controller = new AbortController()
    const fn = vi.fn<Attempt>(({ signal }) =>
      clock.sleep(1000, signal).catch(() => Promise.reject(new Error('stopped'))),
    )
    const run = retry(fn, { clock, signal: controller.signal })
    expect(await abortAndSee(controller, run)).toEqual({ status: 'rejected', reason })
    await clock.advance(5000)
    expect(fn).toHaveBeenCalledTimes(1)
  })

  it('while retryIf decides settles at once', async () => {
    const clock = new ManualClock()
    const controller = new AbortController()
    const fn = failing(1, 2)
    const run = retry(fn, { clock, signal: controller.signal, retryIf: never })
    await clock.settle()
    expect(await abortAndSee(controller, run)).toEqual({ status: 'rejected', reason })
    expect(fn).toHaveBeenCalledTimes(1)
  })

  it.each(['fn', 'retryIf', 'onRetry', 'retryAfterMs', 'backoff'])(
    'from within %s wins over everything',
    async (place) => {
      const clock = new ManualClock()
      const controller = new AbortController()
      const abortIn = (here: string): void => {
        if (here === place) controller.abort(reason)
      }
      let calls = 0
      const run = retry(
        () => {
          calls++
          abortIn('fn')
          throw new Error('own')
        },
        {
          clock,
          signal: controller.signal,
          retryIf: () => (abortIn('retryIf'), place !== 'retryIf'),
          onRetry: () => abortIn('onRetry'),
          retryAfterMs: () => (abortIn('retryAfterMs'), undefined),
          backoff: custom(() => (abortIn('backoff'), 10)),
        },
      )
      expect(await rejection(run)).toBe(reason)
      await clock.advance(1000)
      expect([calls, clock.pending]).toEqual([1, 0])
    },
  )

  it.each([
    ['retryAfterMs', { maxElapsedMs: 5 }],
    ['backoff', { maxElapsedMs: 5 }],
    ['backoff', { deadline: Deadline.after(5, new ManualClock()) }],
    ['backoff', { budget: { deposit: () => undefined, tryWithdraw: () => false } }],
  ])('from within %s wins over the bound that is met by then: %o', async (place, bound) => {
    const controller = new AbortController()
    const abortIn = (here: string): void => {
      if (here === place) controller.abort(reason)
    }
    const run = retry(failing(1), {
      ...bound,
      clock: new ManualClock(),
      signal: controller.signal,
      retryAfterMs: () => (abortIn('retryAfterMs'), undefined),
      backoff: custom(() => (abortIn('backoff'), 10)),
    })
    expect(await rejection(run)).toBe(reason)
  })

  it('leaves as many listeners as were there: none', async () => {
    const counted = new CountedSignal()
    const { signal } = counted
    await retry(failing(1, 2), { signal, backoff: constant(0) })
    await retry(failing(1, 2), { signal, backoff: constant(0), attemptTimeoutMs: 1000 })
    await retry(async (context) => void context.signal, { signal })
    await rejection(retry(failing(1, 2, 3), { signal, backoff: constant(0) }))
    await rejection(retry(failing(1), { signal, retryIf: () => Promise.resolve(false) }))
    expect(counted.added).toBe(5)
    expect(counted.removed).toBe(5)
  })
})
