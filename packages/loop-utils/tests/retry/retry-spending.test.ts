import { describe, expect, it, vi } from 'vitest'
import { constant } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { OptionError, TimeoutError } from '../../src/errors/index.ts'
import { compose } from '../../src/policy/index.ts'
import { adaptive, RateLimitedError, RetryBudget, tokenBucket, type AttemptLimiter } from '../../src/rate/index.ts'
import { retry, retryPolicy } from '../../src/retry/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { never, rejection, settled } from '../settled.ts'
import { failing } from './failing.ts'

/** A budget that notes what it is asked, and has so many tokens. */
function notedBudget(tokens: number): { readonly log: unknown[]; readonly budget: RetryBudgetLike } {
  const log: unknown[] = []
  return {
    log,
    budget: {
      deposit: () => void log.push('deposit'),
      tryWithdraw: (error) => {
        log.push(error)
        return tokens-- > 0
      },
      refund: () => void log.push('refund'),
    },
  }
}

type RetryBudgetLike = Pick<RetryBudget, 'deposit' | 'tryWithdraw' | 'refund'>

describe('a budget', () => {
  it('is paid into once by each call, pays each retry with its error, and learns of the success', async () => {
    const { budget, log } = notedBudget(9)
    await retry(failing('a', 'b'), { budget, backoff: constant(0) })
    await retry(failing(), { budget })
    expect(log).toEqual(['deposit', 'a', 'b', 'refund', 'deposit'])
  })

  it('that is empty ends the retry, which keeps its failures', async () => {
    const { budget } = notedBudget(1)
    const fn = failing('a', 'b', 'c')
    const error = await rejection(retry(fn, { budget, maxAttempts: 9, backoff: constant(0) }))
    expect(error).toMatchObject({ code: 'LOOP_RETRY_EXHAUSTED', limit: 'budget', attempts: 2, errors: ['a', 'b'] })
    expect((error as Error).cause).toBe('b')
    expect(fn).toHaveBeenCalledTimes(2)
  })

  it('pays for no retry that is not made', async () => {
    const clock = new ManualClock()
    const { budget, log } = notedBudget(9)
    await rejection(retry(failing(1), { budget, retryIf: () => false }))
    await rejection(retry(failing(1), { budget, maxAttempts: 1 }))
    await rejection(retry(failing(1), { budget, maxElapsedMs: 5, backoff: constant(10) }))
    await rejection(retry(failing(1), { budget, clock, deadline: Deadline.after(5, clock), backoff: constant(10) }))
    expect(log).toEqual(['deposit', 'deposit', 'deposit', 'deposit'])
  })

  it('needs no refund', async () => {
    const { budget } = notedBudget(1)
    const { deposit, tryWithdraw } = budget
    expect(await retry(failing(1), { budget: { deposit, tryWithdraw }, backoff: constant(0) })).toBe('success')
  })

  it('bounds the retries of all calls that share it', async () => {
    const clock = new ManualClock()
    const budget = new RetryBudget({ capacity: 10, ratio: 0.1, minPerSecond: 0, clock })
    const policy = retryPolicy({ budget, clock, backoff: constant(0), maxAttempts: 5 })
    let attempts = 0
    const down = (): Promise<never> => {
      attempts++
      return Promise.reject(new Error('down'))
    }
    const runs = Promise.allSettled(Array.from({ length: 1000 }, () => policy.execute(down)))
    await clock.runAll()
    const limits = (await runs).map((run) => (run as PromiseRejectedResult).reason as { limit: string })
    expect(limits.every(({ limit }) => limit === 'budget' || limit === 'attempts')).toBe(true)
    // tokens never exceed the capacity, and all deposits came before the first withdrawal
    expect(attempts).toBe(1010)
    expect(budget.stats()).toMatchObject({ deposits: 1000, withdrawals: 10 })
  })

  it('asks more of a retry after a timeout', async () => {
    const clock = new ManualClock()
    const budget = new RetryBudget({ capacity: 10, cost: 1, timeoutCost: 5, minPerSecond: 0, ratio: 0, clock })
    const run = settled(retry(never, { budget, clock, attemptTimeoutMs: 10, maxAttempts: 9, backoff: constant(1) }))
    await clock.runAll()
    expect(await run).toMatchObject({ reason: { limit: 'budget', attempts: 3 } })
  })
})

/** A limiter that admits when the test says so. */
class Gate implements AttemptLimiter {
  isOpen = false
  readonly log: unknown[] = []
  readonly #waiting: (() => void)[] = []

  tryAcquire(): boolean {
    return this.isOpen
  }

  acquire(_n?: number, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    this.log.push('wait')
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve)
      signal?.addEventListener('abort', () => {
        this.log.push('gone')
        reject(signal.reason)
      })
    })
  }

  letOne(): void {
    this.#waiting.shift()?.()
  }

  onSuccess(): void {
    this.log.push('success')
  }

  onFailure(error: unknown): void {
    this.log.push(error)
  }
}

