import { ResultRefusedError } from '../errors/result-refused-error.ts'
import { RetryExhaustedError, type RetryLimit } from '../errors/retry-exhausted-error.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import { callSafely } from '../observe/stray-error.ts'
import { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, PolicyFunction } from '../policy/policy.ts'
import { raceAbort } from '../policy/race.ts'
import { callWithin } from '../timeout/timed-call.ts'
import type { RetryPlan } from './retry-options.ts'

/** A retry that may go on for ever keeps this many errors. */
const KEPT_ERRORS = 16

const scheduled = new ObservationPoint('x:loop-utils:retry:schedule')
const exhausted = new ObservationPoint('x:loop-utils:retry:give-up')

/** One execution of a retry, from entering its scope to closing it. */
export function runRetry<T>(plan: RetryPlan<T>, fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
  if (options === undefined && plan.isPlain && plan.attemptTimeoutMs === Infinity) return runPlain(plan, fn)
  return CallScope.run(options, (scope) => runIn(scope, plan, fn))
}

/** Where nothing but the function can end the first attempt, a success costs one promise more than the function itself. */
function runPlain<T>(plan: RetryPlan<T>, fn: PolicyFunction<T>): Promise<T> {
  const scope = CallScope.enter()
  const startedAt = plan.clock.now()
  plan.budget?.deposit()
  return raceAbort(scope, fn).then(undefined, (error: unknown) =>
    new RetryRun({ plan, fn, scope, startedAt }).goOnAfter(error),
  )
}

function runIn<T>(scope: CallScope, plan: RetryPlan<T>, fn: PolicyFunction<T>): Promise<T> {
  const call = { plan, fn, scope, startedAt: plan.clock.now() }
  const { deadline } = scope
  if (scope.aborted) return Promise.reject(scope.reason)
  if (deadline?.isExpired === true) {
    return Promise.reject(new RetryRun(call).giveUp('deadline', 0, new TimeoutError(deadline.budgetMs, 'deadline')))
  }
  plan.budget?.deposit()
  if (!plan.isPlain) return new RetryRun(call).attemptFrom(1)
  return attemptOnce(call, 1).then(undefined, (error: unknown) => new RetryRun(call).goOnAfter(error))
}

/** One execution of a retry. */
interface RetryCall<T> {
  readonly plan: RetryPlan<T>
  readonly fn: PolicyFunction<T>
  readonly scope: CallScope
  readonly startedAt: number
}

function attemptOnce<T>({ plan, fn, scope }: RetryCall<T>, attempt: number): Promise<T> {
  const { attemptTimeoutMs: timeoutMs, clock, onEvent } = plan
  if (timeoutMs !== Infinity || (scope.deadline !== undefined && !scope.isDeadlineKept)) {
    return callWithin({ timeoutMs, kind: 'attempt', what: 'attempt', attempt, clock, onEvent }, scope, fn)
  }
  // what nobody can abort needs no scope of its own
  if (!scope.isAbortable && scope.attempt === attempt) return raceAbort(scope, fn)
  const part = scope.child({ attempt, isPassive: true })
  return raceAbort(part, fn, part)
}

class RetryRun<T> {
  readonly #call: RetryCall<T>
  readonly #plan: RetryPlan<T>
  readonly #scope: CallScope
  readonly #errors: unknown[] = []
  #delays: Iterator<number> | undefined

  constructor(call: RetryCall<T>) {
    this.#call = call
    this.#plan = call.plan
    this.#scope = call.scope
  }

  async goOnAfter(error: unknown): Promise<T> {
    await this.#prepareNext(error, 1)
    return this.attemptFrom(2)
  }

