import {
  anyOf,
  CircuitBreaker,
  consecutive,
  countWindow,
  timeWindow,
  type BreakerOptions,
  type BreakerStats,
  type Permit,
  type Trip,
} from '../../src/breaker/index.ts'
import { sequence } from '../../src/backoff/index.ts'
import type { Clock, Random } from '../../src/clock/index.ts'
import {
  COUNTED,
  judge,
  type HistoryEntry,
  type ModelOutcome,
  type ModelRules,
  type ModelTrip,
} from './history-model.ts'

/** Something to do to a breaker. `pick` chooses one of the permits there have been. */
export type Step =
  | { readonly what: 'wait'; readonly ms: number }
  | { readonly what: 'acquire' | 'isolate' | 'release' | 'reset' | 'disable' | 'enable' | 'restore' }
  | {
      readonly what: 'settle'
      readonly pick: number
      readonly outcome: ModelOutcome
      readonly durationMs: number | undefined
    }

/** A breaker and its model, led side by side. Each step is judged at once. */
export class ModelRun {
  /** The breaker's numbers after the last step. */
  stats: BreakerStats | undefined
  readonly changes: { from: string; to: string }[] = []
  readonly #rules: ModelRules
  readonly #history: HistoryEntry[] = []
  readonly #options: BreakerOptions
  #breaker: CircuitBreaker
  #permits: Permit[] = []
  #isolation: Disposable | undefined
  #wasAdmitted = false
  #nowMs = 1000

