import type { Timer } from '../clock/clock.ts'
import { ResultRefusedError } from '../errors/result-refused-error.ts'
import { RetryExhaustedError, type RetryLimit } from '../errors/retry-exhausted-error.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import { checkAnswer } from '../observe/predicate-answer.ts'
import { callSafely } from '../observe/stray-error.ts'
import { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, PolicyFunction } from '../policy/policy.ts'
import { raceAbort } from '../policy/race.ts'
import type { Deadline } from '../timeout/deadline.ts'
import { callWithin } from '../timeout/timed-call.ts'
import type { RetryPlan } from './retry-options.ts'

/** A retry that may go on for ever keeps this many errors. */
const KEPT_ERRORS = 16

const scheduled = new ObservationPoint('x:loop-utils:retry:schedule')
const exhausted = new ObservationPoint('x:loop-utils:retry:give-up')

/** One execution of a retry, from entering its scope to closing it. */
export function runRetry<T>(plan: RetryPlan<T>, fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
  return CallScope.run(options, (scope) => begin({ plan, fn, scope, startedAt: plan.clock.now() }))
}

/** What an execution begins with. */
interface RetryCall<T> {
  readonly plan: RetryPlan<T>
  readonly fn: PolicyFunction<T>
  readonly scope: CallScope
  readonly startedAt: number
}

/** When nothing is to be done before the first attempt or after its success, it costs one promise more than `fn` itself. */
function begin<T>(call: RetryCall<T>): Promise<T> {
  const { scope, plan } = call
  const { budget, limiter, retryIfResult } = plan
  const { deadline } = scope
  if (scope.aborted) return Promise.reject(scope.reason)
  if (deadline?.isExpired === true) return Promise.reject(new RetryRun(call).outOfTime(deadline, 0))
  budget?.deposit()
  if (limiter !== undefined || retryIfResult !== undefined) return new RetryRun(call).attemptFrom(1)
  return attemptOnce(call, 1).then(undefined, (error: unknown) => new RetryRun(call).goOnAfter(error))
}

function attemptOnce<T>({ plan, fn, scope }: RetryCall<T>, attempt: number): Promise<T> {
  const { attemptTimeoutMs: timeoutMs, clock, onEvent } = plan
  if (timeoutMs !== Infinity || (scope.deadline !== undefined && !scope.isDeadlineKept)) {
    return callWithin({ timeoutMs, kind: 'attempt', what: 'attempt', attempt, clock, onEvent }, scope, fn)
  }
  // what nobody can abort needs no scope of its own
  if (!scope.isAbortable && scope.attempt === attempt) return raceAbort(scope, fn)
  const part = scope.child({ attempt })
  return raceAbort(part, fn, part)
}

/** What a retry needs once it is more than the call of a function. */
class RetryRun<T> {
  readonly #call: RetryCall<T>
  readonly #errors: unknown[] = []
  #delays: Iterator<number> | undefined

  constructor(call: RetryCall<T>) {
    this.#call = call
  }

  async goOnAfter(error: unknown): Promise<T> {
    await this.#prepareNext(error, 1)
    return this.attemptFrom(2)
  }

