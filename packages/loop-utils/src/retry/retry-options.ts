import { exponential } from '../backoff/growing.ts'
import type { Backoff } from '../backoff/backoff.ts'
import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkCount, checkDuration, checkFunction } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { Observer, OnEvent } from '../observe/observer.ts'
import type { ExecuteOptions } from '../policy/policy.ts'

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
  readonly attemptTimeoutMs: number
  readonly maxRetryAfterMs: number
}

/** Checked options with their defaults. */
export interface RetryPlan<T> extends RetryBounds {
  readonly backoff: Backoff
  readonly retryIf: RetryPolicyOptions<T>['retryIf']
  readonly retryIfResult: RetryPolicyOptions<T>['retryIfResult']
  readonly retryAfterMs: RetryPolicyOptions<T>['retryAfterMs']
  readonly onRetry: RetryPolicyOptions<T>['onRetry']
  readonly onEvent: OnEvent | undefined
  readonly ref: boolean
  readonly clock: Clock
  readonly random: Random
}

const DEFAULT_BACKOFF: Backoff = exponential({ initialDelayMs: 200, maxDelayMs: 10_000, jitter: 'full' })

/** Checks the options of a retry. */
export function planOf<T>(options: RetryPolicyOptions<T>): RetryPlan<T> {
  const { backoff = DEFAULT_BACKOFF, retryIf, retryIfResult, retryAfterMs, onRetry, onEvent } = options
  for (const [name, value] of Object.entries({ retryIf, retryIfResult, retryAfterMs, onRetry, onEvent })) {
    if (value !== undefined) checkFunction(name, value)
  }
  if (typeof backoff?.delays !== 'function')
    throw new OptionError('backoff', backoff, 'a Backoff, such as exponential()')
  return {
    ...boundsOf(options),
    backoff,
    retryIf,
    retryIfResult,
    retryAfterMs,
    onRetry,
    onEvent,
    ref: options.ref ?? true,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  }
}

function boundsOf({
  maxAttempts = 3,
  maxElapsedMs = Infinity,
  attemptTimeoutMs = Infinity,
  maxRetryAfterMs = 300_000,
}: Pick<RetryPolicyOptions, keyof RetryBounds>): RetryBounds {
  return {
    maxAttempts: checkCount('maxAttempts', maxAttempts),
    maxElapsedMs: checkDuration('maxElapsedMs', maxElapsedMs, { infinite: true }),
    attemptTimeoutMs: checkDuration('attemptTimeoutMs', attemptTimeoutMs, { infinite: true }),
    maxRetryAfterMs: checkDuration('maxRetryAfterMs', maxRetryAfterMs, { infinite: true }),
  }
}
