import { describe, expect, it, vi } from 'vitest'
import { constant } from '../../src/backoff/index.ts'
import { CircuitBreaker, consecutive } from '../../src/breaker/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { Bulkhead, BulkheadFullError } from '../../src/concurrency/index.ts'
import { OptionError, TimeoutError } from '../../src/errors/index.ts'
import { timeoutPolicy, type Policy, type PolicyFunction } from '../../src/policy/index.ts'
import { RetryBudget } from '../../src/rate/index.ts'
import { recommended, type RecommendedOptions } from '../../src/recommended/index.ts'
import { retryPolicy } from '../../src/retry/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { never, rejection, settled } from '../settled.ts'

const down = (): Promise<never> => Promise.reject(new Error('down'))

/** A policy that notes its calls. */
function noted(log: string[]): Policy {
  return {
    name: 'noted',
    execute: async <T>(fn: PolicyFunction<T>, options = {}): Promise<T> => {
      log.push('noted')
      return timeoutPolicy(Infinity).execute(fn, options)
    },
  }
}

function driven(options: RecommendedOptions = {}): ReturnType<typeof recommended> & { readonly clock: ManualClock } {
  const clock = new ManualClock()
  return Object.assign(recommended('bridge', { clock, random: () => 0.5, ...options }), { clock })
}

describe('recommended', () => {
  it('gives what the function gives, and leaves nothing behind', async () => {
    const policy = driven()
    const { signal } = new AbortController()
    expect(await policy.execute(async (context) => [context.attempt, context.deadline?.remaining()])).toEqual([
      1, 10_000,
    ])
    expect(await policy.execute(() => 'sync', { signal })).toBe('sync')
    expect(policy.name).toBe('bridge')
    expect(policy.stats()).toMatchObject({
      name: 'bridge',
      breaker: { name: 'bridge', state: 'closed', successes: 2 },
      bulkhead: { called: 2, running: 0 },
      budget: { deposits: 2, withdrawals: 0 },
    })
    await policy.clock.settle()
    expect(policy.clock.pending).toBe(0)
  })

  it('makes three attempts, when its budget pays for them', async () => {
    const policy = driven({ budget: { capacity: 10 } })
    let calls = 0
    const run = settled(policy.execute(() => (calls++, down())))
    await policy.clock.runAll()
    expect(await run).toMatchObject({ reason: { code: 'LOOP_RETRY_EXHAUSTED', attempts: 3, limit: 'attempts' } })
    expect([calls, policy.stats().budget?.withdrawals]).toEqual([3, 2])
  })

  it('pays for one retry in ten calls by default, and for none before', async () => {
    const policy = driven({ breaker: false })
    const attempts: number[] = []
    for (let call = 0; call < 30; call++) {
      let made = 0
      const run = settled(policy.execute(() => (made++, down())))
      await policy.clock.runAll()
      await run
      attempts.push(made)
    }
    const tenth = (call: number): number => ((call + 1) % 10 === 0 ? 2 : 1)
    expect(attempts).toEqual(Array.from({ length: 30 }, (_, call) => tenth(call)))
  })

  it('bounds everything together by 30 s, and each attempt by 10 s', async () => {
    const policy = driven({ budget: { capacity: 10 } })
    const began: number[] = []
    const run = settled(policy.execute(() => (began.push(policy.clock.now()), never())))
    await policy.clock.runAll()
    const result = (await run) as PromiseRejectedResult
    expect(result.reason).toBeInstanceOf(TimeoutError)
    expect(result.reason).toMatchObject({ kind: 'total', timeoutMs: 30_000 })
    // full jitter is drawn in the middle: 100 ms, then 200 ms
    expect(began).toEqual([0, 10_100, 20_300])
    expect(policy.clock.now()).toBe(30_000)
  })

  it('keeps the place in the bulkhead until the function ends, though nobody waits for it any more', async () => {
    const policy = driven({ retry: false, attemptTimeoutMs: 10 })
    const run = settled(policy.execute(() => policy.clock.sleep(100)))
    await policy.clock.advance(10)
    expect(await run).toMatchObject({ reason: { code: 'LOOP_TIMEOUT', kind: 'call', timeoutMs: 10 } })
    expect(policy.bulkhead?.running).toBe(1)
    await policy.clock.advance(90)
    expect(policy.bulkhead?.running).toBe(0)
  })

  it('does not repeat what the circuit refused, and says until when it does', async () => {
    const policy = driven({
      retry: { maxAttempts: 9, backoff: constant(1) },
      budget: { capacity: 10 },
      breaker: { trip: consecutive(2) },
    })
    let calls = 0
    const run = settled(policy.execute(() => (calls++, down())))
    await policy.clock.runAll()
    expect(await run).toMatchObject({ reason: { code: 'LOOP_CIRCUIT_OPEN', breaker: 'bridge', retryAfterMs: 59_999 } })
    expect(calls).toBe(2)
    using isolation = policy.breaker?.isolate('maintenance')
    expect(isolation).toBeDefined()
    expect(await rejection(policy.execute(down))).toMatchObject({ code: 'LOOP_CIRCUIT_ISOLATED' })
  })

  it('does not hold a full bulkhead against the peer', async () => {
    const policy = driven({ retry: false, bulkhead: { concurrent: 1, queue: 0 }, breaker: { trip: consecutive(1) } })
    const held = settled(policy.execute(() => policy.clock.sleep(5)))
    expect(await rejection(policy.execute(down))).toBeInstanceOf(BulkheadFullError)
    expect(policy.breaker?.state).toBe('closed')
    await policy.clock.advance(5)
    expect(await held).toMatchObject({ status: 'fulfilled' })
    await rejection(policy.execute(down))
    expect(policy.breaker?.state).toBe('open')
  })

  it('settles at an abort with its reason, and counts that as no failure', async () => {
    const policy = driven({ breaker: { trip: consecutive(1) } })
    const counted = new CountedSignal()
    const fn = vi.fn<() => Promise<never>>(never)
    const run = policy.execute(fn, { signal: counted.signal })
    const outcome = settled(run)
    await policy.clock.settle()
    counted.controller.abort('enough')
    expect(await outcome).toEqual({ status: 'rejected', reason: 'enough' })
    expect(policy.breaker?.state).toBe('closed')
    expect(fn).toHaveBeenCalledTimes(1)
    expect(policy.clock.pending).toBe(0)
  })
})

