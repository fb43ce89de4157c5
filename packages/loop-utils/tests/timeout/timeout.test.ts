import { getEventListeners } from 'node:events'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { OptionError, TimeoutError } from '../../src/errors/index.ts'
import type { CallContext } from '../../src/policy/index.ts'
import { Deadline, timeout, type LateOutcome } from '../../src/timeout/index.ts'
import { assertLeavesNoTimer } from '../active-timers.ts'
import { CountedSignal } from '../counted-signal.ts'
import { never, settled } from '../settled.ts'

describe('timeout', () => {
  it('ends at a deadline that another clock measures', async () => {
    const clock = new ManualClock()
    const deadlineClock = new ManualClock()
    const call = settled(timeout(never, 10_000, { clock, deadline: Deadline.after(20, deadlineClock) }))
    await deadlineClock.advance(20)
    expect(await call).toMatchObject({ status: 'rejected', reason: { code: 'LOOP_TIMEOUT', kind: 'deadline' } })
    expect([clock.pending, deadlineClock.pending]).toEqual([0, 0])
  })

  it('outlives fake timers that are taken away again before the turn ends', async () => {
    vi.useFakeTimers()
    const lost = settled(timeout(never, 5))
    vi.useRealTimers()
    expect(await settled(timeout(never, 5))).toMatchObject({ status: 'rejected', reason: { code: 'LOOP_TIMEOUT' } })
    expect(await lost).toMatchObject({ status: 'rejected' })
  })

  it('gives what the function gives in time, leaving no timer', async () => {
    const clock = new ManualClock()
    expect(await timeout(() => 1, 100, { clock })).toBe(1)
    expect(await timeout(async () => 'later', 100, { clock })).toBe('later')
    const slow = timeout(() => clock.sleep(99).then(() => 'just'), 100, { clock })
    await clock.advance(99)
    expect(await slow).toBe('just')
    expect(clock.pending).toBe(0)
  })

  it('rejects with the error of the function, thrown or rejected', async () => {
    const clock = new ManualClock()
    const error = new TypeError('own')
    const throwing = (): never => {
      throw error
    }
    await expect(timeout(throwing, 100, { clock })).rejects.toBe(error)
    await expect(timeout(() => Promise.reject(error), 100, { clock })).rejects.toBe(error)
    expect(clock.pending).toBe(0)
  })

  it('rejects with a TimeoutError when time is up, and aborts the signal of the function with it', async () => {
    const clock = new ManualClock()
    let signal: AbortSignal | undefined
    const run = timeout(
      (context) => {
        signal = context.signal
        return never()
      },
      100,
      { clock, what: 'reading' },
    )
    const outcome = settled(run)
    await clock.advance(99)
    expect(signal?.aborted).toBe(false)
    await clock.advance(1)
    const result = await outcome
    expect(result).toMatchObject({ status: 'rejected', reason: { timeoutMs: 100, kind: 'total' } })
    expect(signal?.reason).toBe((result as PromiseRejectedResult).reason)
    expect(signal?.reason).toMatchObject({
      message: expect.stringContaining('reading timed out after 100 ms') as string,
    })
    expect(clock.pending).toBe(0)
  })

  it('counts the time that the function takes before it returns its promise', async () => {
    const clock = new ManualClock()
    const run = timeout(
      (context) => {
        void clock.advance(70)
        expect(context.deadline?.remaining()).toBe(100)
        return never()
      },
      100,
      { clock },
    )
    const outcome = settled(run)
    await clock.advance(30)
    expect(await outcome).toMatchObject({ status: 'rejected', reason: { code: 'LOOP_TIMEOUT' } })
  })

  it('tells the function until when it has time', async () => {
    const clock = new ManualClock()
    const seen = await timeout((context) => [context.deadline?.remaining(), context.attempt], 100, { clock })
    expect(seen).toEqual([100, 1])
    expect(await timeout((context) => context.deadline, Infinity, { clock })).toBeUndefined()
  })

  it('takes a promise-like that is none of ours', async () => {
    class Foreign implements PromiseLike<string> {
      // oxlint-disable-next-line unicorn/no-thenable -- a promise of another library is what this is about
      then: PromiseLike<string>['then'] = (...handlers) => Promise.resolve('foreign').then(...handlers)
    }
    expect(await timeout(() => new Foreign(), 100)).toBe('foreign')
  })
})