describe('a limiter', () => {
  it('is asked before each attempt, and told how it ended', async () => {
    const gate = new Gate()
    gate.isOpen = true
    await retry(failing('a', 'b'), { limiter: gate, backoff: constant(0) })
    expect(gate.log).toEqual(['a', 'b', 'success'])
  })

  it('is told of a refused result as of a failure, and of no attempt that was aborted', async () => {
    const gate = new Gate()
    gate.isOpen = true
    await rejection(retry(() => 1, { limiter: gate, maxAttempts: 1, retryIfResult: () => true }))
    const controller = new AbortController()
    const run = retry(never, { limiter: gate, signal: controller.signal })
    controller.abort('enough')
    expect(await rejection(run)).toBe('enough')
    expect(gate.log).toMatchObject([{ code: 'LOOP_RESULT_REFUSED' }])
  })

  it('makes attempts wait, the first one included', async () => {
    const clock = new ManualClock()
    const gate = new Gate()
    const fn = failing('a')
    const run = retry(fn, { clock, limiter: gate, backoff: constant(0) })
    await clock.settle()
    expect(fn).not.toHaveBeenCalled()
    gate.letOne()
    await clock.advance(0)
    expect(fn).toHaveBeenCalledTimes(1)
    gate.letOne()
    expect(await run).toBe('success')
    expect(gate.log).toEqual(['wait', 'a', 'wait', 'success'])
  })

  it('is left at once by an abort, with its reason; the function is not called', async () => {
    const gate = new Gate()
    const counted = new CountedSignal()
    const fn = failing()
    const run = retry(fn, { limiter: gate, signal: counted.signal })
    const outcome = settled(run)
    await new Promise((resolve) => setImmediate(resolve))
    counted.controller.abort('enough')
    const late = new Promise((resolve) => setImmediate(resolve, 'still pending'))
    expect(await Promise.race([outcome, late])).toEqual({ status: 'rejected', reason: 'enough' })
    gate.letOne()
    await new Promise((resolve) => setImmediate(resolve))
    expect(fn).not.toHaveBeenCalled()
    expect(gate.log).toEqual(['wait', 'gone'])
    expect(counted.added).toBe(1)
  })

  it('is waited for until the deadline, and no longer than maxElapsedMs', async () => {
    const clock = new ManualClock()
    const gate = new Gate()
    const fn = failing()
    const byDeadline = settled(retry(fn, { clock, limiter: gate, deadline: Deadline.after(50, clock) }))
    const byElapsed = settled(retry(fn, { clock, limiter: gate, maxElapsedMs: 70 }))
    await clock.advance(50)
    expect(await byDeadline).toMatchObject({
      reason: { code: 'LOOP_RETRY_EXHAUSTED', limit: 'deadline', attempts: 0, cause: { kind: 'deadline' } },
    })
    await clock.advance(20)
    const result = await byElapsed
    expect(result).toMatchObject({ reason: { limit: 'elapsed', attempts: 0, elapsedMs: 70 } })
    expect((result as { reason: Error }).reason.cause).toBeInstanceOf(TimeoutError)
    expect([clock.pending, gate.log]).toEqual([0, ['wait', 'wait', 'gone', 'gone']])
    expect(fn).not.toHaveBeenCalled()
  })

  it('that refuses ends the retry with what it refused with', async () => {
    const full = new RateLimitedError('bucket', 500)
    let admitted = 1
    const limiter: AttemptLimiter = {
      tryAcquire: () => admitted-- > 0,
      acquire: () => Promise.reject(full),
    }
    const error = await rejection(retry(failing('a'), { limiter, backoff: constant(0) }))
    expect(error).toMatchObject({ code: 'LOOP_RETRY_EXHAUSTED', limit: 'limiter', attempts: 1, errors: ['a', full] })
  })

  it('may be a rate limiter, which spaces the attempts', async () => {
    const clock = new ManualClock()
    const limiter = tokenBucket({ capacity: 1, refill: 1, intervalMs: 100, clock })
    const at: number[] = []
    const run = retry(
      async () => {
        at.push(clock.now())
        throw new Error('again')
      },
      { clock, limiter, maxAttempts: 4, backoff: constant(1) },
    )
    const outcome = settled(run)
    await clock.runAll()
    expect(await outcome).toMatchObject({ reason: { limit: 'attempts' } })
    expect(at).toEqual([0, 100, 200, 300])
    expect([limiter.waiting, clock.pending]).toEqual([0, 0])
  })
})

describe('the adaptive mode', () => {
  it('slows all attempts down after an overload, and lets them go faster again', async () => {
    const clock = new ManualClock()
    const busy = Object.assign(new Error('busy'), { status: 429 })
    let served = 0
    let isOverloaded = true
    const budget = new RetryBudget({ capacity: 100, minPerSecond: 1, clock })
    const policy = retryPolicy({
      ...adaptive({ budget, clock, minRate: 1 }),
      clock,
      maxAttempts: 50,
      backoff: constant(10),
    })
    const runs = Promise.allSettled(
      Array.from({ length: 20 }, () =>
        policy.execute(async () => {
          served++
          if (isOverloaded) throw busy
        }),
      ),
    )
    await clock.advance(1000)
    const inFirstSecond = served
    await clock.advance(1000)
    expect(served - inFirstSecond).toBeLessThan(inFirstSecond)
    isOverloaded = false
    await clock.advance(60_000)
    expect((await runs).every(({ status }) => status === 'fulfilled')).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('leaves alone what is never overloaded', async () => {
    const clock = new ManualClock()
    const { budget, limiter } = adaptive({ clock })
    const policy = compose(retryPolicy({ budget, limiter, clock }))
    await Promise.all(Array.from({ length: 1000 }, (_, index) => policy.execute(async () => index)))
    expect(limiter.rate).toBe(Infinity)
    expect(budget.stats()).toMatchObject({ deposits: 1000, withdrawals: 0 })
  })
})

describe('wrong seams', () => {
  it.each<[string, () => unknown]>([
    ['budget', () => retryPolicy({ budget: {} as never })],
    ['budget', () => retryPolicy({ budget: null as never })],
    ['limiter', () => retryPolicy({ limiter: 5 as never })],
    ['limiter', () => retry(vi.fn<() => void>(), { limiter: { acquire: never } as never })],
  ])('are refused at once: %s', (option, call) => {
    expect(call).toThrow(OptionError)
    expect(call).toThrow(`option ${option} is `)
  })
})
