import { growth } from '../backoff/growth.ts'
import { fullJitter } from '../backoff/jitter.ts'
import type { Backoff } from '../backoff/backoff.ts'
import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkCount, checkDuration, checkFunction, checkObject } from '../errors/option-checks.ts'
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

/** Where the user's own code, or a shared part, has its say. */
type Seams<T> = {
  readonly [
    K in 'retryIf' | 'retryIfResult' | 'retryAfterMs' | 'budget' | 'limiter' | 'onRetry' | 'onLate' | 'onEvent'
  ]: RetryPolicyOptions<T>[K] | undefined
}

/** Checked options with their defaults. */
export interface RetryPlan<T> extends Seams<T>, Required<Omit<RetryPolicyOptions<T>, keyof Seams<T>>> {
  /** Whether nothing is to be done before a first attempt, and nothing after one that succeeds. */
  readonly isPlain: boolean
}

const DEFAULT_BACKOFF: Backoff = growth({
  initialDelayMs: 200,
  maxDelayMs: 10_000,
  makeGrow: () => (delayMs) => delayMs * 2,
  spread: fullJitter,
})

/** By which method each part is known. */
const PARTS = [
  ['backoff', 'delays', 'a Backoff, such as exponential()'],
  ['budget', 'tryWithdraw', 'a RetryBudget'],
  ['limiter', 'tryAcquire', 'a RateLimiter, or the limiter of adaptive()'],
  ['clock', 'setTimer', 'a Clock, with now() and setTimer()'],
] as const

/** Checks the options of a retry. */
export function planOf<T>(options: RetryPolicyOptions<T>): RetryPlan<T> {
  const { retryIf, retryIfResult, retryAfterMs, onRetry, onLate, onEvent, budget, limiter } = checkObject(options)
  const { backoff = DEFAULT_BACKOFF, ref = true, clock = systemClock, random = Math.random } = options
  const callbacks = { retryIf, retryIfResult, retryAfterMs, onRetry, onLate, onEvent }
  const parts = { backoff, budget, limiter, clock }
  checkCallbacks({ ...callbacks, random })
  checkParts(parts)
  const isPlain = limiter === undefined && retryIfResult === undefined
  return { ...boundsOf(options), ...callbacks, ...parts, isPlain, ref, random }
}

function checkCallbacks(callbacks: Readonly<Record<string, ((...args: never[]) => unknown) | undefined>>): void {
  for (const [name, callback] of Object.entries(callbacks)) if (callback !== undefined) checkFunction(name, callback)
}

function checkParts(parts: Readonly<Record<(typeof PARTS)[number][0], unknown>>): void {
  for (const [name, method, expected] of PARTS) {
    const part = parts[name] as Readonly<Record<string, unknown>> | null | undefined
    if (part !== undefined && typeof part?.[method] !== 'function') throw new OptionError(name, part, expected)
  }
}

type Bounds = Pick<RetryPolicyOptions, 'maxAttempts' | 'maxElapsedMs' | 'attemptTimeoutMs' | 'maxRetryAfterMs'>

function boundsOf({ maxAttempts = 3, ...options }: Bounds): Required<Bounds> {
  const { maxElapsedMs = Infinity, attemptTimeoutMs = Infinity, maxRetryAfterMs = 300_000 } = options
  const durations = { maxElapsedMs, attemptTimeoutMs, maxRetryAfterMs }
  for (const [name, durationMs] of Object.entries(durations)) checkDuration(name, durationMs, { infinite: true })
  return { maxAttempts: checkCount('maxAttempts', maxAttempts), ...durations }
}
