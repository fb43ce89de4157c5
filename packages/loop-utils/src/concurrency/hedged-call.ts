import type { Clock, Timer } from '../clock/clock.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import { callSafely } from '../observe/stray-error.ts'
import type { CallScope } from '../policy/call-scope.ts'
import { isObedience } from '../policy/obedience.ts'
import type { PolicyFunction } from '../policy/policy.ts'
import { isThenable, raceAbort } from '../policy/race.ts'
import type { RetryBudget } from '../rate/retry-budget.ts'
import type { LateOutcome } from '../timeout/late-outcome.ts'
import { CancelledError } from './cancelled-error.ts'
import type { LatencyWindow } from './latency-window.ts'

const launched = new ObservationPoint('x:loop-utils:hedge:launch')

/** Checked options of a hedge with their defaults. */
export interface HedgePlan {
  readonly afterMs: number
  readonly percentile: number | undefined
  readonly minSamples: number
  readonly latencies: LatencyWindow
  readonly max: number
  readonly budget: RetryBudget | undefined
  readonly onLate: ((late: LateOutcome) => void) | undefined
  readonly clock: Clock
  readonly observer: Observer
}

/** One execution of a hedge. */
export class HedgedCall<T> {
  readonly #plan: HedgePlan
  readonly #scope: CallScope
  readonly #fn: PolicyFunction<T>
  readonly #attempts = new Set<CallScope>()
  readonly #errors: unknown[] = []
  readonly #delayMs: number
  readonly #startedAt: number
  #launched = 0
  #timer: Timer | undefined
  #settlers: { readonly resolve: (value: T) => void; readonly reject: (error: unknown) => void } | undefined

  constructor(plan: HedgePlan, scope: CallScope, fn: PolicyFunction<T>) {
    this.#plan = plan
    this.#scope = scope
    this.#fn = fn
    this.#delayMs = delayOf(plan)
    this.#startedAt = plan.clock.now()
  }

  run(): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const forget = this.#scope.onAbort(() => this.#end(() => reject(this.#scope.reason)))
      this.#settlers = {
        resolve: (value) => {
          forget()
          resolve(value)
        },
        reject: (error) => {
          forget()
          reject(error)
        },
      }
      this.#plan.budget?.deposit()
      this.#launch()
    })
  }

  #launch(): void {
    const scope = this.#scope.child({ attempt: ++this.#launched })
    this.#attempts.add(scope)
    this.#arm()
    raceAbort(scope, this.#plan.onLate === undefined ? this.#fn : this.#watched(scope)).then(
      (value) => this.#succeed(scope, value),
      (error: unknown) => this.#fail(scope, error),
    )
  }

  /** The function, of which is told how it ended when nobody waits for it any more. */
  #watched(scope: CallScope): PolicyFunction<T> {
    return (context) => {
      const outcome = this.#fn(context)
      if (!isThenable(outcome)) return outcome
      // a promise, as some do their work at each call of their `then`
      const result = Promise.resolve(outcome)
      result.then(
        (value) => this.#tellLate(scope, { status: 'fulfilled', value }),
        (reason: unknown) => this.#tellLate(scope, { status: 'rejected', reason }),
      )
      return result
    }
  }

  #tellLate(scope: CallScope, late: LateOutcome): void {
    const isNews = late.status === 'fulfilled' || !isObedience(late.reason, scope.reason)
    if (!this.#attempts.has(scope) && isNews) callSafely('onLate', () => this.#plan.onLate?.(late))
  }

  /** The next attempt is due when this one has gone unanswered for long enough. */
  #arm(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    if (this.#launched >= this.#plan.max || this.#delayMs === Infinity) return
    this.#timer = this.#plan.clock.setTimer(() => void this.#relaunch(undefined), this.#delayMs)
  }

  /** Makes another attempt if there may be one. */
  #relaunch(error: unknown): boolean {
    const { max, budget, observer } = this.#plan
    if (this.#launched >= max || budget?.tryWithdraw(error) === false) return false
    if (launched.isObserved(observer)) launched.publish({ attempt: this.#launched + 1, error }, observer)
    // who was told may have aborted the call
    if (this.#scope.aborted) return false
    this.#launch()
    return true
  }

  #succeed(scope: CallScope, value: T): void {
    if (!this.#attempts.delete(scope)) return
    scope.close()
    this.#end(() => this.#settlers?.resolve(value))
    // from the first attempt on: the winner's own time would hide the slow ones, and the percentile would sink
    const { latencies, clock } = this.#plan
    callSafely('latencies.record', () => latencies.record(Math.max(0, clock.now() - this.#startedAt)))
  }

  #fail(scope: CallScope, error: unknown): void {
    if (!this.#attempts.delete(scope)) return
    scope.close()
    this.#errors.push(error)
    if (this.#relaunch(error) || this.#attempts.size > 0) return
    this.#end(() => this.#settlers?.reject(this.#failure()))
  }

  #failure(): unknown {
    const [first] = this.#errors
    if (this.#errors.length === 1) return first
    return new AggregateError(this.#errors, `all ${this.#errors.length} attempts failed`, { cause: first })
  }

  #end(settle: () => void): void {
    this.#timer?.[Symbol.dispose]()
    const losers = [...this.#attempts]
    this.#attempts.clear()
    settle()
    const reason = this.#scope.aborted ? this.#scope.reason : new CancelledError('another attempt answered first')
    for (const loser of losers) loser.abort(reason)
  }
}

function delayOf({ afterMs, percentile, minSamples, latencies }: HedgePlan): number {
  if (percentile === undefined || latencies.size < minSamples) return afterMs
  return latencies.percentile(percentile) ?? afterMs
}
