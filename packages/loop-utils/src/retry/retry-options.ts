import { exponential } from '../backoff/growing.ts'
import type { Backoff } from '../backoff/backoff.ts'
import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkCount, checkDuration, checkFunction } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { Observer, OnEvent } from '../observe/observer.ts'
import type { ExecuteOptions } from '../policy/policy.ts'
import type { AttemptLimiter } from '../rate/attempt-limiter.ts'
import type { RetryBudget } from '../rate/retry-budget.ts'
import type { TimeLimit } from '../timeout/timed-call.ts'

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
  /** Whether a wait keeps the process alive. Default true. */
  readonly ref?: boolean
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default `Math.random`. */
  readonly random?: Random
}

/** When and how often a function is called again, and what holds for this execution. */
export interface RetryOptions<T = unknown> extends RetryPolicyOptions<T>, ExecuteOptions {}

interface RetryBounds {
  readonly maxAttempts: number
  readonly maxElapsedMs: number
  readonly maxRetryAfterMs: number
}

/** Where the user's own code, or a shared part, has its say. */
type Seams<T> = {
  readonly [K in 'retryIf' | 'retryIfResult' | 'retryAfterMs' | 'budget' | 'limiter' | 'onRetry']:
    | RetryPolicyOptions<T>[K]
    | undefined
}

/** Checked options with their defaults. */
export interface RetryPlan<T> extends RetryBounds, Seams<T> {
  readonly onEvent: OnEvent | undefined
  readonly backoff: Backoff
  /** Of one attempt. */
  readonly attemptLimit: TimeLimit
  /** Whether nothing is to be done before a first attempt, and nothing after one that succeeds. */
  readonly isPlain: boolean
  readonly ref: boolean
  readonly clock: Clock
  readonly random: Random
}

const DEFAULT_BACKOFF: Backoff = exponential({ initialDelayMs: 200, maxDelayMs: 10_000, jitter: 'full' })

const CALLBACKS = ['retryIf', 'retryIfResult', 'retryAfterMs', 'onRetry', 'onEvent'] as const

/** Checks the options of a retry. */
export function planOf<T>(options: RetryPolicyOptions<T>): RetryPlan<T> {
  const { backoff = DEFAULT_BACKOFF, clock = systemClock, limiter, retryIfResult } = options
  for (const name of CALLBACKS) if (options[name] !== undefined) checkFunction(name, options[name])
  if (typeof backoff?.delays !== 'function')
    throw new OptionError('backoff', backoff, 'a Backoff, such as exponential()')
  checkSeams(options)
  return {
    ...boundsOf(options),
    retryIf: options.retryIf,
    retryIfResult,
    retryAfterMs: options.retryAfterMs,
    budget: options.budget,
    limiter,
    onRetry: options.onRetry,
    onEvent: options.onEvent,
    backoff,
    attemptLimit: attemptLimitOf(options, clock),
    isPlain: limiter === undefined && retryIfResult === undefined,
    ref: options.ref ?? true,
    clock,
    random: options.random ?? Math.random,
  }
}

function checkSeams({ budget, limiter }: Pick<RetryPolicyOptions, 'budget' | 'limiter'>): void {
  if (budget !== undefined && typeof budget?.tryWithdraw !== 'function')
    throw new OptionError('budget', budget, 'a RetryBudget')
  if (limiter !== undefined && typeof limiter?.tryAcquire !== 'function')
    throw new OptionError('limiter', limiter, 'a RateLimiter, or the limiter of adaptive()')
}

function attemptLimitOf(
  { attemptTimeoutMs = Infinity, onEvent }: Pick<RetryPolicyOptions, 'attemptTimeoutMs' | 'onEvent'>,
  clock: Clock,
): TimeLimit {
  const timeoutMs = checkDuration('attemptTimeoutMs', attemptTimeoutMs, { infinite: true })
  return { timeoutMs, kind: 'attempt', what: 'attempt', graceMs: 0, clock, onEvent }
}

function boundsOf({
  maxAttempts = 3,
  maxElapsedMs = Infinity,
  maxRetryAfterMs = 300_000,
}: Pick<RetryPolicyOptions, keyof RetryBounds>): RetryBounds {
  return {
    maxAttempts: checkCount('maxAttempts', maxAttempts),
    maxElapsedMs: checkDuration('maxElapsedMs', maxElapsedMs, { infinite: true }),
    maxRetryAfterMs: checkDuration('maxRetryAfterMs', maxRetryAfterMs, { infinite: true }),
  }
}
