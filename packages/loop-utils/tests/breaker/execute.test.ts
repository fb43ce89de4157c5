import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { CircuitOpenError, consecutive, type BreakerOptions, type Settled } from '../../src/breaker/index.ts'
import { OptionError, TimeoutError } from '../../src/errors/index.ts'
import { compose, timeoutPolicy } from '../../src/policy/index.ts'
import { retryPolicy } from '../../src/retry/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { never, rejection } from '../settled.ts'
import { deferred, driven, fail, permitOf } from './driven.ts'

describe('execute', () => {
  it('resolves as the function does: at once, later, or by any thenable', async () => {
    const { breaker } = driven()
    expect(await breaker.execute(() => 1)).toBe(1)
    expect(await breaker.execute(() => Promise.resolve(2))).toBe(2)
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable that is no promise is what is tested
    const thenable: PromiseLike<number> = { then: (onValue) => Promise.resolve(3).then(onValue) }
    expect(await breaker.execute(() => thenable)).toBe(3)
    expect(breaker.stats()).toMatchObject({ successes: 3, failures: 0 })
  })

  it.each([new Error('down'), 'down', undefined, 0, Object.freeze({ odd: true })])(
    'rejects with the very thing that was thrown or rejected with: %s',
    async (thrown) => {
      const { breaker } = driven()
      const throwing = (): never => {
        throw thrown
      }
      expect(await rejection(breaker.execute(throwing))).toBe(thrown)
      expect(await rejection(breaker.execute(() => Promise.reject(thrown)))).toBe(thrown)
      expect(breaker.stats()).toMatchObject({ failures: 2, lastError: thrown })
    },
  )

  it('refuses at once when open, and says until when and why', async () => {
    const { breaker, clock } = driven({ name: 'ccu', trip: consecutive(1), halfOpenAfterMs: 1000 })
    const cause = new Error('connection refused')
    fail(breaker, 1, cause)
    await clock.advance(400)
    const fn = vi.fn<() => number>()
    const error = await rejection(breaker.execute(fn))
    expect(error).toBeInstanceOf(CircuitOpenError)
    expect(error).toMatchObject({ code: 'LOOP_CIRCUIT_OPEN', breaker: 'ccu', retryAfterMs: 600, cause })
    expect((error as Error).message).toBe("circuit 'ccu' is open; try again in 600 ms")
    expect(fn).not.toHaveBeenCalled()
  })

  it('tells a half-open refusal from an open one', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 1000 })
    permitOf(breaker).failure()
    await clock.advance(1000)
    const probe = breaker.execute(() => Promise.resolve('up'))
    const error = await rejection(breaker.execute(() => 'flood'))
    expect(error).toMatchObject({ code: 'LOOP_CIRCUIT_OPEN', retryAfterMs: 0 })
    expect((error as Error).message).toBe(
      "circuit 'circuit' is half-open and admits no more calls; try again when a probe has ended",
    )
    expect('cause' in (error as object)).toBe(false)
    expect(await probe).toBe('up')
    expect(breaker.state).toBe('closed')
  })

  it('rejects, and counts nothing, when it is not given a function', async () => {
    const { breaker } = driven({ trip: consecutive(1) })
    const error = await rejection(breaker.execute(Promise.resolve(1) as never))
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toMatchObject({ option: 'fn' })
    expect(breaker.state).toBe('closed')
  })

  it('gives each call a signal of its own', async () => {
    const { breaker } = driven()
    const signals: AbortSignal[] = []
    const take = ({ signal }: { signal: AbortSignal }): void => void signals.push(signal)
    await Promise.all([breaker.execute(take), breaker.execute(take)])
    expect(new Set(signals).size).toBe(2)
  })
})