describe('its parts', () => {
  it('may all be left out', async () => {
    const policy = driven({
      totalTimeoutMs: false,
      retry: false,
      budget: false,
      breaker: false,
      bulkhead: false,
      attemptTimeoutMs: false,
    })
    expect(await policy.execute((context) => context.deadline)).toBeUndefined()
    expect(policy.stats()).toEqual({ name: 'bridge', breaker: undefined, bulkhead: undefined, budget: undefined })
  })

  it('may be policies of others, in whose place they stand', async () => {
    const log: string[] = []
    const policy = driven({ retry: noted(log), breaker: noted(log), bulkhead: noted(log) })
    const run = settled(policy.execute(never))
    await policy.clock.advance(10_000)
    expect(await run).toMatchObject({ reason: { kind: 'attempt', timeoutMs: 10_000 } })
    expect(log).toEqual(['noted', 'noted', 'noted'])
    expect([policy.breaker, policy.bulkhead]).toEqual([undefined, undefined])
  })

  it('may be shared between pipelines', async () => {
    const clock = new ManualClock()
    const breaker = new CircuitBreaker({ name: 'shared', trip: consecutive(1), clock })
    const bulkhead = new Bulkhead({ concurrent: 2, clock })
    const budget = new RetryBudget({ clock })
    const shared = { clock, breaker, bulkhead, budget, retry: retryPolicy({ maxAttempts: 1 }) }
    const first = recommended('first', shared)
    const second = recommended('second', shared)
    await rejection(first.execute(down))
    expect(await rejection(second.execute(down))).toMatchObject({ cause: { code: 'LOOP_CIRCUIT_OPEN' } })
    first[Symbol.dispose]()
    breaker.reset()
    expect(await second.execute(() => 'still works')).toBe('still works')
    expect([first.breaker, first.bulkhead, second.budget]).toEqual([breaker, bulkhead, budget])
  })

  it('are told who observes, and what time it is', async () => {
    const seen: string[] = []
    const policy = driven({
      breaker: { trip: consecutive(1) },
      retry: { maxAttempts: 2, retryIf: () => true },
      bulkhead: { concurrent: 1, queue: 0 },
      budget: { capacity: 1, minPerSecond: 0 },
      onEvent: (name) => seen.push(name),
    })
    const runs = [settled(policy.execute(down)), settled(policy.execute(down))]
    await policy.clock.runAll()
    await Promise.all(runs)
    expect(new Set(seen)).toEqual(
      new Set([
        'x:loop-utils:breaker:change',
        'x:loop-utils:breaker:reject',
        'x:loop-utils:bulkhead:refuse',
        'x:loop-utils:retry:schedule',
        'x:loop-utils:retry:give-up',
        'x:loop-utils:retry-budget:refuse',
      ]),
    )
  })

  it('end with it, unless they are of others', async () => {
    const policy = driven({ retry: false, bulkhead: { concurrent: 1, queue: 5 } })
    const held = settled(policy.execute(() => policy.clock.sleep(50)))
    const waiting = settled(policy.execute(() => 'never called'))
    await policy.clock.settle()
    policy[Symbol.dispose]()
    policy[Symbol.dispose]()
    expect(await waiting).toMatchObject({
      reason: { code: 'LOOP_CANCELLED', message: 'bridge was disposed of; make a new one' },
    })
    expect(await rejection(policy.execute(() => 1))).toMatchObject({ code: 'LOOP_CIRCUIT_ISOLATED' })
    await policy.clock.advance(50)
    expect(await held).toMatchObject({ status: 'fulfilled' })
    expect(policy.clock.pending).toBe(0)
  })

  it('give an attempt no more time than the whole has', async () => {
    const policy = driven({ totalTimeoutMs: 500, retry: false })
    expect(await policy.execute((context) => context.deadline?.remaining())).toBe(500)
    const bounded = driven({ totalTimeoutMs: false, attemptTimeoutMs: 70, bulkhead: false })
    expect(await bounded.execute((context) => context.deadline?.remaining())).toBe(70)
  })

  it.each<[string, RecommendedOptions]>([
    ['totalTimeoutMs', { totalTimeoutMs: -1 }],
    ['attemptTimeoutMs', { attemptTimeoutMs: NaN }],
    ['maxAttempts', { retry: { maxAttempts: 0 } }],
    ['retry', { retry: 5 as never }],
    ['breaker', { breaker: true as never }],
    ['halfOpenAfterMs', { breaker: { halfOpenAfterMs: -1 } }],
    ['bulkhead', { bulkhead: null as never }],
    ['concurrent', { bulkhead: { concurrent: 0 } }],
    ['budget', { budget: 5 as never }],
    ['capacity', { budget: { capacity: -1 } }],
  ])('are refused at once when %s is wrong', (option, options) => {
    expect(() => recommended('x', options)).toThrow(OptionError)
    expect(() => recommended('x', options)).toThrow(`option ${option} is `)
  })

  it('need a name', () => {
    expect(() => recommended('')).toThrow('option name is ')
  })
})
