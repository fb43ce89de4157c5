import { describe, expect, it, vi } from 'vitest'
import { constant } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { ResultRefusedError, type RetryExhaustedError } from '../../src/errors/index.ts'
import { retry, type ScheduledRetry } from '../../src/retry/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { rejection } from '../settled.ts'
import { failing } from './failing.ts'

describe('what is worth a retry', () => {
  it('is asked of retryIf with the error and what is known of the attempt', async () => {
    const clock = new ManualClock()
    const asked: unknown[] = []
    const run = rejection(
      retry(failing('a', 'b', 'c'), {
        clock,
        maxAttempts: 9,
        backoff: constant(10),
        retryIf: async (error, failed) => {
          asked.push([error, failed])
          return error !== 'c'
        },
      }),
    )
    await clock.runAll()
    expect(await run).toBe('c')
    expect(asked).toEqual([
      ['a', { attempt: 1, elapsedMs: 0 }],
      ['b', { attempt: 2, elapsedMs: 10 }],
      ['c', { attempt: 3, elapsedMs: 20 }],
    ])
  })

  it('is asked after the last attempt, too: an error that is not to be retried comes through as itself', async () => {
    const error = new Error('permanent')
    expect(await rejection(retry(failing(error), { maxAttempts: 1, retryIf: () => false }))).toBe(error)
  })

  it('ends with what retryIf throws', async () => {
    const own = new Error('in retryIf')
    const fn = failing(1, 2)
    const throwing = (): never => {
      throw own
    }
    expect(await rejection(retry(fn, { retryIf: throwing }))).toBe(own)
    expect(await rejection(retry(fn, { retryIf: () => Promise.reject(own) }))).toBe(own)
    expect(fn).toHaveBeenCalledTimes(2)
  })

  it('may be a result', async () => {
    const results = [503, 503, 200]
    const fn = vi.fn<() => number>(() => results.shift() ?? 0)
    expect(await retry(fn, { backoff: constant(0), retryIfResult: (status) => status === 503 })).toBe(200)
    expect(fn).toHaveBeenCalledTimes(3)
    const seen: unknown[] = []
    const run = retry(() => 503, {
      backoff: constant(0),
      retryIf: (error) => seen.push(error) > 0,
      retryIfResult: (status) => status === 503,
    })
    const error = (await rejection(run)) as RetryExhaustedError
    expect(error.cause).toBeInstanceOf(ResultRefusedError)
    expect(error.errors).toMatchObject([
      { result: 503, attempt: 1 },
      { result: 503, attempt: 2 },
      { result: 503, attempt: 3 },
    ])
    expect(seen).toEqual(error.errors)
  })

  it('ends with what retryIfResult throws', async () => {
    const fn = failing()
    const run = retry(fn, {
      retryIfResult: () => {
        throw new RangeError('in retryIfResult')
      },
    })
    expect(await rejection(run)).toMatchObject({ message: 'in retryIfResult' })
    expect(fn).toHaveBeenCalledTimes(1)
  })
})

describe("the peer's own delay", () => {
  it.each<[number | undefined, number]>([
    [300, 300],
    [0, 0],
    [undefined, 10],
    [-1, 10],
    [NaN, 10],
    // as from a header that nobody parsed
    ['300' as unknown as number, 10],
    [Infinity, 5000],
    [9000, 5000],
  ])('of %s ms becomes %s ms', async (askedMs, delayMs) => {
    const clock = new ManualClock()
    const seen: ScheduledRetry[] = []
    const run = retry(failing('busy'), {
      clock,
      backoff: constant(10),
      retryAfterMs: () => askedMs,
      maxRetryAfterMs: 5000,
      onRetry: (scheduled) => seen.push(scheduled),
    })
    await clock.runAll()
    expect(await run).toBe('success')
    expect(seen).toEqual([{ attempt: 1, elapsedMs: 0, error: 'busy', delayMs }])
  })

  it('does not outlast the deadline', async () => {
    const clock = new ManualClock()
    const deadline = Deadline.after(100, clock)
    const run = retry(failing(1), { clock, deadline, backoff: constant(1), retryAfterMs: () => 1000 })
    expect(await rejection(run)).toMatchObject({ limit: 'deadline' })
  })
})
