import { describe, expect, it } from 'vitest'
import {
  anyOf,
  BreakerRegistry,
  CircuitBreaker,
  consecutive,
  countWindow,
  timeWindow,
  type BreakerOptions,
  type BreakerSnapshot,
} from '../../src/breaker/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { rejection } from '../settled.ts'
import { driven, fail, succeed } from './driven.ts'

const WINDOW = { windowMs: 1000, buckets: 10, failureRate: 0.5, minCalls: 4 }

describe('what a breaker refuses is named, with what to give', () => {
  const make = (options: BreakerOptions) => (): unknown => new CircuitBreaker(options)

  it.each<[string, string, () => unknown]>([
    ['failures', 'an integer of at least 1', () => consecutive(0)],
    ['breaker', 'an object', () => new BreakerRegistry({ breaker: 5 as never })],
    [
      'halfOpenAfterMs',
      'milliseconds, or a Backoff such as exponential()',
      make({ halfOpenAfterMs: { delays: 5 } as never }),
    ],
    ['halfOpenAfterMs', 'milliseconds, or a Backoff such as exponential()', make({ halfOpenAfterMs: '5' as never })],
    [
      'halfOpen.ramp',
      'an array of at most 100 shares',
      make({ halfOpen: { ramp: Array.from({ length: 101 }, () => 1) } }),
    ],
    [
      'whenHalfOpen',
      "'reject', since a breaker that only reports delays no call",
      make({ whenHalfOpen: 'wait', mode: 'report-only' }),
    ],
  ])('%s: %s', (option, expected, refuse) => {
    expect(refuse).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option, expected: expect.stringContaining(expected) as string }),
    )
  })

  it('takes 100 shares', () => {
    expect(make({ halfOpen: { ramp: Array.from({ length: 100 }, () => 1) } })).not.toThrow()
  })

  it('when it is to execute what is no function', async () => {
    expect(await rejection(new CircuitBreaker().execute(7 as never))).toMatchObject({
      option: 'fn',
      expected: 'a function',
    })
  })
})

describe('a snapshot that cannot be', () => {
  const restoring = (counter: object, options: BreakerOptions) => (): unknown => {
    const snapshot = new CircuitBreaker(options).snapshot() as BreakerSnapshot & { trip: object }
    const key = Object.entries(snapshot).find(
      ([, value]) => (value as { kind?: string } | null)?.kind !== undefined,
    )?.[0]
    return CircuitBreaker.restore({ ...snapshot, [key ?? '']: { ...counterOf(snapshot, key), ...counter } }, options)
  }
  const counterOf = (snapshot: object, key = ''): object => (snapshot as Record<string, object>)[key] ?? {}
  const slice = { age: 0, calls: 1, failures: 0, slow: 0 }

  it.each<[string, object]>([
    ['age', { ...slice, age: -1 }],
    ['calls', { ...slice, calls: -1 }],
    ['failures', { ...slice, failures: 2 }],
    ['slow', { ...slice, slow: 2 }],
  ])('for its %s is refused by its path', (field, bucket) => {
    expect(restoring({ buckets: [bucket] }, { trip: timeWindow(WINDOW) })).toThrow(
      expect.objectContaining({
        code: 'LOOP_OPTION',
        option: expect.stringMatching(new RegExp(`buckets\\[0\\]\\.${field}$`)) as string,
      }),
    )
  })

  it('for its length is refused', () => {
    const trip = timeWindow({ ...WINDOW, buckets: 1000 })
    const slices = (length: number): object => ({ buckets: Array.from({ length }, (_, age) => ({ ...slice, age })) })
    expect(restoring(slices(1001), { trip })).toThrow(
      expect.objectContaining({ expected: 'an array of at most 1000 slices' }),
    )
    expect(restoring(slices(1000), { trip })).not.toThrow()
    expect(restoring({ calls: 's'.repeat(1_000_001) }, { trip: countWindow({ size: 2, failureRate: 1 }) })).toThrow(
      expect.objectContaining({ option: expect.stringMatching(/\.calls$/) as string }),
    )
  })

  it('but a window without calls is one', () => {
    expect(restoring({ calls: '' }, { trip: countWindow({ size: 2, failureRate: 1 }) })).not.toThrow()
  })
})

describe('a window of time beside a trip that counts only', () => {
  it.each([
    ['first', () => anyOf(timeWindow(WINDOW), consecutive(100))],
    ['last', () => anyOf(consecutive(100), timeWindow(WINDOW))],
  ])('forgets what is too old, when it comes %s', async (_, trip) => {
    const { breaker, clock } = driven({ trip: trip() })
    fail(breaker, 3)
    await clock.advance(1100)
    fail(breaker)
    expect(breaker.state).toBe('closed')
    fail(breaker, 3)
    expect(breaker.state).toBe('open')
  })
})

describe('the last error', () => {
  it('of a call that classify() calls a failure is what it rejected with, or nothing', async () => {
    const { breaker } = driven({ classify: () => 'failure', trip: consecutive(100) })
    const down = new Error('down')
    await rejection(breaker.execute(() => Promise.reject(down)))
    expect(breaker.stats().lastError).toBe(down)
    await breaker.execute(() => 'a result')
    expect(breaker.stats()).toMatchObject({ failures: 2, lastError: undefined })
  })
})

describe('isolating', () => {
  it('is by hand when no reason is given', async () => {
    const { breaker } = driven()
    const isolation = breaker.isolate()
    const error = await rejection(breaker.execute(() => 1))
    expect(error).toMatchObject({ code: 'LOOP_CIRCUIT_ISOLATED', reason: 'by hand' })
    isolation[Symbol.dispose]()
    expect(await breaker.execute(() => 1)).toBe(1)
  })
})

describe('retryAfterMs', () => {
  it('is none unless the circuit is open', async () => {
    const { breaker, clock } = driven({ trip: consecutive(1), halfOpenAfterMs: 100 })
    expect(breaker.retryAfterMs()).toBe(0)
    fail(breaker)
    await clock.advance(40)
    expect(breaker.retryAfterMs()).toBe(60)
    await clock.advance(60)
    expect([breaker.state, breaker.retryAfterMs()]).toEqual(['half-open', 0])
    succeed(breaker)
    expect([breaker.state, breaker.retryAfterMs()]).toEqual(['closed', 0])
  })
})

describe('an onError that throws', () => {
  it('becomes a warning that names it', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const throwing = (text: string) => (): never => {
      throw new Error(text)
    }
    const breaker = new CircuitBreaker({
      clock: new ManualClock(),
      classify: throwing('in classify'),
      onError: throwing('in onError'),
    })
    expect(await breaker.execute(() => 1)).toBe(1)
    expect((await warned).message).toBe('onError threw Error: in onError')
  })
})
