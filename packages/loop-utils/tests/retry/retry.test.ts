import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { constant, exponential, sequence } from '../../src/backoff/index.ts'
import { ManualClock, seeded } from '../../src/clock/index.ts'
import { OptionError, RetryExhaustedError, TimeoutError } from '../../src/errors/index.ts'
import { retry, retryPolicy } from '../../src/retry/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { never, rejection, settled } from '../settled.ts'
import { failing } from './failing.ts'

describe('retry', () => {
  it('calls once when that succeeds, whether the function is async or not', async () => {
    const clock = new ManualClock()
    const fn = vi.fn<() => number>(() => 5)
    expect(await retry(fn, { clock })).toBe(5)
    expect(await retry(async () => 'async', { clock })).toBe('async')
    expect(fn).toHaveBeenCalledTimes(1)
    expect(clock.pending).toBe(0)
    expectTypeOf(retry(fn)).toEqualTypeOf<Promise<number>>()
  })

  it('calls again after the delays of the backoff', async () => {
    const clock = new ManualClock()
    const calls: [number, number][] = []
    const run = retry(
      async ({ attempt }) => {
        calls.push([attempt, clock.now()])
        if (attempt < 4) throw new Error('again')
        return attempt
      },
      { clock, maxAttempts: 9, backoff: exponential({ initialDelayMs: 10 }) },
    )
    await clock.advance(70)
    expect(await run).toBe(4)
    expect(calls).toEqual([
      [1, 0],
      [2, 10],
      [3, 30],
      [4, 70],
    ])
  })

  it('uses the given source of random numbers for its jitter', async () => {
    const clock = new ManualClock()
    const random = seeded(9)
    const delays: number[] = []
    const run = retry(failing(1, 2, 3), {
      clock,
      random: seeded(9),
      maxAttempts: 4,
      backoff: exponential({ initialDelayMs: 100, factor: 1, jitter: 'full' }),
      onRetry: ({ delayMs }) => delays.push(delayMs),
    })
    await clock.runAll()
    await run
    expect(delays).toEqual([random() * 100, random() * 100, random() * 100])
  })

  it('waits by default up to 200 ms, doubling to 10 s', async () => {
    const clock = new ManualClock()
    const delays: number[] = []
    const onRetry = ({ delayMs }: { readonly delayMs: number }): void => void delays.push(delayMs)
    const run = retry(failing(1, 2, 3, 4, 5, 6, 7, 8), { clock, random: () => 0.5, maxAttempts: 9, onRetry })
    await clock.runAll()
    await run
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000])
  })

  it('takes an option that is undefined for one that is not given', async () => {
    const clock = new ManualClock()
    const options = {
      maxAttempts: undefined,
      backoff: undefined,
      random: undefined,
      ref: undefined,
      retryIf: undefined,
    }
    const run = rejection(retry(failing(1, 2, 3), { ...(options as object), clock }))
    await clock.runAll()
    expect(await run).toMatchObject({ attempts: 3, limit: 'attempts' })
  })

  it('does not care about the wall clock', async () => {
    const clock = new ManualClock()
    const run = retry(failing(1), { clock, backoff: constant(100) })
    await clock.advance(50)
    clock.jumpWall(-3_600_000)
    await clock.advance(49)
    expect(clock.pending).toBe(1)
    clock.jumpWall(7_200_000)
    await clock.advance(1)
    expect(await run).toBe('success')
  })

  it('retries a TypeError like any other error', async () => {
    expect(await retry(failing(new TypeError('boom')), { backoff: constant(0) })).toBe('success')
  })

  it('keeps what was thrown as it is, an error or not', async () => {
    const thrown = ['text', undefined, { plain: 1 }]
    const error = await rejection(retry(failing(...thrown), { backoff: constant(0) }))
    expect((error as RetryExhaustedError).errors).toEqual(thrown)
    expect((error as RetryExhaustedError).cause).toBe(thrown[2])
    const own = new Error('own')
    expect(await rejection(retry(failing(own), { retryIf: () => false }))).toBe(own)
    expect(await rejection(retry(failing('text'), { retryIf: () => false }))).toBe('text')
  })

  it('retries a function that throws before it returns a promise', async () => {
    let calls = 0
    const run = retry(
      () => {
        if (++calls < 3) throw new Error('sync')
        return calls
      },
      { backoff: constant(0) },
    )
    expect(await run).toBe(3)
  })
})

