import { ResultRefusedError } from '../errors/result-refused-error.ts'
import { RetryExhaustedError, type RetryLimit } from '../errors/retry-exhausted-error.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import { callSafely } from '../observe/stray-error.ts'
import type { CallScope } from '../policy/call-scope.ts'
import type { PolicyFunction } from '../policy/policy.ts'
import { raceAbort } from '../policy/race.ts'
import { callWithin, type TimeLimit } from '../timeout/timed-call.ts'
import type { FailedAttempt, RetryPlan } from './retry-options.ts'

/** A retry that may go on for ever keeps this many errors. */
const KEPT_ERRORS = 16

const scheduled = new ObservationPoint('x:loop-utils:retry:schedule')
const exhausted = new ObservationPoint('x:loop-utils:retry:give-up')

/** One execution of a retry. */
export class RetryRun<T> {
  readonly #plan: RetryPlan<T>
  readonly #scope: CallScope
  readonly #limit: TimeLimit | undefined
  readonly #startedAt: number
  readonly #errors: unknown[] = []
  #delays: Iterator<number> | undefined

  constructor(plan: RetryPlan<T>, scope: CallScope) {
    const { attemptTimeoutMs: timeoutMs, clock } = plan
    const isTimed = timeoutMs !== Infinity || (scope.deadline !== undefined && !scope.isDeadlineKept)
    this.#plan = plan
    this.#scope = scope
    this.#limit = isTimed ? { timeoutMs, kind: 'attempt', what: 'attempt', graceMs: 0, clock } : undefined
    this.#startedAt = clock.now()
  }

  async run(fn: PolicyFunction<T>): Promise<T> {
    this.#checkBegin()
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(fn, attempt)
      if ('result' in outcome) return outcome.result
      await this.#prepareNext(outcome.error, attempt)
    }
  }

  /** Only the function's own failure is one to retry: what `retryIfResult` throws ends the retry. */
  async #attempt(
    fn: PolicyFunction<T>,
    attempt: number,
  ): Promise<{ readonly result: T } | { readonly error: unknown }> {
    const { retryIfResult } = this.#plan
    let result: T
    try {
      result = await this.#call(fn, attempt)
    } catch (error) {
      return { error }
    }
    if (retryIfResult?.(result) !== true) return { result }
    return { error: new ResultRefusedError(result, attempt) }
  }

  async #call(fn: PolicyFunction<T>, attempt: number): Promise<T> {
    const scope = this.#scope.child({ attempt, isPassive: true })
    try {
      return await (this.#limit === undefined ? raceAbort(scope, fn) : callWithin(this.#limit, scope, fn))
    } finally {
      scope.close()
    }
  }

  /** Decides on another attempt and waits for its time; throws when there is to be none. */
  async #prepareNext(error: unknown, attempt: number): Promise<void> {
    const failed = { attempt, elapsedMs: this.#elapsedMs() }
    this.#keep(error)
    const isWorthwhile = await this.#isWorthwhile(error, failed)
    if (this.#scope.aborted) throw this.#scope.reason
    if (!isWorthwhile) throw error
    if (attempt >= this.#plan.maxAttempts) throw this.#giveUp('attempts', attempt)
    const delayMs = this.#delayAfter(error, attempt)
    const { clock, ref } = this.#plan
    this.#tell(error, failed, delayMs)
    await this.#scope.wait(clock, delayMs, { ref })
  }

  async #isWorthwhile(error: unknown, failed: FailedAttempt): Promise<boolean> {
    const { retryIf } = this.#plan
    if (retryIf === undefined) return true
    return raceAbort(this.#scope, () => retryIf(error, failed))
  }

  /** A wait after which there would be no time left is not begun. */
  #delayAfter(error: unknown, attempt: number): number {
    const { backoff, random, maxElapsedMs } = this.#plan
    this.#delays ??= backoff.delays(random)
    const next = this.#delays.next()
    if (next.done === true) throw this.#giveUp('backoff', attempt)
    const delayMs = this.#askedDelay(error) ?? next.value
    if (this.#elapsedMs() + delayMs > maxElapsedMs) throw this.#giveUp('elapsed', attempt)
    const remainingMs = this.#scope.deadline?.remaining() ?? Infinity
    if (delayMs >= remainingMs) throw this.#giveUp('deadline', attempt)
    return delayMs
  }

  #askedDelay(error: unknown): number | undefined {
    const { retryAfterMs, maxRetryAfterMs } = this.#plan
    const askedMs = retryAfterMs?.(error)
    return askedMs !== undefined && askedMs >= 0 ? Math.min(askedMs, maxRetryAfterMs) : undefined
  }

  #checkBegin(): void {
    const { deadline } = this.#scope
    if (this.#scope.aborted) throw this.#scope.reason
    if (deadline === undefined || !deadline.isExpired) return
    this.#keep(new TimeoutError(deadline.budgetMs, 'deadline'))
    throw this.#giveUp('deadline', 0)
  }

  #keep(error: unknown): void {
    if (this.#errors.length === KEPT_ERRORS) this.#errors.shift()
    this.#errors.push(error)
  }

  #giveUp(limit: RetryLimit, attempts: number): RetryExhaustedError {
    const elapsedMs = this.#elapsedMs()
    if (exhausted.isObserved(this.#plan)) {
      exhausted.publish({ attempts, elapsedMs, limit, error: this.#errors.at(-1) }, this.#plan)
    }
    return new RetryExhaustedError({ attempts, elapsedMs, errors: this.#errors, limit })
  }

  #tell(error: unknown, failed: FailedAttempt, delayMs: number): void {
    const { onRetry } = this.#plan
    if (onRetry !== undefined) callSafely('onRetry', () => onRetry({ ...failed, error, delayMs }))
    if (scheduled.isObserved(this.#plan)) scheduled.publish({ ...failed, error, delayMs }, this.#plan)
  }

  #elapsedMs(): number {
    return this.#plan.clock.now() - this.#startedAt
  }
}
