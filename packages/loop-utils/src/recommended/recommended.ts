import { CircuitBreaker } from '../breaker/circuit-breaker.ts'
import { Bulkhead } from '../concurrency/bulkhead.ts'
import { compose } from '../policy/compose.ts'
import type { ExecuteOptions, Policy, PolicyFunction } from '../policy/policy.ts'
import { timeoutPolicy } from '../policy/timeout-policy.ts'
import { RetryBudget } from '../rate/retry-budget.ts'
import { retryPolicy } from '../retry/retry.ts'
import { notingBeginnings } from './not-begun.ts'
import { isPolicy, settingsOf, type RecommendedOptions, type RecommendedSettings } from './recommended-options.ts'
import type { RecommendedStats } from './recommended-stats.ts'

/** A pipeline that {@link recommended} built, and its parts. */
export interface RecommendedPolicy extends Policy, Disposable {
  /** Undefined when there is none, or one that is no CircuitBreaker. */
  readonly breaker: CircuitBreaker | undefined
  /** Undefined when there is none, or one that is no Bulkhead. */
  readonly bulkhead: Bulkhead | undefined
  readonly budget: RetryBudget | undefined
  /** The numbers of all parts that there are. */
  stats(): RecommendedStats
}

/**
 * The policies that a call to one peer is best made with, from the outermost to the innermost:
 *
 * 1. a time limit for everything together: 30 s;
 * 2. a retry: three attempts after 200 ms doubling to 10 s with full jitter, paid from a RetryBudget, which pays for
 *    one retry in ten calls;
 * 3. a CircuitBreaker, which opens after five failures in a row, for 60 s;
 * 4. a Bulkhead: 16 calls at a time, 64 waiting;
 * 5. a time limit for each attempt: 10 s.
 *
 * Each can be set, replaced by a policy of yours, or left out. Together they mind what single ones cannot: an attempt that
 * the circuit refused is not repeated, what the bulkhead refused or kept waiting too long is no failure of the peer, and
 * a function that goes on after its time keeps its place in the bulkhead. Make one for each peer, and keep it.
 *
 * @param name names it, and its parts in errors, events and metrics
 * @throws OptionError when an option is out of range
 * @example
 * const toBridge = recommended('bridge', { attemptTimeoutMs: 2000, retry: { maxAttempts: 5 } })
 * const lights = await toBridge.execute(({ signal }) => bridge.lights({ signal }))
 */
export function recommended(name: string, options: RecommendedOptions = {}): RecommendedPolicy {
  return new Recommendation(settingsOf(name, options))
}

class Recommendation implements RecommendedPolicy {
  readonly name: string
  readonly breaker: CircuitBreaker | undefined
  readonly bulkhead: Bulkhead | undefined
  readonly budget: RetryBudget | undefined
  readonly #whole: Policy
  readonly #disposables: (() => void)[] = []

  constructor(settings: RecommendedSettings) {
    const { name, totalTimeoutMs, attemptTimeoutMs, limits } = settings
    this.name = name
    this.budget = this.#budgetOf(settings)
    const breaker = this.#breakerOf(settings)
    const bulkhead = this.#bulkheadOf(settings)
    this.breaker = breaker instanceof CircuitBreaker ? breaker : undefined
    this.bulkhead = bulkhead instanceof Bulkhead ? bulkhead : undefined
    // a bulkhead of ours keeps the attempt's time by itself: only so the place stays taken until the function ends
    const isTimedInside = bulkhead === undefined || isPolicy(settings.bulkhead)
    const layers = [
      totalTimeoutMs === undefined ? undefined : timeoutPolicy(totalTimeoutMs, { ...limits, what: name }),
      this.#retryOf(settings),
      breaker,
      bulkhead && notingBeginnings(bulkhead),
      attemptTimeoutMs === undefined || !isTimedInside
        ? undefined
        : timeoutPolicy(attemptTimeoutMs, { ...limits, what: `an attempt of ${name}`, kind: 'attempt' }),
    ]
    this.#whole = compose(...layers.filter((layer) => layer !== undefined))
  }

  execute<T>(fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
    return this.#whole.execute(fn, options)
  }

  stats(): RecommendedStats {
    return {
      name: this.name,
      breaker: this.breaker?.stats(),
      bulkhead: this.bulkhead?.stats(),
      budget: this.budget?.stats(),
    }
  }

  [Symbol.dispose](): void {
    for (const dispose of this.#disposables.splice(0)) dispose()
  }

  #budgetOf({ budget }: RecommendedSettings): RetryBudget | undefined {
    return budget === undefined || budget instanceof RetryBudget ? budget : new RetryBudget(budget)
  }

  #retryOf({ retry }: RecommendedSettings): Policy | undefined {
    if (retry === undefined || isPolicy(retry)) return retry
    return retryPolicy(this.budget === undefined ? retry : { budget: this.budget, ...retry })
  }

  #breakerOf({ breaker }: RecommendedSettings): Policy | undefined {
    if (breaker === undefined || isPolicy(breaker)) return breaker
    const own = new CircuitBreaker(breaker)
    this.#disposables.push(() => own[Symbol.dispose]())
    return own
  }

  #bulkheadOf({ bulkhead }: RecommendedSettings): Policy | undefined {
    if (bulkhead === undefined || isPolicy(bulkhead)) return bulkhead
    const own = new Bulkhead(bulkhead)
    this.#disposables.push(() => own[Symbol.dispose]())
    return own
  }
}