describe('the bounds', () => {
  it('maxAttempts ends with a RetryExhaustedError that holds every failure', async () => {
    const clock = new ManualClock()
    const errors = [new Error('1'), new Error('2'), new Error('3'), new Error('4')]
    const fn = failing(...errors)
    const run = rejection(retry(fn, { clock, maxAttempts: 3, backoff: constant(10) }))
    await clock.runAll()
    const error = await run
    expect(error).toBeInstanceOf(RetryExhaustedError)
    expect(error).toMatchObject({
      attempts: 3,
      elapsedMs: 20,
      limit: 'attempts',
      errors: errors.slice(0, 3),
      cause: errors[2],
    })
    expect(fn).toHaveBeenCalledTimes(3)
  })

  it('is three attempts by default, and one when asked', async () => {
    const clock = new ManualClock()
    const fn = failing(1, 2, 3, 4)
    const run = rejection(retry(fn, { clock }))
    await clock.runAll()
    expect(await run).toMatchObject({ attempts: 3 })
    expect(await rejection(retry(failing(1), { clock, maxAttempts: 1 }))).toMatchObject({
      attempts: 1,
      limit: 'attempts',
    })
  })

  it('keeps the last 16 errors of many', async () => {
    const errors = Array.from({ length: 100 }, (_, index) => new Error(`${index}`))
    const run = retry(failing(...errors), { maxAttempts: 100, backoff: constant(0) })
    const error = (await rejection(run)) as RetryExhaustedError
    expect(error.attempts).toBe(100)
    expect(error.errors).toEqual(errors.slice(84))
  })

  it('maxElapsedMs keeps a wait from beginning that would outlast it', async () => {
    const clock = new ManualClock()
    const fn = failing(1, 2, 3, 4)
    const run = rejection(retry(fn, { clock, maxAttempts: Infinity, maxElapsedMs: 25, backoff: constant(10) }))
    await clock.advance(20)
    expect(await run).toMatchObject({ attempts: 3, elapsedMs: 20, limit: 'elapsed' })
    expect(clock.pending).toBe(0)
  })

  it('a finite backoff ends the retry with it', async () => {
    const clock = new ManualClock()
    const run = rejection(retry(failing(1, 2, 3), { clock, maxAttempts: 9, backoff: sequence([5]) }))
    await clock.runAll()
    expect(await run).toMatchObject({ attempts: 2, limit: 'backoff' })
  })

  it('the deadline keeps a wait from beginning, and ends a running attempt', async () => {
    const clock = new ManualClock()
    const early = retry(failing(1), { clock, deadline: Deadline.after(10, clock), backoff: constant(10) })
    expect(await rejection(early)).toMatchObject({ attempts: 1, limit: 'deadline' })
    let signal: AbortSignal | undefined
    const running = rejection(
      retry(
        (context) => {
          signal = context.signal
          return never()
        },
        { clock, deadline: Deadline.after(10, clock) },
      ),
    )
    await clock.advance(10)
    expect(await running).toMatchObject({ limit: 'deadline', attempts: 1, cause: { kind: 'deadline', timeoutMs: 10 } })
    expect(signal?.reason).toBeInstanceOf(TimeoutError)
    expect(clock.pending).toBe(0)
  })

  it('a deadline that has passed keeps the function from being called', async () => {
    const clock = new ManualClock()
    const fn = failing()
    const run = retry(fn, { clock, deadline: Deadline.after(0, clock) })
    expect(await rejection(run)).toMatchObject({ attempts: 0, limit: 'deadline', cause: { kind: 'deadline' } })
    expect(fn).not.toHaveBeenCalled()
  })

  it('attemptTimeoutMs ends an attempt that hangs, and gives the next a live signal', async () => {
    const clock = new ManualClock()
    const signals: AbortSignal[] = []
    const run = retry(
      ({ signal, attempt }) => {
        signals.push(signal)
        return attempt === 3 ? 'third' : never()
      },
      { clock, attemptTimeoutMs: 100, backoff: constant(10) },
    )
    await clock.advance(220)
    expect(await run).toBe('third')
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true, false])
    expect(signals[0]?.reason).toMatchObject({ code: 'LOOP_TIMEOUT', kind: 'attempt', timeoutMs: 100 })
    expect(clock.pending).toBe(0)
  })

  it('tells each attempt how much time it has', async () => {
    const clock = new ManualClock()
    const deadline = Deadline.after(100, clock)
    const seen: (number | undefined)[] = []
    const run = retry(
      (context) => {
        seen.push(context.deadline?.remaining())
        throw new Error('again')
      },
      { clock, deadline, attemptTimeoutMs: 30, backoff: constant(80) },
    )
    const outcome = rejection(run)
    await clock.advance(100)
    expect(await outcome).toMatchObject({ limit: 'deadline', attempts: 2 })
    expect(seen).toEqual([30, 20])
  })
})