describe('an abort by the caller', () => {
  it('rejects at once with its reason, and is no failure', async () => {
    const { breaker } = driven({ trip: consecutive(1) })
    const { controller, signal } = new CountedSignal()
    const seen: unknown[] = []
    const call = breaker.execute(
      (context) =>
        new Promise<never>((_, reject) => {
          context.signal.addEventListener('abort', () => {
            seen.push(context.signal.reason)
            reject(new Error('torn down'))
          })
        }),
      { signal },
    )
    const reason = { because: 'page closed' }
    controller.abort(reason)
    expect(await rejection(call)).toBe(reason)
    expect(seen).toEqual([reason])
    expect(breaker.stats()).toMatchObject({ state: 'closed', ignored: 1, failures: 0, doubleSettlements: 0 })
  })

  it('before the call keeps the function from being called', async () => {
    const { breaker } = driven()
    const fn = vi.fn<() => void>()
    const reason = new Error('gone')
    expect(await rejection(breaker.execute(fn, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(await rejection(breaker.acquire({ signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(fn).not.toHaveBeenCalled()
    expect(breaker.stats()).toMatchObject({ ignored: 0, successes: 0 })
  })

  it('from within the function, which then throws, is no failure either', async () => {
    const { breaker } = driven({ trip: consecutive(1) })
    const controller = new AbortController()
    const call = breaker.execute(
      () => {
        controller.abort('enough')
        throw new Error('half done')
      },
      { signal: controller.signal },
    )
    await rejection(call)
    expect(breaker.stats()).toMatchObject({ state: 'closed', ignored: 1, failures: 0 })
  })

  it('that comes after the end changes nothing', async () => {
    const { breaker } = driven()
    const controller = new AbortController()
    await breaker.execute(() => Promise.resolve(), { signal: controller.signal })
    controller.abort()
    expect(breaker.stats()).toMatchObject({ successes: 1, ignored: 0 })
  })

  it('by a timeout is a failure, though the function never ends', async () => {
    const { breaker } = driven({ trip: consecutive(1) })
    const controller = new AbortController()
    const call = breaker.execute(never, { signal: controller.signal })
    controller.abort(new TimeoutError(100, 'total'))
    expect(await rejection(call)).toBeInstanceOf(TimeoutError)
    expect(breaker.state).toBe('open')
  })

  it('frees the place of a probe', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 10 })
    fail(breaker)
    await clock.advance(10)
    const controller = new AbortController()
    const probe = breaker.execute(never, { signal: controller.signal })
    expect(breaker.tryAcquire()).toBeNull()
    controller.abort('changed my mind')
    expect(await rejection(probe)).toBe('changed my mind')
    expect(breaker.tryAcquire()).not.toBeNull()
  })
})

describe('leaks', () => {
  it('removes as many listeners as it adds, however calls end', async () => {
    const { breaker } = driven({ trip: consecutive(3), halfOpenAfterMs: 1e9 })
    const counted = new CountedSignal()
    const { signal } = counted
    await breaker.execute(() => 1, { signal })
    await breaker.execute(() => Promise.resolve(1), { signal })
    await breaker.execute((context) => Promise.resolve(context.signal.aborted), { signal })
    for (let call = 0; call < 3; call++)
      await rejection(breaker.execute(() => Promise.reject(new Error('down')), { signal }))
    await rejection(breaker.execute(() => 1, { signal }))
    expect(counted.added).toBeGreaterThan(0)
    expect(counted.added).toBe(counted.removed)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('sets no timer', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 100 })
    fail(breaker)
    expect(clock.pending).toBe(0)
    await clock.advance(100)
    breaker.tryAcquire()
    await rejection(breaker.execute(() => 1))
    expect(breaker.state).toBe('half-open')
    expect(clock.pending).toBe(0)
  })
})

describe('classify', () => {
  it('decides on results and errors, knowing what would be decided without', async () => {
    const seen: [Settled, string][] = []
    const options: BreakerOptions = {
      trip: consecutive(1),
      classify: (settled, byDefault) => {
        seen.push([settled, byDefault])
        if (settled.status === 'rejected') return settled.reason === 404 ? 'success' : 'ignore'
        return settled.value === 'sorry' ? 'failure' : byDefault
      },
    }
    const { breaker } = driven(options)
    await breaker.execute(() => 'fine')
    await rejection(breaker.execute(() => Promise.reject(404)))
    await rejection(breaker.execute(() => Promise.reject(500)))
    expect(breaker.stats()).toMatchObject({ successes: 2, ignored: 1, failures: 0 })
    expect(await breaker.execute(() => 'sorry')).toBe('sorry')
    expect(breaker.state).toBe('open')
    expect(seen).toEqual([
      [{ status: 'fulfilled', value: 'fine' }, 'success'],
      [{ status: 'rejected', reason: 404 }, 'failure'],
      [{ status: 'rejected', reason: 500 }, 'failure'],
      [{ status: 'fulfilled', value: 'sorry' }, 'success'],
    ])
  })

  it('is asked once of an aborted call', async () => {
    const classify = vi.fn<(settled: Settled, byDefault: string) => 'failure'>(() => 'failure')
    const { breaker } = driven({ classify, trip: consecutive(1) })
    const controller = new AbortController()
    const end = deferred<void>()
    const call = breaker.execute(() => end.promise, { signal: controller.signal })
    controller.abort('off')
    await rejection(call)
    end.resolve()
    await end.promise
    expect(classify.mock.calls).toEqual([[{ status: 'rejected', reason: 'off' }, 'ignore']])
    expect(breaker.state).toBe('open')
  })

  it('that throws is reported, and the default holds', async () => {
    const errors: unknown[] = []
    const bug = new Error('bug')
    const { breaker } = driven({
      trip: consecutive(1),
      onError: (error) => errors.push(error),
      classify: () => {
        throw bug
      },
    })
    expect(await breaker.execute(() => 1)).toBe(1)
    await rejection(breaker.execute(() => Promise.reject(new Error('down'))))
    expect(breaker.state).toBe('open')
    expect(errors).toEqual([bug, bug])
  })

  it('that throws becomes a warning of the process when nobody takes its errors', async () => {
    const warnings: Error[] = []
    const take = (warning: Error): void => void warnings.push(warning)
    process.on('warning', take)
    try {
      const { breaker, clock } = driven({
        classify: () => {
          throw new Error('bug in classify')
        },
      })
      await breaker.execute(() => 1)
      await clock.settle()
    } finally {
      process.off('warning', take)
    }
    expect(warnings.map(({ message }) => message)).toEqual(['classify threw Error: bug in classify'])
  })
})

describe('together with other policies', () => {
  it('counts a call that hangs until the timeout outside of it', async () => {
    const { breaker, clock } = driven({ trip: consecutive(2) })
    const policy = compose(timeoutPolicy(100, { clock }), breaker)
    for (const _ of [1, 2]) {
      const call = rejection(policy.execute(never))
      await clock.advance(100)
      expect(await call).toBeInstanceOf(TimeoutError)
    }
    expect(breaker.state).toBe('open')
    expect(clock.pending).toBe(0)
  })

  it('counts a call that hangs until the timeout inside of it', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1) })
    const call = rejection(compose(breaker, timeoutPolicy(100, { clock })).execute(never))
    await clock.advance(100)
    expect(await call).toBeInstanceOf(TimeoutError)
    expect(breaker.state).toBe('open')
  })

  it('ends a retry early: the attempts after the trip are refused', async () => {
    const { breaker, clock } = driven({ trip: consecutive(2), halfOpenAfterMs: 1e9 })
    let calls = 0
    const policy = compose(retryPolicy({ maxAttempts: 5, clock }), breaker)
    const call = rejection(
      policy.execute(() => {
        calls++
        return Promise.reject(new Error('down'))
      }),
    )
    await clock.runAll()
    expect(await call).toMatchObject({ code: 'LOOP_RETRY_EXHAUSTED', cause: { code: 'LOOP_CIRCUIT_OPEN' } })
    expect(calls).toBe(2)
  })

  it('passes attempt and signal on', async () => {
    const { breaker, clock } = driven()
    const attempts: number[] = []
    const policy = compose(retryPolicy({ maxAttempts: 2, clock }), breaker)
    const call = policy.execute(({ attempt }) => {
      attempts.push(attempt)
      return attempt === 1 ? Promise.reject(new Error('once')) : Promise.resolve('done')
    })
    await clock.runAll()
    expect(await call).toBe('done')
    expect(attempts).toEqual([1, 2])
  })

  it('keeps a deadline that it is given', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1) })
    const call = rejection(breaker.execute(never, { deadline: Deadline.after(50, clock) }))
    await clock.advance(50)
    expect(await call).toMatchObject({ code: 'LOOP_TIMEOUT', kind: 'deadline' })
    expect(breaker.state).toBe('open')
    expect(clock.pending).toBe(0)
  })

  it('counts an inner circuit that is open as a failure', async () => {
    const inner = driven({ name: 'inner', trip: consecutive(1) })
    fail(inner.breaker)
    const { breaker } = driven({ name: 'outer', trip: consecutive(1) })
    const error = await rejection(compose(breaker, inner.breaker).execute(() => 1))
    expect(error).toMatchObject({ breaker: 'inner' })
    expect(breaker.state).toBe('open')
  })
})
