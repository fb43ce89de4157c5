import { ResultRefusedError } from '../errors/result-refused-error.ts'
import { RetryExhaustedError, type RetryLimit } from '../errors/retry-exhausted-error.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import { callSafely } from '../observe/stray-error.ts'
import { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, PolicyFunction } from '../policy/policy.ts'
import { raceAbort, raceAndClose } from '../policy/race.ts'
import { callWithin } from '../timeout/timed-call.ts'
import type { FailedAttempt, RetryPlan } from './retry-options.ts'

/** A retry that may go on for ever keeps this many errors. */
const KEPT_ERRORS = 16

const scheduled = new ObservationPoint('x:loop-utils:retry:schedule')
const exhausted = new ObservationPoint('x:loop-utils:retry:give-up')

/** One execution of a retry, from entering its scope to closing it. */
export function runRetry<T>(plan: RetryPlan<T>, fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
  return CallScope.run(options, (scope) => new RetryRun(plan, scope, fn).run())
}

class RetryRun<T> {
  // no private fields: those of a class that is made with every call would cost more than all the rest of it
  readonly plan: RetryPlan<T>
  readonly scope: CallScope
  readonly fn: PolicyFunction<T>
  readonly startedAt: number
  errors: unknown[] | undefined
  delays: Iterator<number> | undefined

  constructor(plan: RetryPlan<T>, scope: CallScope, fn: PolicyFunction<T>) {
    this.plan = plan
    this.scope = scope
    this.fn = fn
    this.startedAt = plan.clock.now()
  }

  /** A first attempt that succeeds costs one promise more than the function itself. */
  run(): Promise<T> {
    const { deadline } = this.scope
    if (this.scope.aborted) return Promise.reject(this.scope.reason)
    if (deadline?.isExpired === true) {
      this.keep(new TimeoutError(deadline.budgetMs, 'deadline'))
      return Promise.reject(this.giveUp('deadline', 0))
    }
    this.plan.budget?.deposit()
    if (!this.plan.isPlain) return this.attemptFrom(1)
    return this.call(1).then(undefined, (error: unknown) => this.goOnAfter(error))
  }

  private async goOnAfter(error: unknown): Promise<T> {
    await this.prepareNext(error, 1)
    return this.attemptFrom(2)
  }

  private async attemptFrom(first: number): Promise<T> {
    for (let attempt = first; ; attempt++) {
      await this.awaitTurn(attempt)
      const outcome = await this.attempt(attempt)
      if ('result' in outcome) return outcome.result
      await this.prepareNext(outcome.error, attempt)
    }
  }

  /** Waits until the limiter admits an attempt. */
  private async awaitTurn(attempt: number): Promise<void> {
    const { limiter, clock, maxElapsedMs } = this.plan
    if (limiter === undefined || limiter.tryAcquire()) return
    const timeoutMs = Math.max(0, maxElapsedMs - this.elapsedMs())
    try {
      await callWithin(
        { timeoutMs, kind: 'total', what: 'waiting for the limiter', graceMs: 0, clock },
        this.scope,
        (context) => limiter.acquire(1, { signal: context.signal }),
      )
    } catch (error) {
      if (this.scope.aborted) throw this.scope.reason
      this.keep(error)
      throw this.giveUp(limitOf(error), attempt - 1)
    }
  }

  /** Only the function's own failure is one to retry: what `retryIfResult` throws ends the retry. */
  private async attempt(attempt: number): Promise<{ readonly result: T } | { readonly error: unknown }> {
    const { retryIfResult } = this.plan
    let result: T
    try {
      result = await this.call(attempt)
    } catch (error) {
      return { error }
    }
    if (retryIfResult?.(result) === true) return { error: new ResultRefusedError(result, attempt) }
    this.tellSuccess(attempt)
    return { result }
  }

  private call(attempt: number): Promise<T> {
    const { attemptLimit } = this.plan
    const scope = this.scopeOf(attempt)
    const isTimed = attemptLimit.timeoutMs !== Infinity || (scope.deadline !== undefined && !scope.isDeadlineKept)
    if (!isTimed) return raceAndClose(scope, this.fn)
    return scope.closeAfter(callWithin(attemptLimit, scope, this.fn))
  }