  constructor(rules: ModelRules) {
    this.#rules = rules
    const clock = { now: (): number => this.#nowMs } as Clock
    this.#options = { ...optionsOf(rules), clock }
    this.#breaker = this.#watch(new CircuitBreaker(this.#options))
  }

  /** Does a step; throws when the breaker is not where the model has it. */
  take(step: Step): void {
    const entry = this.#apply(step)
    if (entry === undefined) return
    this.#history.push(entry)
    const expected = judge(this.#history, this.#rules)
    const stats = this.#breaker.stats()
    for (const name of COUNTED) {
      if (stats[name] !== expected.counts[name]) this.#disagree(`stats().${name}`, stats[name], expected.counts[name])
    }
    this.#compare('state', this.#breaker.state, expected.state)
    this.#compare('retryAfterMs()', this.#breaker.retryAfterMs(), expected.retryAfterMs)
    if (step.what === 'acquire') this.#compare('admitted', this.#wasAdmitted, expected.isAdmitted)
    this.stats = stats
  }

  #apply(step: Step): HistoryEntry | undefined {
    if (step.what === 'settle') return this.#settle(step)
    if (step.what === 'wait') {
      this.#nowMs += step.ms
      return { what: 'look', atMs: this.#nowMs }
    }
    if (step.what === 'acquire') {
      const permit = this.#breaker.tryAcquire()
      this.#wasAdmitted = permit !== null
      if (permit !== null) this.#permits.push(permit)
    } else {
      this.#order(step.what)
    }
    return { what: step.what, atMs: this.#nowMs }
  }

  #settle({ pick, outcome, durationMs }: Step & { readonly what: 'settle' }): HistoryEntry | undefined {
    const index = Math.floor(pick * this.#permits.length)
    const permit = this.#permits[index]
    if (permit === undefined) return undefined
    if (outcome === 'success') permit.success(durationMs)
    else if (outcome === 'failure') permit.failure(new Error('down'), durationMs)
    else permit.ignore()
    return { what: 'settle', permit: index, outcome, durationMs, atMs: this.#nowMs }
  }

  #order(what: Exclude<Step['what'], 'wait' | 'acquire' | 'settle'>): void {
    switch (what) {
      case 'isolate':
        this.#isolation ??= this.#breaker.isolate()
        break
      case 'release':
        this.#isolation?.[Symbol.dispose]()
        this.#isolation = undefined
        break
      case 'restore':
        this.#breaker = this.#watch(
          CircuitBreaker.restore(JSON.parse(JSON.stringify(this.#breaker.snapshot())), this.#options),
        )
        this.#permits = []
        this.#isolation = undefined
        this.changes.length = 0
        break
      case 'reset':
      case 'disable':
      case 'enable':
        this.#breaker[what]()
    }
  }

  #watch(breaker: CircuitBreaker): CircuitBreaker {
    breaker.on('change', ({ from, to }) => void this.changes.push({ from, to }))
    return breaker
  }

  #compare(what: string, actual: unknown, expected: unknown): void {
    if (!Object.is(actual, expected)) this.#disagree(what, actual, expected)
  }

  #disagree(what: string, actual: unknown, expected: unknown): never {
    const told = this.#history.map((entry) => JSON.stringify(entry)).join('\n')
    const facts = `${what} is ${String(actual)}, the model has ${String(expected)}`
    throw new Error(`${facts}\nrules: ${JSON.stringify(this.#rules)}\nhistory:\n${told}`)
  }
}

/** The options that mean the same as the rules. */
function optionsOf(rules: ModelRules): BreakerOptions {
  const { trips, openMs, probes, successes, maxWaitMs, ramp, rampSuccesses, slowCallMs, isReportOnly } = rules
  const [first, ...more] = trips.map((trip) => tripOf(trip))
  if (first === undefined) throw new Error('the rules have no trip')
  return {
    trip: more.length === 0 ? first : anyOf(first, ...more),
    halfOpenAfterMs: openMs.length === 1 ? (openMs[0] ?? 0) : sequence(openMs),
    halfOpen: { probes, successes, maxWaitMs, ramp, rampSuccesses },
    slowCallMs,
    mode: isReportOnly ? 'report-only' : 'enforce',
  }
}

function tripOf(trip: ModelTrip): Trip {
  if (trip.kind === 'consecutive') return consecutive(trip.failures)
  const { kind: _, slowRate, ...rates } = trip
  const options = { ...rates, ...(slowRate === undefined ? {} : { slowRate }) }
  return 'windowMs' in options ? timeWindow(options) : countWindow(options)
}

/** Rules drawn at random; small, so that everything happens often. */
export function randomRules(random: Random): ModelRules {
  const int = (min: number, max: number): number => min + Math.floor(random() * (max - min + 1))
  const rates = (size: number): { failureRate: number; slowRate: number | undefined; minCalls: number } => ({
    failureRate: int(1, 10) / 10,
    slowRate: random() < 0.4 ? int(1, 10) / 10 : undefined,
    minCalls: int(1, size),
  })
  const trips: (() => ModelTrip)[] = [
    () => ({ kind: 'consecutive', failures: int(1, 4) }),
    () => {
      const size = int(1, 6)
      return { kind: 'count', size, ...rates(size) }
    },
    () => ({ kind: 'time', windowMs: int(1, 40) * 10, buckets: int(1, 5), ...rates(4) }),
  ]
  const count = random() < 0.7 ? 1 : int(2, 3)
  return {
    trips: Array.from({ length: count }, () => (trips[int(0, 2)] ?? (() => ({ kind: 'consecutive', failures: 1 })))()),
    openMs: Array.from({ length: random() < 0.6 ? 1 : int(2, 4) }, () => int(0, 30) * 10),
    probes: int(1, 3),
    successes: int(1, 3),
    maxWaitMs: random() < 0.1 ? Infinity : int(1, 20) * 10,
    ramp: random() < 0.6 ? [] : Array.from({ length: int(1, 2) }, () => int(1, 10) / 10),
    rampSuccesses: int(1, 3),
    slowCallMs: int(1, 10) * 10,
    isReportOnly: random() < 0.2,
  }
}

const WAITS = [0, 1, 10, 10, 25, 50, 100, 300, 1000, 3_600_000]

/** A step drawn at random: mostly calls, now and then everything else. */
export function randomStep(random: Random): Step {
  const choice = random()
  if (choice < 0.35) return { what: 'acquire' }
  if (choice < 0.75) return randomSettlement(random)
  if (choice < 0.95) return { what: 'wait', ms: WAITS[Math.floor(random() * WAITS.length)] ?? 0 }
  const rare = ['isolate', 'release', 'release', 'reset', 'disable', 'enable', 'enable', 'restore'] as const
  return { what: rare[Math.floor(random() * rare.length)] ?? 'reset' }
}

function randomSettlement(random: Random): Step {
  const choice = random()
  return {
    what: 'settle',
    // the last permits most often, any other one now and then
    pick: random() < 0.7 ? 1 - random() ** 3 * 0.5 - Number.EPSILON : random(),
    outcome: choice < 0.45 ? 'success' : choice < 0.9 ? 'failure' : 'ignore',
    durationMs: random() < 0.5 ? undefined : Math.floor(random() * 150),
  }
}
