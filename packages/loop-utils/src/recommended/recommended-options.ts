import { CircuitIsolatedError, CircuitOpenError } from '../breaker/circuit-errors.ts'
import type { BreakerOptions } from '../breaker/breaker-options.ts'
import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import type { BulkheadOptions } from '../concurrency/bulkhead.ts'
import {
  checkClock,
  checkDuration,
  checkObject,
  checkOnEvent,
  checkRandom,
  checkText,
} from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { Observer } from '../observe/observer.ts'
import type { Policy } from '../policy/policy.ts'
import { RetryBudget, type RetryBudgetOptions } from '../rate/retry-budget.ts'
import type { RetryPolicyOptions } from '../retry/retry-options.ts'
import { sparePeer } from './not-begun.ts'

/** What a recommended pipeline is made of. `false` leaves a part out; a policy takes its place. */
export interface RecommendedOptions extends Observer {
  /** How long one execution may take with all its attempts and waits, in milliseconds. Default 30 000. */
  readonly totalTimeoutMs?: number | false
  /**
   * Default: three attempts, 200 ms doubling to 10 s with full jitter. An attempt that the circuit refused is not
   * repeated, unless `retryIf` says otherwise.
   */
  readonly retry?: RetryPolicyOptions | Policy | false
  /**
   * What retries are paid from. Give one of yours to share it between pipelines. Default: a RetryBudget of its own with
   * its defaults, by which there is one retry for ten calls, and none before the first ten: so many clients together do
   * not multiply the load of a peer that is down. Who calls seldom, or is the only one, gives it more, such as
   * `{ capacity: 10, minPerSecond: 0.1 }`.
   */
  readonly budget?: RetryBudgetOptions | RetryBudget | false
  /**
   * Default: opens after five failures in a row, for 60 s, and then admits one probe. What never got through the
   * bulkhead is no failure, unless `classify` says otherwise. Give a CircuitBreaker of yours to share it.
   */
  readonly breaker?: BreakerOptions | Policy | false
  /** Default: 16 calls at a time, 64 waiting. Give a Bulkhead of yours to share it. */
  readonly bulkhead?: Partial<BulkheadOptions> | Policy | false
  /**
   * How long one attempt may take once it runs, in milliseconds. Default 10 000, or `totalTimeoutMs` when that is less.
   * The TimeoutError is of kind `call` when the bulkhead keeps the time, which knows when the function really ends, and
   * of kind `attempt` when there is no bulkhead or one of yours.
   */
  readonly attemptTimeoutMs?: number | false
  /** Of all parts that do not have their own. Default: the system's. */
  readonly clock?: Clock
  /** Of all parts that do not have their own. Default `Math.random`. */
  readonly random?: Random
}

/** Checked options with their defaults; undefined for what is left out. */
export interface RecommendedSettings {
  readonly name: string
  readonly totalTimeoutMs: number | undefined
  readonly attemptTimeoutMs: number | undefined
  readonly retry: RetryPolicyOptions | Policy | undefined
  readonly budget: RetryBudgetOptions | RetryBudget | undefined
  readonly breaker: BreakerOptions | Policy | undefined
  readonly bulkhead: BulkheadOptions | Policy | undefined
  /** What all time limits have in common. */
  readonly limits: Shared
}

/** What all parts have in common. */
type Shared = Pick<RecommendedOptions, 'clock' | 'onEvent'>

/** Checks the options of a recommended pipeline; its parts check theirs. */
export function settingsOf(name: string, options: RecommendedOptions): RecommendedSettings {
  checkText('name', name)
  const { clock, random, onEvent } = checkObject(options)
  if (clock !== undefined) checkClock(clock)
  if (random !== undefined) checkRandom(random)
  checkOnEvent(onEvent)
  const shared: Shared = { ...(clock === undefined ? {} : { clock }), ...(onEvent === undefined ? {} : { onEvent }) }
  const drawn = { ...shared, ...(random === undefined ? {} : { random }) }
  const { attemptTimeoutMs, ...times } = timesOf(options)
  const timed = attemptTimeoutMs === undefined ? {} : { timeoutMs: attemptTimeoutMs }
  return {
    name,
    ...times,
    attemptTimeoutMs,
    limits: shared,
    retry: partOf<RetryPolicyOptions>('retry', options.retry, { ...drawn, retryIf: isNotRefused }),
    budget: budgetOf(options.budget, shared),
    breaker: partOf<BreakerOptions>('breaker', options.breaker, { ...drawn, name, classify: sparePeer }),
    bulkhead: partOf('bulkhead', options.bulkhead, { ...shared, ...timed, name, concurrent: 16, queue: 64 }),
  }
}

/** Whether it is a policy already. */
export function isPolicy(part: object | undefined): part is Policy {
  return part !== undefined && 'execute' in part && typeof part.execute === 'function'
}

function timesOf({
  totalTimeoutMs = 30_000,
  attemptTimeoutMs,
}: RecommendedOptions): Pick<RecommendedSettings, 'totalTimeoutMs' | 'attemptTimeoutMs'> {
  const total = timeOf('totalTimeoutMs', totalTimeoutMs)
  return {
    totalTimeoutMs: total,
    attemptTimeoutMs: timeOf('attemptTimeoutMs', attemptTimeoutMs ?? Math.min(10_000, total ?? Infinity)),
  }
}

function timeOf(option: string, ms: number | false): number | undefined {
  return ms === false ? undefined : checkDuration(option, ms)
}

function partOf<O extends object>(
  option: string,
  given: Partial<O> | Policy | false | undefined,
  defaults: O,
): O | Policy | undefined {
  if (given === false) return undefined
  if (given === undefined) return defaults
  if (typeof given !== 'object' || given === null) throw new OptionError(option, given, 'options, a policy, or false')
  return isPolicy(given) ? given : { ...defaults, ...given }
}

function budgetOf(given: RecommendedOptions['budget'], defaults: Shared): RetryBudgetOptions | RetryBudget | undefined {
  if (given === false) return undefined
  if (given instanceof RetryBudget) return given
  if (given === undefined) return defaults
  if (typeof given !== 'object' || given === null)
    throw new OptionError('budget', given, 'options, a RetryBudget, or false')
  return { ...defaults, ...given }
}

function isNotRefused(error: unknown): boolean {
  return !(error instanceof CircuitOpenError || error instanceof CircuitIsolatedError)
}
