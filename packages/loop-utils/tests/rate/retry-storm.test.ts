import { describe, expect, it } from 'vitest'
import { exponential } from '../../src/backoff/index.ts'
import { ManualClock, seeded } from '../../src/clock/index.ts'
import { RetryBudget } from '../../src/rate/index.ts'
import { retry } from '../../src/retry/index.ts'

/** Each client makes a call this often, whether or not the one before has been answered. */
const CALL_EVERY_MS = 5000
const DOWN_MS = 60_000

/**
 * A backend that refuses connections at first. Then it works on requests one after the other, half as many again a second
 * as are offered, those whose client has given up included: that is what keeps an overloaded backend down.
 */
class Backend {
  attempts = 0
  readonly #clock: ManualClock
  readonly #serviceMs: number
  #freeAt = 0

  constructor(clock: ManualClock, clients: number) {
    this.#clock = clock
    this.#serviceMs = CALL_EVERY_MS / clients / 1.5
  }

  async answer(signal: AbortSignal): Promise<void> {
    this.attempts++
    const now = this.#clock.now()
    if (now < DOWN_MS) throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
    this.#freeAt = Math.max(this.#freeAt, now) + this.#serviceMs
    await this.#clock.sleep(this.#freeAt - now, signal)
  }
}

interface Outcome {
  readonly calls: number
  readonly attempts: number
  /** The largest ratio of attempts to calls at the end of any second. */
  readonly worstRatio: number
  /** How long after the backend came back the last call failed, in milliseconds. */
  readonly recoveredAfterMs: number
}

type BudgetOf = (client: number, clock: ManualClock) => RetryBudget | undefined

/** Lets `clients` call until `endMs`; `budgetOf` gives the budget of each. */
async function play(
  budgetOf: BudgetOf,
  { clients, endMs }: { readonly clients: number; readonly endMs: number },
): Promise<Outcome> {
  const clock = new ManualClock()
  const random = seeded(7)
  const backend = new Backend(clock, clients)
  const backoff = exponential({ initialDelayMs: 200, maxDelayMs: 10_000, jitter: 'full' })
  let calls = 0
  let lastFailureAt = DOWN_MS
  let open = 0

  const call = async (budget: RetryBudget | undefined): Promise<void> => {
    const begunAt = clock.now()
    calls++
    open++
    try {
      await retry((context) => backend.answer(context.signal), {
        maxAttempts: 8,
        attemptTimeoutMs: 1000,
        backoff,
        ...(budget === undefined ? {} : { budget }),
        clock,
        random,
      })
    } catch {
      // a call that began while the backend was down tells nothing of its recovery
      if (begunAt >= DOWN_MS) lastFailureAt = Math.max(lastFailureAt, begunAt)
    }
    open--
  }
  const client = (index: number): void => {
    const budget = budgetOf(index, clock)
    const turn = (): void => {
      if (clock.now() >= endMs) return
      void call(budget)
      clock.setTimer(turn, CALL_EVERY_MS)
    }
    clock.setTimer(turn, random() * CALL_EVERY_MS)
  }

  for (let index = 0; index < clients; index++) client(index)
  let worstRatio = 0
  for (let second = 1; second <= endMs / 1000; second++) {
    await clock.advance(1000)
    worstRatio = Math.max(worstRatio, backend.attempts / calls)
  }
  await clock.runAll({ limit: 1_000_000 })
  expect([open, clock.pending]).toEqual([0, 0])
  return { calls, attempts: backend.attempts, worstRatio, recoveredAfterMs: lastFailureAt - DOWN_MS }
}

describe('a retry storm of 1 000 clients, the backend down for 60 s and then up', () => {
  it.each([
    ['one budget for all', shared()],
    ['a budget for each', (_client: number, clock: ManualClock) => newBudget(clock)],
  ])(
    'stays within 1.1 times the offered load and recovers within 5 s with %s',
    async (_name, budgetOf) => {
      const outcome = await play(budgetOf, { clients: 1000, endMs: 120_000 })
      expect(outcome.calls).toBe(24_000)
      expect(outcome.worstRatio).toBeLessThanOrEqual(1.1)
      expect(outcome.attempts).toBeLessThanOrEqual(1.1 * outcome.calls)
      // it did retry
      expect(outcome.attempts).toBeGreaterThan(1.03 * outcome.calls)
      expect(outcome.recoveredAfterMs).toBeLessThan(5000)
    },
    60_000,
  )

  it('would multiply the load and last longer without a budget (seen with 300 clients)', async () => {
    const outcome = await play(() => undefined, { clients: 300, endMs: 75_000 })
    expect(outcome.calls).toBe(4500)
    expect(outcome.attempts).toBeGreaterThan(3 * outcome.calls)
    expect(outcome.recoveredAfterMs).toBeGreaterThan(5000)
  }, 60_000)
})

function newBudget(clock: ManualClock): RetryBudget {
  return new RetryBudget({ initial: 0, ratio: 0.1, minPerSecond: 0, clock })
}

function shared(): (client: number, clock: ManualClock) => RetryBudget {
  let budget: RetryBudget | undefined
  return (_client, clock) => (budget ??= newBudget(clock))
}
