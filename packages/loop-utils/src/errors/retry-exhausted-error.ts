import { XError } from './x-error.ts'

/**
 * Which bound ended a retry: its `attempts`, its `elapsed` time, a `deadline`, the end of a finite `backoff`, an empty
 * retry `budget`, or a `limiter` that refused an attempt.
 */
export type RetryLimit = 'attempts' | 'elapsed' | 'deadline' | 'backoff' | 'budget' | 'limiter'

/** What is known when a retry gives up. */
export interface RetryExhaustion {
  /** How many times the function was called. */
  readonly attempts: number
  readonly elapsedMs: number
  /** What the attempts threw, oldest first; the last few when there were many. */
  readonly errors: readonly unknown[]
  readonly limit: RetryLimit
}

/** Every permitted attempt failed. `cause` is the last failure. */
export class RetryExhaustedError extends XError {
  override readonly name = 'RetryExhaustedError'
  readonly code = 'LOOP_RETRY_EXHAUSTED'
  /** How many times the function was called. */
  readonly attempts: number
  /** From the first call to giving up, in milliseconds. */
  readonly elapsedMs: number
  /** What the attempts threw, oldest first; the last 16 when there were more. */
  readonly errors: readonly unknown[]
  readonly limit: RetryLimit

  constructor({ attempts, elapsedMs, errors, limit }: RetryExhaustion) {
    const cause = errors.at(-1)
    const last = cause instanceof Error ? `: ${cause.message}` : ''
    super(
      `gave up after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} in ${Math.round(elapsedMs)} ms ` +
        `(limit: ${limit})${last}`,
      { cause },
    )
    this.attempts = attempts
    this.elapsedMs = elapsedMs
    this.errors = errors
    this.limit = limit
  }
}