  async attemptFrom(first: number): Promise<T> {
    const { retryIfResult, budget, limiter } = this.#call.plan
    for (let attempt = first; ; attempt++) {
      await this.#awaitTurn(attempt)
      let result: T
      try {
        result = await attemptOnce(this.#call, attempt)
      } catch (error) {
        await this.#prepareNext(error, attempt)
        continue
      }
      if (retryIfResult === undefined || !checkAnswer('retryIfResult', retryIfResult(result))) {
        if (attempt > 1) budget?.refund?.()
        limiter?.onSuccess?.()
        return result
      }
      await this.#prepareNext(new ResultRefusedError(result, attempt), attempt)
    }
  }

  outOfTime({ budgetMs }: Deadline, attempts: number): RetryExhaustedError {
    return this.#giveUp('deadline', attempts, new TimeoutError(budgetMs, 'deadline'))
  }

  #giveUp(limit: RetryLimit, attempts: number, error: unknown): RetryExhaustedError {
    const { plan } = this.#call
    const facts = { attempts, elapsedMs: this.#elapsedMs(), limit }
    this.#keep(error)
    if (exhausted.isObserved(plan)) exhausted.publish({ ...facts, error }, plan)
    return new RetryExhaustedError({ ...facts, errors: this.#errors })
  }

  /** Waits until the limiter admits an attempt. */
  async #awaitTurn(attempt: number): Promise<void> {
    const { scope, plan } = this.#call
    const { limiter, clock, maxElapsedMs } = plan
    if (limiter === undefined || limiter.tryAcquire()) return
    const timeoutMs = Math.max(0, maxElapsedMs - this.#elapsedMs())
    const limit = { timeoutMs, kind: 'total', what: 'waiting for the limiter', clock } as const
    try {
      await callWithin(limit, scope, ({ signal }) => limiter.acquire(1, { signal }))
    } catch (error) {
      this.#throwIfAborted()
      throw this.#giveUp(limitOf(error), attempt - 1, error)
    }
    // the turn may come in the very moment in which there is no time left for it
    if (this.#isOverdue) throw this.#giveUp('elapsed', attempt - 1, new TimeoutError(timeoutMs, 'total', limit))
    if (scope.deadline?.isExpired === true) throw this.outOfTime(scope.deadline, attempt - 1)
  }

  /** Decides on another attempt and waits for its time; throws when there is to be none. */
  async #prepareNext(error: unknown, attempt: number): Promise<void> {
    const { scope, plan } = this.#call
    const { maxAttempts, retryIf, limiter, onRetry, clock, ref } = plan
    this.#throwIfAborted()
    const failed = { attempt, elapsedMs: this.#elapsedMs() }
    limiter?.onFailure?.(error)
    const isWorthwhile = retryIf === undefined || (await raceAbort(scope, () => retryIf(error, failed)))
    this.#throwIfAborted()
    if (!isWorthwhile) throw error
    const delayMs = attempt < maxAttempts ? this.#delayAfter(error) : 'attempts'
    this.#throwIfAborted()
    if (typeof delayMs === 'string') throw this.#giveUp(delayMs, attempt, error)
    const next = { ...failed, error, delayMs }
    if (onRetry !== undefined) callSafely('onRetry', () => onRetry(next))
    if (scheduled.isObserved(plan)) scheduled.publish({ ...next }, plan)
    let timer: Timer | undefined
    const wait = (): Promise<void> =>
      new Promise((resolve) => {
        timer = clock.setTimer(resolve, delayMs, { ref })
      })
    await raceAbort(scope, wait, { close: () => timer?.[Symbol.dispose]() })
    if (this.#isOverdue) throw this.#giveUp('elapsed', attempt, error)
    this.#keep(error)
  }

  /** How long to wait for another attempt, or the bound that forbids it. A wait that leaves no time is not begun. */
  #delayAfter(error: unknown): number | RetryLimit {
    const { scope, plan } = this.#call
    const { maxElapsedMs, backoff, random, retryAfterMs, maxRetryAfterMs, budget } = plan
    this.#delays ??= backoff.delays(random)
    const next = this.#delays.next()
    if (next.done === true) return 'backoff'
    const askedMs = retryAfterMs?.(error)
    const isAsked = typeof askedMs === 'number' && askedMs >= 0
    const delayMs = isAsked ? Math.min(askedMs, maxRetryAfterMs) : next.value
    if (this.#elapsedMs() + delayMs > maxElapsedMs) return 'elapsed'
    if (scope.deadline !== undefined && delayMs >= scope.deadline.remaining()) return 'deadline'
    return scope.aborted || budget?.tryWithdraw(error) !== false ? delayMs : 'budget'
  }

  #keep(error: unknown): void {
    if (this.#errors.push(error) > KEPT_ERRORS) this.#errors.shift()
  }

  #throwIfAborted(): void {
    const { scope } = this.#call
    if (scope.aborted) throw scope.reason
  }

  /** Whether an attempt would begin too late: on a busy loop, timers and turns are late. */
  get #isOverdue(): boolean {
    return this.#elapsedMs() > this.#call.plan.maxElapsedMs
  }

  #elapsedMs(): number {
    return this.#call.plan.clock.now() - this.#call.startedAt
  }
}

/** Which bound ended the wait for a limiter. */
function limitOf(error: unknown): RetryLimit {
  if (!(error instanceof TimeoutError)) return 'limiter'
  return error.kind === 'deadline' ? 'deadline' : 'elapsed'
}