  /** What nobody can abort needs no scope of its own. */
  private scopeOf(attempt: number): CallScope {
    const scope = this.scope
    return scope.isAbortable || scope.attempt !== attempt ? scope.child({ attempt, isPassive: true }) : scope
  }

  /** Decides on another attempt and waits for its time; throws when there is to be none. */
  private async prepareNext(error: unknown, attempt: number): Promise<void> {
    if (this.scope.aborted) throw this.scope.reason
    const failed = { attempt, elapsedMs: this.elapsedMs() }
    this.keep(error)
    this.tellFailure(error)
    const isWorthwhile = await this.isWorthwhile(error, failed)
    if (this.scope.aborted) throw this.scope.reason
    if (!isWorthwhile) throw error
    if (attempt >= this.plan.maxAttempts) throw this.giveUp('attempts', attempt)
    const delayMs = this.delayAfter(error, attempt)
    if (this.plan.budget?.tryWithdraw(error) === false) throw this.giveUp('budget', attempt)
    const { clock, ref } = this.plan
    this.tell(error, failed, delayMs)
    await this.scope.wait(clock, delayMs, { ref })
  }

  private async isWorthwhile(error: unknown, failed: FailedAttempt): Promise<boolean> {
    const { retryIf } = this.plan
    if (retryIf === undefined) return true
    return raceAbort(this.scope, () => retryIf(error, failed))
  }

  /** A wait after which there would be no time left is not begun. */
  private delayAfter(error: unknown, attempt: number): number {
    const { backoff, random, maxElapsedMs } = this.plan
    this.delays ??= backoff.delays(random)
    const next = this.delays.next()
    if (next.done === true) throw this.giveUp('backoff', attempt)
    const delayMs = this.askedDelay(error) ?? next.value
    if (this.elapsedMs() + delayMs > maxElapsedMs) throw this.giveUp('elapsed', attempt)
    const remainingMs = this.scope.deadline?.remaining() ?? Infinity
    if (delayMs >= remainingMs) throw this.giveUp('deadline', attempt)
    return delayMs
  }

  private askedDelay(error: unknown): number | undefined {
    const { retryAfterMs, maxRetryAfterMs } = this.plan
    const askedMs = retryAfterMs?.(error)
    return typeof askedMs === 'number' && askedMs >= 0 ? Math.min(askedMs, maxRetryAfterMs) : undefined
  }

  private keep(error: unknown): void {
    this.errors ??= []
    if (this.errors.length === KEPT_ERRORS) this.errors.shift()
    this.errors.push(error)
  }

  private giveUp(limit: RetryLimit, attempts: number): RetryExhaustedError {
    const elapsedMs = this.elapsedMs()
    const errors = this.errors ?? []
    if (exhausted.isObserved(this.plan)) {
      exhausted.publish({ attempts, elapsedMs, limit, error: errors.at(-1) }, this.plan)
    }
    return new RetryExhaustedError({ attempts, elapsedMs, errors, limit })
  }

  private tell(error: unknown, failed: FailedAttempt, delayMs: number): void {
    const { onRetry } = this.plan
    if (onRetry !== undefined) callSafely('onRetry', () => onRetry({ ...failed, error, delayMs }))
    if (scheduled.isObserved(this.plan)) scheduled.publish({ ...failed, error, delayMs }, this.plan)
  }

  private tellSuccess(attempt: number): void {
    const { budget, limiter } = this.plan
    if (attempt > 1) budget?.refund?.()
    limiter?.onSuccess?.()
  }

  private tellFailure(error: unknown): void {
    this.plan.limiter?.onFailure?.(error)
  }

  private elapsedMs(): number {
    return this.plan.clock.now() - this.startedAt
  }
}

/** Which bound ended the wait for a limiter. */
function limitOf(error: unknown): RetryLimit {
  if (!(error instanceof TimeoutError)) return 'limiter'
  return error.kind === 'deadline' ? 'deadline' : 'elapsed'
}
