import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { CancelledError, hedge, hedgePolicy, LatencyWindow } from '../../src/concurrency/index.ts'
import { OptionError, TimeoutError } from '../../src/errors/index.ts'
import type { CallContext } from '../../src/policy/index.ts'
import { RetryBudget } from '../../src/rate/index.ts'
import { Deadline, type LateOutcome } from '../../src/timeout/index.ts'
import { rejection } from '../settled.ts'
import { Deferred } from './interleavings.ts'

/** Notes when each attempt begins and with what its signal is aborted. */
class Attempts {
  readonly startedAt: number[] = []
  readonly reasons: unknown[] = []
  readonly #clock: ManualClock

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  /** An attempt that takes `ms[attempt - 1]`, or fails then when that is negative. */
  taking(...ms: readonly number[]): (context: CallContext) => Promise<number> {
    return async ({ attempt, signal }) => {
      this.startedAt.push(this.#clock.now())
      signal.addEventListener('abort', () => this.reasons.push(signal.reason))
      const takes = ms[attempt - 1] ?? 0
      await this.#clock.sleep(Math.abs(takes), signal)
      if (takes < 0) throw new Error(`attempt ${attempt}`)
      return attempt
    }
  }
}

describe('hedge', () => {
  it('tells how attempts end that nobody waits for any more', async () => {
    const clock = new ManualClock()
    const late: LateOutcome[] = []
    const slow = ({ attempt }: CallContext): Promise<string> =>
      clock.sleep(attempt === 1 ? 100 : 10).then(() => `connection ${attempt}`)
    const call = hedge(slow, { afterMs: 20, clock, onLate: (outcome) => void late.push(outcome) })
    await clock.runAll()
    expect(await call).toBe('connection 2')
    expect(late).toEqual([{ status: 'fulfilled', value: 'connection 1' }])
  })

  it('tells nothing of attempts that end as they were told to', async () => {
    const clock = new ManualClock()
    const late: LateOutcome[] = []
    const obeying = ({ attempt, signal }: CallContext): Promise<void> => clock.sleep(attempt === 1 ? 100 : 10, signal)
    const call = hedge(obeying, { afterMs: 20, clock, onLate: (outcome) => void late.push(outcome) })
    await clock.runAll()
    await call
    expect(late).toEqual([])
  })

  it('gives its answer though the latencies cannot be kept', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const latencies = new LatencyWindow()
    latencies.record = () => {
      throw new Error('full')
    }
    expect(await hedge(async () => 'answer', { afterMs: 50, latencies })).toBe('answer')
    expect((await warned).message).toBe('latencies.record threw Error: full')
  })

  it.each([
    ['latencies', { percentile: 95 }],
    ['latencies', { afterMs: 5, latencies: {} }],
    ['budget', { afterMs: 5, budget: 5 }],
    ['onLate', { afterMs: 5, onLate: 5 }],
    ['onEvent', { afterMs: 5, onEvent: 5 }],
    ['options', undefined],
    ['options', null],
  ])('refuses %s that it cannot use: %j', (option, options) => {
    const wrong = (): unknown => hedge(async () => 1, options as unknown as { afterMs: number })
    expect(wrong).toThrow(OptionError)
    expect(wrong).toThrow(option)
  })

  it('makes no other attempt when the first is quick', async () => {
    const clock = new ManualClock()
    const attempts = new Attempts(clock)
    const call = hedge(attempts.taking(40, 1), { afterMs: 50, clock })
    await clock.runAll()
    expect(await call).toBe(1)
    expect(attempts.startedAt).toEqual([0])
    expect(clock.pending).toBe(0)
  })

  it('takes the first that succeeds and aborts the others', async () => {
    const clock = new ManualClock()
    const attempts = new Attempts(clock)
    const call = hedge(attempts.taking(500, 500, 20), { afterMs: 50, max: 3, clock })
    await clock.runAll()
    expect(await call).toBe(3)
    expect(attempts.startedAt).toEqual([0, 50, 100])
    expect(attempts.reasons).toHaveLength(2)
    for (const reason of attempts.reasons) expect(reason).toBeInstanceOf(CancelledError)
    expect([clock.now(), clock.pending]).toEqual([120, 0])
  })

  it('makes the next attempt at once when one fails', async () => {
    const clock = new ManualClock()
    const attempts = new Attempts(clock)
    const call = hedge(attempts.taking(-10, 30), { afterMs: 1000, clock })
    await clock.runAll()
    expect(await call).toBe(2)
    expect(attempts.startedAt).toEqual([0, 10])
  })

  it('waits for those on their way when the last one fails', async () => {
    const clock = new ManualClock()
    const attempts = new Attempts(clock)
    const call = hedge(attempts.taking(200, -10), { afterMs: 50, clock })
    await clock.runAll()
    expect(await call).toBe(1)
    expect(attempts.startedAt).toEqual([0, 50])
  })

  it('throws the failure of the only attempt, and an AggregateError of several', async () => {
    const clock = new ManualClock()
    const attempts = new Attempts(clock)
    const single = rejection(hedge(attempts.taking(-10), { afterMs: 50, max: 1, clock }))
    const several = rejection(hedge(attempts.taking(-10, -10, -10), { afterMs: 50, max: 3, clock }))
    const thrown = rejection(
      hedge(
        () => {
          throw new Error('at once')
        },
        { afterMs: 50, max: 1, clock },
      ),
    )
    await clock.runAll()
    expect(await single).toMatchObject({ message: 'attempt 1' })
    const error = (await several) as AggregateError
    expect(error.errors.map((part: Error) => part.message)).toEqual(['attempt 1', 'attempt 2', 'attempt 3'])
    expect(error).toMatchObject({ message: 'all 3 attempts failed', cause: error.errors[0] as unknown })
    expect(await thrown).toMatchObject({ message: 'at once' })
  })

  it('takes one of two that end at the same time', async () => {
    const clock = new ManualClock()
    const gate = new Deferred()
    const call = hedge(({ attempt }) => gate.promise.then(() => attempt), { afterMs: 10, clock })
    await clock.advance(10)
    gate.resolve()
    expect(await call).toBe(1)
    const failing = new Deferred()
    const failure = rejection(
      hedge(({ attempt }) => failing.promise.catch(() => Promise.reject(attempt)), { afterMs: 10, clock }),
    )
    await clock.advance(10)
    failing.reject('both')
    expect(await failure).toMatchObject({ errors: [1, 2] })
  })

  it('settles at the abort with its reason, aborts all attempts, and leaves nothing', async () => {
    const clock = new ManualClock()
    const attempts = new Attempts(clock)
    const controller = new AbortController()
    const { signal } = controller
    const call = rejection(hedge(attempts.taking(500, 500), { afterMs: 50, max: 5, signal, clock }))
    await clock.advance(60)
    controller.abort('enough')
    expect(await call).toBe('enough')
    expect(attempts.reasons).toEqual(['enough', 'enough'])
    await clock.runAll()
    expect(attempts.startedAt).toEqual([0, 50])
    expect([clock.pending, getEventListeners(signal, 'abort').length]).toEqual([0, 0])
    expect(await rejection(hedge(attempts.taking(1), { afterMs: 50, signal, clock }))).toBe('enough')
    expect(attempts.startedAt).toHaveLength(2)
  })

  it('ends at the deadline', async () => {
    const clock = new ManualClock()
    const attempts = new Attempts(clock)
    const call = rejection(
      hedge(attempts.taking(500, 500), { afterMs: 50, deadline: Deadline.after(80, clock), clock }),
    )
    await clock.advance(80)
    expect(await call).toBeInstanceOf(TimeoutError)
    await clock.settle()
    expect(clock.pending).toBe(0)
  })

  it('pays for further attempts from a budget', async () => {
    const clock = new ManualClock()
    const budget = new RetryBudget({ capacity: 2, ratio: 0, minPerSecond: 0, clock })
    const attempts = new Attempts(clock)
    const policy = hedgePolicy({ afterMs: 10, max: 2, budget, clock })
    const calls = [1, 2, 3, 4].map(() => policy.execute(attempts.taking(100, 100)))
    await clock.runAll()
    expect(await Promise.all(calls)).toEqual([1, 1, 1, 1])
    expect(attempts.startedAt).toHaveLength(6)
    expect(budget.stats()).toMatchObject({ deposits: 4, withdrawals: 2, refused: 2 })
  })

  it('learns when to hedge from the latencies of earlier calls', async () => {
    const clock = new ManualClock()
    const latencies = new LatencyWindow()
    const policy = hedgePolicy({ percentile: 90, minSamples: 10, latencies, clock })
    const quick = new Attempts(clock)
    for (let call = 1; call <= 10; call++) {
      const run = policy.execute(quick.taking(call * 10))
      await clock.runAll()
      await run
    }
    // nothing was hedged before there were samples
    expect(quick.startedAt).toHaveLength(10)
    const slow = new Attempts(clock)
    const startedAt = clock.now()
    const run = policy.execute(slow.taking(1000, 1))
    await clock.runAll()
    expect(await run).toBe(2)
    expect(slow.startedAt).toEqual([startedAt, startedAt + 90])
    // what the call took in all is what is learned, or the percentile would sink with each hedge
    expect(latencies.percentile(100)).toBe(100)
  })

  it('uses afterMs until there are latencies', async () => {
    const clock = new ManualClock()
    const attempts = new Attempts(clock)
    const policy = hedgePolicy({ percentile: 50, afterMs: 30, clock })
    const run = policy.execute(attempts.taking(1000, 1))
    await clock.runAll()
    expect(await run).toBe(2)
    expect(attempts.startedAt).toEqual([0, 30])
  })

  it('tells of each further attempt', async () => {
    const clock = new ManualClock()
    const attempts = new Attempts(clock)
    const events: unknown[] = []
    const onEvent = (name: string, data: unknown): void => void events.push([name, data])
    const run = hedge(attempts.taking(100, 1), { afterMs: 10, clock, onEvent })
    await clock.runAll()
    await run
    expect(events).toEqual([['x:loop-utils:hedge:launch', { attempt: 2, error: undefined }]])
  })

  it('refuses wrong options', async () => {
    expect(() => hedgePolicy({})).toThrow('option afterMs is undefined; give milliseconds, or percentile')
    expect(() => hedgePolicy({ afterMs: -1 })).toThrow(OptionError)
    expect(() => hedgePolicy({ afterMs: 1, max: 0 })).toThrow('max')
    expect(() => hedgePolicy({ percentile: 101 })).toThrow('percentile')
    expect(() => hedgePolicy({ percentile: 1, minSamples: 0 })).toThrow('minSamples')
    await expect(hedgePolicy({ afterMs: 1 }).execute(1 as never)).rejects.toThrow('option fn')
    expect(hedgePolicy({ afterMs: 1 }).name).toBe('hedge')
  })
})

describe('LatencyWindow', () => {
  it('gives the nearest rank of the samples that it keeps', () => {
    const window = new LatencyWindow(100)
    expect(window.percentile(50)).toBeUndefined()
    for (let sample = 1; sample <= 100; sample++) window.record(sample)
    expect([0, 1, 50, 95, 99, 100].map((percent) => window.percentile(percent))).toEqual([1, 1, 50, 95, 99, 100])
    for (let sample = 0; sample < 100; sample++) window.record(1000)
    expect(window.size).toBe(100)
    expect(window.percentile(1)).toBe(1000)
  })

  it('lags by a few samples at most', () => {
    const window = new LatencyWindow(256)
    for (let sample = 0; sample < 256; sample++) window.record(1)
    expect(window.percentile(100)).toBe(1)
    for (let sample = 0; sample < 16; sample++) window.record(9)
    expect(window.percentile(100)).toBe(9)
  })

  it('refuses what is no latency', () => {
    expect(() => new LatencyWindow(0)).toThrow(OptionError)
    expect(() => new LatencyWindow().record(-1)).toThrow('latencyMs')
    expect(() => new LatencyWindow().percentile(200)).toThrow('percent')
  })
})