describe('a policy whose caller gives nothing', () => {
  it('resolves as the function does: at once, later, or by any thenable', async () => {
    const policy = retryPolicy()
    expect(await policy.execute(() => 1)).toBe(1)
    expect(await policy.execute(async () => 2)).toBe(2)
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable that is no promise is what is tested
    const thenable: PromiseLike<number> = { then: (onValue) => Promise.resolve(3).then(onValue) }
    expect(await policy.execute(() => thenable)).toBe(3)
  })

  it('retries what is thrown at once, and numbers the attempts', async () => {
    const attempts: number[] = []
    const policy = retryPolicy({ backoff: constant(0) })
    const run = policy.execute(({ attempt }): string => {
      attempts.push(attempt)
      if (attempt < 3) throw new Error('at once')
      return 'third'
    })
    expect(await run).toBe('third')
    expect(attempts).toEqual([1, 2, 3])
  })

  it('counts the time of the first attempt, too', async () => {
    const clock = new ManualClock()
    const policy = retryPolicy({ clock, maxAttempts: 2, backoff: constant(5) })
    const run = rejection(policy.execute(() => clock.sleep(30).then(() => Promise.reject(new Error('slow')))))
    await clock.advance(100)
    expect(await run).toMatchObject({ attempts: 2, elapsedMs: 65, errors: [{ message: 'slow' }, { message: 'slow' }] })
  })

  it('gives each call a signal of its own, which nothing aborts', async () => {
    const policy = retryPolicy()
    const seen = await Promise.all([0, 1].map(() => policy.execute(({ signal, aborted }) => [signal, aborted])))
    expect(seen[0]?.[0]).toBeInstanceOf(AbortSignal)
    expect(seen[0]?.[0]).not.toBe(seen[1]?.[0])
    expect(seen.map(([, aborted]) => aborted)).toEqual([false, false])
  })

  it('pays into the budget before the first attempt', async () => {
    const log: string[] = []
    const budget = { deposit: (): void => void log.push('deposit'), tryWithdraw: () => true }
    await retryPolicy({ budget }).execute(() => void log.push('call'))
    expect(log).toEqual(['deposit', 'call'])
  })
})

