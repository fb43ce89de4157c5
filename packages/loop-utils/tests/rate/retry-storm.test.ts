import { describe, expect, it } from 'vitest'
import { exponential } from '../../src/backoff/index.ts'
import { ManualClock, seeded } from '../../src/clock/index.ts'
import { RetryBudget } from '../../src/rate/index.ts'
import { recommended } from '../../src/recommended/index.ts'
import { retry } from '../../src/retry/index.ts'

/** Each client makes a call this often, whether or not the one before has been answered. */
const CALL_EVERY_MS = 5000
const DOWN_MS = 60_000

/**
 * A backend that refuses connections for a while. Otherwise it works on requests one after the other, half as many again a second
 * as are offered, those whose client has given up included: that is what keeps an overloaded backend down.
 */
class Backend {
  attempts = 0
  readonly #downAtMs: number
  readonly #clock: ManualClock
  readonly #serviceMs: number
  #freeAt = 0

  constructor(clock: ManualClock, { clients, downAtMs }: Scenario) {
    this.#clock = clock
    this.#downAtMs = downAtMs
    this.#serviceMs = CALL_EVERY_MS / clients / 1.5
  }

  async answer(signal: AbortSignal): Promise<void> {
    this.attempts++
    const now = this.#clock.now()
    if (now >= this.#downAtMs && now < this.#downAtMs + DOWN_MS)
      throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
    this.#freeAt = Math.max(this.#freeAt, now) + this.#serviceMs
    await this.#clock.sleep(this.#freeAt - now, signal)
  }
}

interface Scenario {
  readonly clients: number
  /** When the backend goes down: at first, or after it has worked for a while and budgets are full. */
  readonly downAtMs: number
  readonly endMs: number
}

interface Outcome {
  /** From the moment at which the backend went down. */
  readonly calls: number
  readonly attempts: number
  /** The largest ratio of all attempts to all calls at the end of any second. */
  readonly worstRatio: number
  /** How long after the backend came back the last call failed, in milliseconds. */
  readonly recoveredAfterMs: number
}

/** Makes a call of one client; it is retried as the client does. */
type Send = (fn: (context: { readonly signal: AbortSignal }) => Promise<void>) => Promise<void>
type Make = (tools: { readonly clock: ManualClock; readonly random: () => number }, client: number) => Send

/** Lets `clients` call until `endMs`; `make` gives each its way of calling. */
async function play(make: Make, scenario: Scenario): Promise<Outcome> {
  const { clients, downAtMs, endMs } = scenario
  const clock = new ManualClock()
  const random = seeded(7)
  const backend = new Backend(clock, scenario)
  const upAtMs = downAtMs + DOWN_MS
  let calls = 0
  let lastFailureAt = upAtMs
  let open = 0

  const call = async (send: Send): Promise<void> => {
    const begunAt = clock.now()
    calls++
    open++
    try {
      await send(({ signal }) => backend.answer(signal))
    } catch {
      // a call that began while the backend was down tells nothing of its recovery
      if (begunAt >= upAtMs) lastFailureAt = Math.max(lastFailureAt, begunAt)
    }
    open--
  }
  const client = (index: number): void => {
    const send = make({ clock, random }, index)
    const turn = (): void => {
      if (clock.now() >= endMs) return
      void call(send)
      clock.setTimer(turn, CALL_EVERY_MS)
    }
    clock.setTimer(turn, random() * CALL_EVERY_MS)
  }

  for (let index = 0; index < clients; index++) client(index)
  let worstRatio = 0
  let before = { calls: 0, attempts: 0 }
  for (let second = 1; second <= endMs / 1000; second++) {
    if (clock.now() === downAtMs) before = { calls, attempts: backend.attempts }
    await clock.advance(1000)
    worstRatio = Math.max(worstRatio, backend.attempts / calls)
  }
  await clock.runAll({ limit: 1_000_000 })
  expect([open, clock.pending]).toEqual([0, 0])
  return {
    calls: calls - before.calls,
    attempts: backend.attempts - before.attempts,
    worstRatio,
    recoveredAfterMs: lastFailureAt - upAtMs,
  }
}

type BudgetOf = (clock: ManualClock) => RetryBudget | undefined

/** Retries often and soon: what holds the storm is the budget alone. */
function eager(budgetOf: BudgetOf): Make {
  const backoff = exponential({ initialDelayMs: 200, maxDelayMs: 10_000, jitter: 'full' })
  return ({ clock, random }) => {
    const budget = budgetOf(clock)
    const options = { maxAttempts: 8, attemptTimeoutMs: 1000, backoff, clock, random }
    return (fn) => retry(fn, budget === undefined ? options : { ...options, budget })
  }
}

/** One budget for all. */
function shared(): BudgetOf {
  let budget: RetryBudget | undefined
  return (clock) => (budget ??= new RetryBudget({ clock }))
}

/** A pipeline for each client with the defaults, but for the breaker, which alone would keep calls away for a minute. */
const pipeline: Make = ({ clock, random }) => {
  const policy = recommended('backend', { breaker: false, attemptTimeoutMs: 1000, clock, random })
  return (fn) => policy.execute(fn)
}

const WAYS: readonly [name: string, make: () => Make][] = [
  ['one budget for all', () => eager(shared())],
  ['a budget for each', () => eager((clock) => new RetryBudget({ clock }))],
  ['a recommended pipeline for each', () => pipeline],
]

describe('a retry storm of 1 000 clients, the backend down for 60 s and then up', () => {
  it.each(WAYS)(
    'stays within 1.1 times the offered load and recovers within 5 s with %s',
    async (_name, make) => {
      const outcome = await play(make(), { clients: 1000, downAtMs: 0, endMs: 80_000 })
      expect(outcome.calls).toBe(16_000)
      expect(outcome.worstRatio).toBeLessThanOrEqual(1.1)
      expect(outcome.attempts).toBeLessThanOrEqual(1.1 * outcome.calls)
      // it did retry
      expect(outcome.attempts).toBeGreaterThan(1.03 * outcome.calls)
      expect(outcome.recoveredAfterMs).toBeLessThan(5000)
    },
    120_000,
  )

  it.each(WAYS)(
    'does so when it comes after a time of health, in which budgets fill up, with %s (100 clients)',
    async (_name, make) => {
      const outcome = await play(make(), { clients: 100, downAtMs: 100_000, endMs: 220_000 })
      expect(outcome.calls).toBe(2400)
      expect(outcome.worstRatio).toBeLessThanOrEqual(1.1)
      expect(outcome.attempts).toBeLessThanOrEqual(1.1 * outcome.calls)
      expect(outcome.recoveredAfterMs).toBeLessThan(5000)
    },
    120_000,
  )

  it('would multiply the load and last longer without a budget (seen with 100 clients)', async () => {
    const make = eager(() => undefined)
    const outcome = await play(make, { clients: 100, downAtMs: 0, endMs: 75_000 })
    expect(outcome.calls).toBe(1500)
    expect(outcome.attempts).toBeGreaterThan(3 * outcome.calls)
    expect(outcome.recoveredAfterMs).toBeGreaterThan(5000)
  }, 60_000)
})
