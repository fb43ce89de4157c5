import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { getEventListeners } from 'node:events'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { CircuitBreaker, consecutive } from '../../src/breaker/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { fallback, FallbackFailedError, type FallbackPolicy } from '../../src/fallback/index.ts'
import { compose, timeoutPolicy } from '../../src/policy/index.ts'
import { retryPolicy } from '../../src/retry/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { never, rejection } from '../settled.ts'

const down = new Error('down')
const failing = (): Promise<number> => Promise.reject(down)

describe('fallback', () => {
  it('resolves with the value when the function fails, sync or async', async () => {
    const policy = fallback('unknown')
    expect(await policy.execute(failing)).toBe('unknown')
    expect(
      await policy.execute((): number => {
        throw down
      }),
    ).toBe('unknown')
    expect(await policy.execute(() => 7)).toBe(7)
    expect(await policy.execute(() => Promise.resolve(8))).toBe(8)
  })

  it('makes the value of the error', async () => {
    const policy = fallback((cause, { attempt, aborted }) => Promise.resolve({ cause, attempt, aborted }))
    expect(await policy.execute(failing)).toEqual({ cause: down, attempt: 1, aborted: false })
  })

  it('stands in for errors that it is told to, only', async () => {
    const onFallback = vi.fn<(error: unknown) => void>()
    const policy = fallback(0, { when: (error) => error === down, onFallback })
    expect(await policy.execute(failing)).toBe(0)
    const other = new Error('bug')
    expect(await rejection(policy.execute(() => Promise.reject(other)))).toBe(other)
    expect(onFallback.mock.calls).toEqual([[down]])
  })

  it('rejects with both errors when the stand-in fails, too', async () => {
    const second = new Error('cache is empty')
    const policy = fallback(() => {
      throw second
    })
    const error = await rejection(policy.execute(failing))
    expect(error).toBeInstanceOf(FallbackFailedError)
    expect(error).toMatchObject({ code: 'LOOP_FALLBACK_FAILED', errors: [down, second], cause: second })
    expect((error as Error).message).toBe(
      'the call failed (down) and its fallback, too (cache is empty); see errors for both, the call first',
    )
    const odd = fallback(() => Promise.reject({ odd: true }))
    expect(((await rejection(odd.execute(() => Promise.reject(7)))) as Error).message).toContain('(7)')
  })

  it('keeps the error when its own predicate fails', async () => {
    const bug = new Error('bug')
    const policy = fallback(0, {
      when: () => {
        throw bug
      },
    })
    expect(await rejection(policy.execute(failing))).toMatchObject({ errors: [down, bug] })
  })

  it('does not stand in for an abort by the caller, whatever the function makes of it', async () => {
    const standIn = vi.fn<() => string>(() => 'unknown')
    const policy = fallback(standIn)
    const controller = new AbortController()
    const reason = new Error('gone')
    const call = rejection(policy.execute(never, { signal: controller.signal }))
    controller.abort(reason)
    expect(await call).toBe(reason)
    expect(await rejection(policy.execute(() => 1, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    const self = new AbortController()
    const throwing = (): never => {
      self.abort(reason)
      throw down
    }
    await rejection(policy.execute(throwing, { signal: self.signal }))
    expect(standIn).not.toHaveBeenCalled()
  })

  it('aborts the stand-in, too', async () => {
    const controller = new AbortController()
    let seen: AbortSignal | undefined
    const policy = fallback((_, { signal }) => {
      seen = signal
      return never()
    })
    const call = rejection(policy.execute(failing, { signal: controller.signal }))
    await new Promise<void>((resolve) => setImmediate(resolve))
    controller.abort('enough')
    expect(await call).toBe('enough')
    expect(seen?.reason).toBe('enough')
  })

  it('passes on what a stand-in throws that was aborted within an outer policy', async () => {
    const clock = new ManualClock()
    const policy = compose(
      timeoutPolicy(100, { clock }),
      fallback((_, { signal }) => {
        return new Promise<never>((__, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      }) as never,
    )
    const call = rejection(policy.execute(failing))
    await clock.advance(100)
    expect(await call).toMatchObject({ code: 'LOOP_TIMEOUT' })
  })

  it('keeps a deadline that it is given, and does not stand in for its end', async () => {
    const clock = new ManualClock()
    const call = rejection(fallback(1, { clock }).execute(never, { deadline: Deadline.after(50, clock) }))
    await clock.advance(50)
    expect(await call).toMatchObject({ code: 'LOOP_TIMEOUT', kind: 'deadline' })
    expect(clock.pending).toBe(0)
  })

  it('leaves no listener on a signal', async () => {
    const counted = new CountedSignal()
    const { signal } = counted
    for (let call = 0; call < 20; call++) await fallback(1).execute(failing, { signal })
    expect(counted.added).toBe(counted.removed)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('is told of by onEvent and diagnostics_channel', async () => {
    const events: unknown[] = []
    const published: unknown[] = []
    const take = (message: unknown, name: string | symbol): void => void published.push([name, message])
    subscribe('x:loop-utils:fallback:use', take)
    try {
      const onEvent = (name: string, data: object): void => void events.push([name, data])
      await fallback(1, { name: 'cached', onEvent }).execute(failing)
    } finally {
      unsubscribe('x:loop-utils:fallback:use', take)
    }
    expect(events).toEqual([['x:loop-utils:fallback:use', { name: 'cached', error: down }]])
    expect(published).toEqual(events)
  })

  it('refuses what is no function, policy or name', async () => {
    expect(await rejection(fallback(1).execute(Promise.resolve(1) as never))).toMatchObject({ option: 'fn' })
    expect(() => fallback(1).around({} as never)).toThrow(expect.objectContaining({ option: 'inner' }))
    expect(() => fallback(1, { name: '' })).toThrow(expect.objectContaining({ option: 'name' }))
    expect(() => fallback(1, { when: 7 as never })).toThrow(expect.objectContaining({ option: 'when' }))
  })
})

describe('a fallback around policies', () => {
  it('stands in for an open circuit', async () => {
    const breaker = new CircuitBreaker({ name: 'ccu', trip: consecutive(1) })
    const policy = fallback((error) => (error as { code?: string }).code ?? 'no code').around(breaker)
    expect(policy.name).toBe('fallback(ccu)')
    expect(await policy.execute(failing)).toBe('no code')
    expect(await policy.execute(failing)).toBe('LOOP_CIRCUIT_OPEN')
  })

  it('nests in the order in which they are put', async () => {
    const clock = new ManualClock()
    const attempts: number[] = []
    const policy = fallback('gave up')
      .around(retryPolicy({ maxAttempts: 3, clock }))
      .around(timeoutPolicy(100, { clock, kind: 'attempt' }))
    expect(policy.name).toBe('fallback(retry(timeout))')
    const call = policy.execute(({ attempt }) => {
      attempts.push(attempt)
      return never()
    })
    await clock.runAll()
    expect(await call).toBe('gave up')
    expect(attempts).toEqual([1, 2, 3])
  })

  it('has the types of both', () => {
    expectTypeOf(fallback('unknown')).toEqualTypeOf<FallbackPolicy<string>>()
    expectTypeOf(fallback(() => Promise.resolve(1))).toEqualTypeOf<FallbackPolicy<number>>()
    expectTypeOf(fallback(null).execute(() => 1)).toEqualTypeOf<Promise<number | null>>()
  })
})
