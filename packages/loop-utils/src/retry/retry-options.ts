import { backoffOf, type Backoff } from '../backoff/backoff.ts'
import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkCount, checkDuration, checkFunction, checkObject, hasMethods } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { Observer } from '../observe/observer.ts'
import type { ExecuteOptions } from '../policy/policy.ts'
import type { AttemptLimiter } from '../rate/attempt-limiter.ts'
import type { RetryBudget } from '../rate/retry-budget.ts'
import type { LateAttempt } from './late-attempt.ts'

/** What is known after a failed attempt. */
export interface FailedAttempt {
  /** From 1. */
  readonly attempt: number
  /** Since the first call, in milliseconds. */
  readonly elapsedMs: number
}

/** What is known before waiting for the next attempt. */
export interface ScheduledRetry extends FailedAttempt {
  readonly error: unknown
  readonly delayMs: number
}

/** The part of a RetryBudget that a retry needs. */
export type RetrySpending = Pick<RetryBudget, 'deposit' | 'tryWithdraw'> & Partial<Pick<RetryBudget, 'refund'>>

/** When and how often a function is called again. */
export interface RetryPolicyOptions<T = unknown> extends Observer {
  /** How often the function is called at most; `Infinity` for no bound. Default 3. */
  readonly maxAttempts?: number
  /** No attempt begins later than this after the first call, in milliseconds. Default `Infinity`. */
  readonly maxElapsedMs?: number
  /** How long one attempt may take, in milliseconds. Default `Infinity`. */
  readonly attemptTimeoutMs?: number
  /** The delays between attempts. Default: 200 ms doubling to 10 s, full jitter. */
  readonly backoff?: Backoff
  /** Whether an error is worth another attempt; if not, it is what the retry rejects with. Default: always. */
  readonly retryIf?: (error: unknown, failed: FailedAttempt) => boolean | PromiseLike<boolean>
  /** Whether a result is to be treated as a failure. Default: never. */
  readonly retryIfResult?: (result: T) => boolean
  /** The delay that the peer asked for, in milliseconds, such as Retry-After; it replaces the backoff's. */
  readonly retryAfterMs?: (error: unknown) => number | undefined
  /** The longest delay that a peer may ask for, in milliseconds. Default 300 000. */
  readonly maxRetryAfterMs?: number
  /**
   * What retries are paid from, so that an outage does not multiply the load; share one between all calls to a peer.
   * When it is empty, the retry gives up. Default: none.
   */
  readonly budget?: RetrySpending
  /**
   * Asked before each attempt, the first included, and told how it ended: a rate limiter, or the one of `adaptive()`.
   * Attempts wait for their turn, no longer than until `maxElapsedMs` or the deadline. Default: none.
   */
  readonly limiter?: AttemptLimiter
  /** Told before each wait. */
  readonly onRetry?: (retry: ScheduledRetry) => void
  /** Told how attempts ended that were given up by their time or an abort, such as with a connection to be closed. */
  readonly onLate?: (late: LateAttempt) => void
  /** Whether a wait keeps the process alive. Default true. */
  readonly ref?: boolean
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default `Math.random`. */
  readonly random?: Random
}

/** When and how often a function is called again, and what holds for this execution. */
export interface RetryOptions<T = unknown> extends RetryPolicyOptions<T>, ExecuteOptions {}

/** Options that were checked, with the default of each that was not given. */
export type RetryPlan<T> = Options<T, Defaulted>

type Options<T, D extends keyof RetryPolicyOptions> = Required<Pick<RetryPolicyOptions<T>, D>> & {
  readonly [K in Exclude<keyof RetryPolicyOptions, D>]: RetryPolicyOptions<T>[K] | undefined
}

type Defaulted =
  | 'maxAttempts'
  | 'maxElapsedMs'
  | 'attemptTimeoutMs'
  | 'maxRetryAfterMs'
  | 'backoff'
  | 'ref'
  | 'clock'
  | 'random'

const DEFAULT_BACKOFF: Backoff = backoffOf(function* (random: Random): Generator<number, void, undefined> {
  for (let delayMs = 200; ; delayMs = Math.min(10_000, delayMs * 2)) yield delayMs * random()
})

type Check = (option: string, value: unknown) => unknown

const checkLimit: Check = (option, value) => checkDuration(option, value, { infinite: true })
const checkCallback = checkFunction as Check

/** A check by the method that is called. */
const partWith =
  (method: string, expected: string): Check =>
  (option, value) => {
    if (!hasMethods(value, [method])) throw new OptionError(option, value, expected)
  }

/** How each option is checked, and its default if it has one. */
const OPTIONS: { readonly [K in keyof RetryPolicyOptions]-?: readonly [Check | undefined, RetryPolicyOptions[K]?] } = {
  maxAttempts: [checkCount, 3],
  maxElapsedMs: [checkLimit, Infinity],
  attemptTimeoutMs: [checkLimit, Infinity],
  maxRetryAfterMs: [checkLimit, 300_000],
  backoff: [partWith('delays', 'a Backoff, such as exponential()'), DEFAULT_BACKOFF],
  budget: [partWith('tryWithdraw', 'a RetryBudget')],
  limiter: [partWith('tryAcquire', 'a RateLimiter, or the limiter of adaptive()')],
  clock: [partWith('setTimer', 'a Clock, with now() and setTimer()'), systemClock],
  retryIf: [checkCallback],
  retryIfResult: [checkCallback],
  retryAfterMs: [checkCallback],
  onRetry: [checkCallback],
  onLate: [checkCallback],
  onEvent: [checkCallback],
  random: [checkCallback, Math.random],
  ref: [undefined, true],
}

/** Checks the options of a retry. */
export function planOf<T>(options: RetryPolicyOptions<T>): RetryPlan<T> {
  const given = checkObject(options) as Readonly<Record<string, unknown>>
  const plan: Record<string, unknown> = {}
  for (const [name, [check, standard]] of Object.entries(OPTIONS)) {
    const { [name]: value = standard } = given
    if (value !== undefined) check?.(name, value)
    plan[name] = value
  }
  return plan as unknown as RetryPlan<T>
}