  async attemptFrom(first: number): Promise<T> {
    const { retryIfResult, budget, limiter } = this.#plan
    for (let attempt = first; ; attempt++) {
      await this.#awaitTurn(attempt)
      // only the function's own failure is one to retry: what `retryIfResult` throws ends the retry
      const outcome = await attemptOnce(this.#call, attempt).then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      )
      if ('error' in outcome) {
        await this.#prepareNext(outcome.error, attempt)
      } else if (retryIfResult?.(outcome.result) === true) {
        await this.#prepareNext(new ResultRefusedError(outcome.result, attempt), attempt)
      } else {
        if (attempt > 1) budget?.refund?.()
        limiter?.onSuccess?.()
        return outcome.result
      }
    }
  }

  giveUp(limit: RetryLimit, attempts: number, error: unknown): RetryExhaustedError {
    const elapsedMs = this.#elapsedMs()
    this.#keep(error)
    if (exhausted.isObserved(this.#plan)) exhausted.publish({ attempts, elapsedMs, limit, error }, this.#plan)
    return new RetryExhaustedError({ attempts, elapsedMs, errors: this.#errors, limit })
  }

  /** Waits until the limiter admits an attempt. */
  async #awaitTurn(attempt: number): Promise<void> {
    const { limiter, clock, maxElapsedMs } = this.#plan
    if (limiter === undefined || limiter.tryAcquire()) return
    const timeoutMs = Math.max(0, maxElapsedMs - this.#elapsedMs())
    const what = 'waiting for the limiter'
    try {
      await callWithin({ timeoutMs, kind: 'total', what, clock }, this.#scope, ({ signal }) =>
        limiter.acquire(1, { signal }),
      )
    } catch (error) {
      this.#throwIfAborted()
      throw this.giveUp(limitOf(error), attempt - 1, error)
    }
    // the turn may come in the very moment in which there is no time left for it
    const { deadline } = this.#scope
    if (deadline?.isExpired !== true) return
    throw this.giveUp('deadline', attempt - 1, new TimeoutError(deadline.budgetMs, 'deadline'))
  }

  /** Decides on another attempt and waits for its time; throws when there is to be none. */
  async #prepareNext(error: unknown, attempt: number): Promise<void> {
    const { retryIf, maxAttempts, budget, limiter, onRetry, clock, ref } = this.#plan
    this.#throwIfAborted()
    const failed = { attempt, elapsedMs: this.#elapsedMs() }
    limiter?.onFailure?.(error)
    const isWorthwhile = retryIf === undefined || (await raceAbort(this.#scope, () => retryIf(error, failed)))
    this.#throwIfAborted()
    if (!isWorthwhile) throw error
    if (attempt >= maxAttempts) throw this.giveUp('attempts', attempt, error)
    const delayMs = this.#delayAfter(error, attempt)
    this.#throwIfAborted()
    if (budget?.tryWithdraw(error) === false) throw this.giveUp('budget', attempt, error)
    this.#keep(error)
    const next = { ...failed, error, delayMs }
    if (onRetry !== undefined) callSafely('onRetry', () => onRetry(next))
    if (scheduled.isObserved(this.#plan)) scheduled.publish({ ...next }, this.#plan)
    await this.#scope.wait(clock, delayMs, { ref })
  }

  /** A wait after which there would be no time left is not begun. */
  #delayAfter(error: unknown, attempt: number): number {
    const { backoff, random, maxElapsedMs, retryAfterMs, maxRetryAfterMs } = this.#plan
    this.#delays ??= backoff.delays(random)
    const next = this.#delays.next()
    if (next.done === true) throw this.giveUp('backoff', attempt, error)
    const askedMs = retryAfterMs?.(error)
    const isAsked = typeof askedMs === 'number' && askedMs >= 0
    const delayMs = isAsked ? Math.min(askedMs, maxRetryAfterMs) : next.value
    if (this.#elapsedMs() + delayMs > maxElapsedMs) throw this.giveUp('elapsed', attempt, error)
    const remainingMs = this.#scope.deadline?.remaining() ?? Infinity
    if (delayMs >= remainingMs) throw this.giveUp('deadline', attempt, error)
    return delayMs
  }

  #keep(error: unknown): void {
    if (this.#errors.push(error) > KEPT_ERRORS) this.#errors.shift()
  }

  #throwIfAborted(): void {
    if (this.#scope.aborted) throw this.#scope.reason
  }

  #elapsedMs(): number {
    return this.#plan.clock.now() - this.#call.startedAt
  }
}

/** Which bound ended the wait for a limiter. */
function limitOf(error: unknown): RetryLimit {
  if (!(error instanceof TimeoutError)) return 'limiter'
  return error.kind === 'deadline' ? 'deadline' : 'elapsed'
}
