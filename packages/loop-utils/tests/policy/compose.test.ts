import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { constant } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { OptionError, TimeoutError, type RetryExhaustedError } from '../../src/errors/index.ts'
import { compose, timeoutPolicy, type CallContext, type ExecuteOptions, type Policy } from '../../src/policy/index.ts'
import { retryPolicy } from '../../src/retry/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { never } from '../settled.ts'

async function outcomeAfter(
  clock: ManualClock,
  ms: number,
  run: Promise<unknown>,
): Promise<PromiseSettledResult<unknown>> {
  const [[result]] = await Promise.all([Promise.allSettled([run]), clock.advance(ms)])
  return result
}

/** A policy that somebody else wrote: it knows the interface and nothing more. */
function foreignPolicy(log: string[]): Policy {
  return {
    name: 'foreign',
    async execute<T>(fn: (context: CallContext) => T | PromiseLike<T>, options: ExecuteOptions = {}): Promise<T> {
      log.push('before')
      const signal = options.signal ?? new AbortController().signal
      const context: CallContext = { signal, aborted: signal.aborted, attempt: 7, deadline: options.deadline }
      try {
        return await fn(context)
      } finally {
        log.push('after')
      }
    },
  }
}

describe('compose', () => {
  it('calls through all layers, the first outermost', async () => {
    const log: string[] = []
    const named = (name: string): Policy => ({
      name,
      async execute(fn, options = {}) {
        log.push(name)
        return await fn({
          signal: new AbortController().signal,
          aborted: false,
          attempt: 1,
          deadline: options.deadline,
        })
      },
    })
    const policy = compose(named('a'), compose(named('b'), named('c')))
    expect(await policy.execute(() => 'result')).toBe('result')
    expect(log).toEqual(['a', 'b', 'c'])
    expect(policy.name).toBe('compose(a, b, c)')
  })

  it('of nothing calls the function under the signal of the caller', async () => {
    const policy = compose()
    expect(await policy.execute((context) => context.attempt)).toBe(1)
    await expect(policy.execute(() => 1, { signal: AbortSignal.abort('no') })).rejects.toBe('no')
    const controller = new AbortController()
    const run = policy.execute(never, { signal: controller.signal })
    controller.abort('now')
    await expect(run).rejects.toBe('now')
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('bounds all attempts together by an outer timeout, which reports itself', async () => {
    const clock = new ManualClock()
    const policy = compose(
      timeoutPolicy(100, { clock }),
      retryPolicy({ clock, maxAttempts: Infinity, backoff: constant(10) }),
    )
    const signals: AbortSignal[] = []
    const result = await outcomeAfter(
      clock,
      100,
      policy.execute((context) => {
        signals.push(context.signal)
        return context.attempt < 3 ? Promise.reject(new Error('again')) : never()
      }),
    )
    expect(result).toMatchObject({
      status: 'rejected',
      reason: { code: 'LOOP_TIMEOUT', kind: 'total', timeoutMs: 100 },
    })
    expect(signals).toHaveLength(3)
    expect(signals[2]?.aborted).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('bounds each attempt by an inner timeout, with a live signal for each', async () => {
    const clock = new ManualClock()
    const policy = compose(
      retryPolicy({ clock, maxAttempts: 3, backoff: constant(5) }),
      timeoutPolicy(10, { clock, kind: 'attempt' }),
    )
    const wasAborted: boolean[] = []
    const result = await outcomeAfter(
      clock,
      100,
      policy.execute(({ signal }) => {
        wasAborted.push(signal.aborted)
        return clock.sleep(1000, signal)
      }),
    )
    expect(result).toMatchObject({ reason: { code: 'LOOP_RETRY_EXHAUSTED', attempts: 3 } })
    expect((result as { reason: RetryExhaustedError }).reason.errors).toMatchObject([
      { kind: 'attempt' },
      { kind: 'attempt' },
      { kind: 'attempt' },
    ])
    expect(wasAborted).toEqual([false, false, false])
    expect(clock.pending).toBe(0)
  })

  it('does not begin a wait that the outer timeout would cut off', async () => {
    const clock = new ManualClock()
    const policy = compose(timeoutPolicy(100, { clock }), retryPolicy({ clock, backoff: constant(200) }))
    const error = new Error('own')
    const run = policy.execute(() => Promise.reject(error))
    await expect(run).rejects.toMatchObject({ code: 'LOOP_RETRY_EXHAUSTED', limit: 'deadline', cause: error })
    expect(clock.now()).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('passes attempt, deadline and abort through a policy of somebody else', async () => {
    const clock = new ManualClock()
    const log: string[] = []
    const policy = compose(timeoutPolicy(100, { clock }), foreignPolicy(log), timeoutPolicy(50, { clock }))
    const seen = await policy.execute((context) => [context.attempt, context.deadline?.remaining()])
    expect(seen).toEqual([7, 50])
    const controller = new AbortController()
    let inner: AbortSignal | undefined
    const run = policy.execute(
      (context) => {
        inner = context.signal
        return never()
      },
      { signal: controller.signal },
    )
    controller.abort('through')
    await expect(run).rejects.toBe('through')
    expect(inner?.reason).toBe('through')
    await clock.settle()
    expect(log).toEqual(['before', 'after', 'before', 'after'])
  })

  it("keeps the caller's deadline in the outermost layer that bounds time", async () => {
    const clock = new ManualClock()
    const policy = compose(retryPolicy({ clock, maxAttempts: 1 }), timeoutPolicy(1000, { clock }))
    const result = await outcomeAfter(clock, 30, policy.execute(never, { deadline: Deadline.after(30, clock) }))
    expect(result).toMatchObject({
      reason: { code: 'LOOP_RETRY_EXHAUSTED', cause: { kind: 'deadline', timeoutMs: 30 } },
    })
    expect(clock.pending).toBe(0)
  })

  it('listens once to the signal of the caller, however many layers there are', async () => {
    const counted = new CountedSignal()
    const policy = compose(
      timeoutPolicy(10_000),
      retryPolicy({ attemptTimeoutMs: 5000, backoff: constant(0) }),
      timeoutPolicy(1000),
    )
    const fn = vi.fn<(context: CallContext) => Promise<string>>(async ({ signal, attempt }) => {
      expect(signal.aborted).toBe(false)
      if (attempt < 3) throw new Error('again')
      return 'third'
    })
    expect(await policy.execute(fn, { signal: counted.signal })).toBe('third')
    expect([counted.added, counted.removed]).toEqual([1, 1])
  })

  it('tells every layer of an abort with the very reason', async () => {
    const clock = new ManualClock()
    const counted = new CountedSignal()
    const policy = compose(
      timeoutPolicy(1000, { clock }),
      retryPolicy({ clock, maxAttempts: Infinity, backoff: constant(100) }),
    )
    const fn = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('again')))
    const run = policy.execute(fn, { signal: counted.signal })
    const outcome = Promise.allSettled([run])
    await clock.advance(250)
    expect(fn).toHaveBeenCalledTimes(3)
    const reason = Symbol('reason')
    counted.controller.abort(reason)
    expect(await outcome).toEqual([{ status: 'rejected', reason }])
    await clock.advance(10_000)
    expect(fn).toHaveBeenCalledTimes(3)
    expect(clock.pending).toBe(0)
  })

  it('refuses what is no policy', () => {
    expect(() => compose({} as never)).toThrow(OptionError)
    expect(() => compose(retryPolicy(), null as never)).toThrow(/option policies\[1\] is null/)
    expect(() => compose({ execute: 1 } as never)).toThrow(OptionError)
  })

  it('may run any number of times at once', async () => {
    const clock = new ManualClock()
    const policy = compose(timeoutPolicy(50, { clock }), retryPolicy({ clock, backoff: constant(10) }))
    const runs = Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        policy.execute(async ({ attempt, signal }) => {
          await clock.sleep(index * 4, signal)
          if (attempt === 1) throw new Error('first')
          return index
        }),
      ),
    )
    await clock.advance(1000)
    for (const [index, result] of (await runs).entries()) {
      const fits = 2 * index * 4 + 10 < 50
      expect(result.status).toBe(fits ? 'fulfilled' : 'rejected')
    }
    expect(clock.pending).toBe(0)
  })
})

describe('timeoutPolicy', () => {
  it('refuses wrong options at construction', () => {
    expect(() => timeoutPolicy(-1)).toThrow(OptionError)
    expect(() => timeoutPolicy(1, { mode: 'x' as never })).toThrow(OptionError)
    expect(() => timeoutPolicy(1, { kind: 'x' as never })).toThrow(/option kind is 'x'/)
    expect(() => timeoutPolicy(1, { clock: {} as never })).toThrow(/option clock is an object/)
    expect(() => timeoutPolicy(1, null as never)).toThrow(/option options is null/)
  })

  it('times one of several calls out without touching the others', async () => {
    const clock = new ManualClock()
    const policy = timeoutPolicy(10, { clock })
    const signals: AbortSignal[] = []
    const call = (ms: number): Promise<unknown> =>
      policy.execute(({ signal }) => {
        signals.push(signal)
        return clock.sleep(ms).then(() => 'in time')
      })
    const first = Promise.allSettled([call(20)])
    await clock.advance(5)
    const second = call(9)
    await clock.advance(5)
    expect(await first).toMatchObject([{ status: 'rejected', reason: { code: 'LOOP_TIMEOUT' } }])
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false])
    await clock.advance(4)
    expect(await second).toBe('in time')
    expect(await outcomeAfter(clock, 100, call(3))).toMatchObject({ status: 'fulfilled' })
  })

  it('rejects what it cannot call', async () => {
    await expect(timeoutPolicy(1).execute(1 as never)).rejects.toThrow('option fn is 1')
  })

  it('rejects with its kind', async () => {
    const clock = new ManualClock()
    const result = await outcomeAfter(clock, 5, timeoutPolicy(5, { clock, kind: 'call' }).execute(never))
    expect((result as PromiseRejectedResult).reason).toBeInstanceOf(TimeoutError)
    expect(result).toMatchObject({ reason: { kind: 'call' } })
  })
})