describe('the default value', () => {
  it('stands in for the result when time is up', async () => {
    const clock = new ManualClock()
    const runs = [
      timeout(never, 10, { clock, default: 'none' }),
      timeout(never, 10, { clock, default: undefined }),
      timeout(never, 10, { clock, default: (error) => error.timeoutMs }),
      timeout(never, 10, { clock, default: async () => 'async' }),
    ]
    await clock.advance(10)
    expect(await Promise.all(runs)).toEqual(['none', undefined, 10, 'async'])
    expectTypeOf(timeout(() => 1, 1, { default: 'x' })).toEqualTypeOf<Promise<number | string>>()
    expectTypeOf(timeout(() => 1, 1)).toEqualTypeOf<Promise<number>>()
  })

  it('does not stand in for the failure of the function, be it a TimeoutError', async () => {
    const own = new TimeoutError(1, 'call')
    await expect(timeout(() => Promise.reject(own), 1000, { default: 'none' })).rejects.toBe(own)
  })

  it('does not stand in for an abort', async () => {
    const controller = new AbortController()
    const run = timeout(never, 1000, { signal: controller.signal, default: 'none' })
    controller.abort('stop')
    await expect(run).rejects.toBe('stop')
  })

  it('rejects with what its function throws', async () => {
    const clock = new ManualClock()
    const run = settled(
      timeout(never, 1, {
        clock,
        default: (): never => {
          throw new RangeError('no default')
        },
      }),
    )
    await clock.advance(1)
    expect(await run).toMatchObject({ status: 'rejected', reason: { message: 'no default' } })
  })

  it('stands in when the deadline had passed before', async () => {
    const clock = new ManualClock()
    const deadline = Deadline.after(0, clock)
    const fn = vi.fn<() => Promise<never>>(never)
    expect(await timeout(fn, 10, { clock, deadline, default: 'none' })).toBe('none')
    expect(fn).not.toHaveBeenCalled()
  })
})

describe('an abort by the caller', () => {
  it('rejects with its reason and never as a timeout', async () => {
    const clock = new ManualClock()
    const counted = new CountedSignal()
    let inner: AbortSignal | undefined
    const run = timeout(
      (context) => {
        inner = context.signal
        return never()
      },
      1000,
      { clock, signal: counted.signal },
    )
    const outcome = settled(run)
    await clock.advance(20)
    const reason = new Error('user')
    counted.controller.abort(reason)
    expect(await outcome).toEqual({ status: 'rejected', reason })
    expect(inner?.reason).toBe(reason)
    expect(clock.pending).toBe(0)
    expect(getEventListeners(counted.signal, 'abort')).toEqual([])
  })

  it('before the call keeps the function from being called', async () => {
    const fn = vi.fn<() => Promise<never>>(never)
    const signal = AbortSignal.abort('before')
    await expect(timeout(fn, 10, { signal })).rejects.toBe('before')
    expect(fn).not.toHaveBeenCalled()
  })

  it('within the call settles it as well', async () => {
    const controller = new AbortController()
    const run = timeout(
      () => {
        controller.abort('inside')
        return never()
      },
      1000,
      { signal: controller.signal },
    )
    await expect(run).rejects.toBe('inside')
  })

  it('during the grace ends the waiting', async () => {
    const clock = new ManualClock()
    const controller = new AbortController()
    const run = settled(timeout(never, 10, { clock, mode: 'cooperative', signal: controller.signal }))
    await clock.advance(10)
    controller.abort('enough')
    expect(await run).toEqual({ status: 'rejected', reason: 'enough' })
    expect(clock.pending).toBe(0)
  })
})

describe('signals', () => {
  it('lose every listener that was added, whether the function looks at its signal or not', async () => {
    const counted = new CountedSignal()
    const { signal } = counted
    await timeout(async (context) => void context.signal, 1000, { signal })
    await timeout(async () => 1, 1000, { signal })
    await timeout(() => 1, 1000, { signal })
    await timeout(() => Promise.reject(new Error('x')), 1000, { signal }).catch(() => {})
    await timeout(never, 1, { signal }).catch(() => {})
    await timeout(never, 1, { signal, mode: 'cooperative', graceMs: 1 }).catch(() => {})
    expect(counted.added).toBeGreaterThan(0)
    expect(counted.removed).toBe(counted.added)
  })

  it('are not listened to when nothing waits', async () => {
    const counted = new CountedSignal()
    await timeout(() => 1, 1000, { signal: counted.signal })
    expect(counted.added).toBe(0)
  })

  it('of a call that has ended do not abort any more', async () => {
    const controller = new AbortController()
    let kept: CallContext | undefined
    await timeout(
      async (context) => {
        kept = context
        void context.signal
      },
      1000,
      { signal: controller.signal },
    )
    controller.abort()
    expect(kept?.signal.aborted).toBe(false)
  })

  it('of a call that has ended are not connected any more, when they are first read then', async () => {
    const counted = new CountedSignal()
    const kept: CallContext[] = []
    await timeout(async (context) => void kept.push(context), 1000, { signal: counted.signal })
    const { added } = counted
    const late = kept[0]?.signal
    expect([late?.aborted, counted.added, counted.removed]).toEqual([false, added, added])
    counted.controller.abort()
    expect(late?.aborted).toBe(false)
  })

  it('are read late without harm', async () => {
    const clock = new ManualClock()
    let kept: CallContext | undefined
    const run = settled(
      timeout(
        (context) => {
          kept = context
          return never()
        },
        5,
        { clock },
      ),
    )
    await clock.advance(5)
    await run
    expect(kept?.aborted).toBe(true)
    expect(kept?.signal.aborted).toBe(true)
    expect(kept?.signal.reason).toBeInstanceOf(TimeoutError)
  })

  it('leave no timer behind on the real clock', async () => {
    await assertLeavesNoTimer(async () => {
      await timeout(async () => 1, 60_000)
      await timeout(() => Promise.reject(new Error('x')), 60_000).catch(() => {})
      await timeout(never, 1, { mode: 'cooperative', graceMs: 1 }).catch(() => {})
      await timeout(never, 60_000, { signal: AbortSignal.abort() }).catch(() => {})
    })
  })
})