describe('the rest', () => {
  it('a wait keeps the process alive unless told not to', async () => {
    const count = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    for (const ref of [true, false]) {
      const controller = new AbortController()
      const fn = failing(1)
      const before = count()
      const run = settled(retry(fn, { ref, signal: controller.signal, backoff: constant(60_000) }))
      // the wait begins within the microtasks that follow the failure
      for (let hop = 0; hop < 50; hop++) await Promise.resolve()
      expect(count() - before).toBe(ref ? 1 : 0)
      controller.abort()
      await run
    }
  })

  it('a callback that throws does not disturb', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const onRetry = (): never => {
      throw new Error('in onRetry')
    }
    expect(await retry(failing(1), { backoff: constant(0), onRetry })).toBe('success')
    expect((await warned).message).toBe('onRetry threw Error: in onRetry')
  })

  it('observers learn of waits and of giving up', async () => {
    const seen: [string, unknown][] = []
    const run = retry(failing('a', 'b'), {
      maxAttempts: 2,
      backoff: constant(0),
      onEvent: (name, data) => seen.push([name, data]),
    })
    await rejection(run)
    expect(seen).toMatchObject([
      ['x:loop-utils:retry:schedule', { attempt: 1, error: 'a', delayMs: 0 }],
      ['x:loop-utils:retry:give-up', { attempts: 2, limit: 'attempts', error: 'b' }],
    ])
  })

  it('a policy may be used again and again', async () => {
    const policy = retryPolicy({ backoff: constant(0), maxAttempts: 2 })
    expect(policy.name).toBe('retry')
    for (let round = 0; round < 3; round++) {
      expect(await policy.execute(failing(1))).toBe('success')
      expect(await rejection(policy.execute(failing(1, 2)))).toMatchObject({ attempts: 2 })
    }
    expect(await rejection(policy.execute(failing(), { signal: AbortSignal.abort('no') }))).toBe('no')
  })

  it('no rejection is left unhandled when many are aborted at once', async () => {
    const unhandled = vi.fn<() => void>()
    process.on('unhandledRejection', unhandled)
    const controller = new AbortController()
    const lateFailure = (): Promise<never> => new Promise((_, reject) => setTimeout(reject, 5, new Error('late')))
    const runs = Array.from({ length: 8 }, () => settled(retry(lateFailure, { signal: controller.signal })))
    controller.abort(1)
    expect(await Promise.all(runs)).toEqual(runs.map(() => ({ status: 'rejected', reason: 1 })))
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it.each<[string, () => unknown]>([
    ['maxAttempts', () => retry(never, { maxAttempts: 0 })],
    ['maxAttempts', () => retryPolicy({ maxAttempts: 1.5 })],
    ['maxElapsedMs', () => retryPolicy({ maxElapsedMs: -1 })],
    ['attemptTimeoutMs', () => retryPolicy({ attemptTimeoutMs: NaN })],
    ['maxRetryAfterMs', () => retryPolicy({ maxRetryAfterMs: -1 })],
    ['backoff', () => retryPolicy({ backoff: 100 as never })],
    ['retryIf', () => retryPolicy({ retryIf: true as never })],
    ['onEvent', () => retryPolicy({ onEvent: 'x' as never })],
    ['fn', () => retry(never() as never)],
    ['options', () => retry(never, 5 as never)],
    ['options', () => retryPolicy(null as never)],
    ['clock', () => retryPolicy({ clock: Date as never })],
    ['random', () => retryPolicy({ random: 0.5 as never })],
    ['budget', () => retryPolicy({ budget: null as never })],
    ['limiter', () => retryPolicy({ limiter: {} as never })],
  ])('a wrong %s is refused at once', (option, call) => {
    expect(call).toThrow(OptionError)
    expect(call).toThrow(`option ${option} is `)
  })

  it('a wrong signal or deadline, and what a policy cannot call, reject', async () => {
    await expect(retry(never, { signal: 1 as never })).rejects.toThrow(OptionError)
    await expect(retry(never, { deadline: 1000 as never })).rejects.toThrow('option deadline is 1000')
    await expect(retryPolicy().execute(never, null as never)).rejects.toThrow('option options is null')
    await expect(retryPolicy().execute('fn' as never)).rejects.toThrow("option fn is 'fn'")
  })
})