describe('the deadline', () => {
  it('wins when it is nearer', async () => {
    const clock = new ManualClock()
    const deadline = Deadline.after(50, clock)
    await clock.advance(20)
    const run = settled(timeout(never, 100, { clock, deadline }))
    await clock.advance(30)
    expect(await run).toMatchObject({ reason: { kind: 'deadline', timeoutMs: 50 } })
  })

  it('bounds a call that has no other limit', async () => {
    const clock = new ManualClock()
    const run = settled(timeout(never, Infinity, { clock, deadline: Deadline.after(7, clock) }))
    await clock.advance(7)
    expect(await run).toMatchObject({ reason: { kind: 'deadline', timeoutMs: 7 } })
    expect(clock.pending).toBe(0)
  })

  it('loses when it is farther', async () => {
    const clock = new ManualClock()
    const run = settled(timeout(never, 5, { clock, deadline: Deadline.after(7, clock) }))
    await clock.advance(5)
    expect(await run).toMatchObject({ reason: { kind: 'total', timeoutMs: 5 } })
  })
})

describe('late outcomes', () => {
  it('are told, values and errors alike', async () => {
    const clock = new ManualClock()
    const late: LateOutcome[] = []
    const options = { clock, onLate: (outcome: LateOutcome) => void late.push(outcome) }
    const runs = Promise.allSettled([
      timeout(() => clock.sleep(30).then(() => 'value'), 10, options),
      timeout(() => clock.sleep(40).then(() => Promise.reject(new Error('error'))), 10, options),
      timeout(({ signal }) => clock.sleep(1000, signal), 10, options),
    ])
    await clock.advance(10)
    expect(await runs).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }, { status: 'rejected' }])
    expect(late).toEqual([])
    await clock.advance(1000)
    expect(late).toMatchObject([
      { status: 'fulfilled', value: 'value' },
      { status: 'rejected', reason: { message: 'error' } },
    ])
    expect(late).toHaveLength(2)
  })

  it('never become unhandled rejections, also when the callback throws', async () => {
    const clock = new ManualClock()
    const unhandled = vi.fn<() => void>()
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    process.on('unhandledRejection', unhandled)
    const fail = (): Promise<never> => clock.sleep(30).then(() => Promise.reject(new Error('late')))
    const onLate = (): never => {
      throw new Error('in onLate')
    }
    await Promise.all([clock.advance(10), settled(timeout(fail, 10, { clock, onLate }))])
    await Promise.all([clock.advance(10), settled(timeout(fail, 10, { clock }))])
    await clock.advance(100)
    expect(await warned).toMatchObject({ name: 'StrayErrorWarning', message: 'onLate threw Error: in onLate' })
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })
})

describe('wrong options', () => {
  it.each<[string, () => unknown]>([
    ['timeoutMs', () => timeout(never, -1)],
    ['timeoutMs', () => timeout(never, NaN)],
    ['mode', () => timeout(never, 1, { mode: 'kind' as never })],
    ['graceMs', () => timeout(never, 1, { graceMs: -1 })],
    ['onLate', () => timeout(never, 1, { onLate: 1 as never })],
    ['signal', () => timeout(never, 1, { signal: {} as never })],
    ['fn', () => timeout(never() as never, 1)],
  ])('are refused at once: %s', (option, call) => {
    expect(call).toThrow(OptionError)
    expect(call).toThrow(`option ${option} is `)
  })
})
