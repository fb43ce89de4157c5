import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import {
  checkClock,
  checkFunction,
  checkInteger,
  checkObject,
  checkOnEvent,
  checkOneOf,
} from '../errors/option-checks.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import type { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, Policy, PolicyFunction } from '../policy/policy.ts'
import { isOverloadError, saysOverload } from '../rate/overload-error.ts'
import { AimdLimit, type AimdOptions } from './aimd-limit.ts'
import { disposedError } from './disposed-error.ts'
import { GradientLimit, type GradientOptions } from './gradient-limit.ts'
import type { LimitAlgorithm, LimitSample } from './limit-algorithm.ts'
import { LimitPermit } from './limit-permit.ts'
import { inScope, runTracked, type Ending } from './policy-scope.ts'
import { rejectAll, Waiter, WaiterQueue } from './waiter-queue.ts'
import { checkMaxWaiting, checkRoom, type WaitingBound } from './waiting-bound.ts'

const changed = new ObservationPoint('x:loop-utils:concurrency-limit:change')

export interface AdaptiveConcurrencyOptions extends Observer, WaitingBound {
  /**
   * `'gradient'` (default) goes by latency and notices a queue at the peer before anything fails; `'aimd'` goes by
   * overload errors.
   */
  readonly algorithm?: 'gradient' | 'aimd'
  /** Default 1. */
  readonly min?: number
  /** Default 1000. */
  readonly max?: number
  /** Where the limit begins. Default 20, within `min` and `max`. */
  readonly initial?: number
  readonly gradient?: GradientOptions
  readonly aimd?: AimdOptions
  /** Which errors mean that there is too much at once; other errors teach nothing. Default {@link isOverloadError}. */
  readonly isOverload?: (error: unknown) => boolean
  /** Names it in errors and events. Default `'adaptive concurrency'`. */
  readonly name?: string
  /** Default: the system's. */
  readonly clock?: Clock
}

/** What an adaptive limit did so far. */
export interface AdaptiveConcurrencyStats {
  readonly limit: number
  readonly running: number
  readonly waiting: number
  /** Calls that ended well. */
  readonly succeeded: number
  /** Calls that met an overload. */
  readonly overloaded: number
}

/**
 * Lets as many functions run at a time as the peer bears, which it finds out by how they go. Strictly first come first
 * served; a slot is taken until the function has really ended, even if its caller gave up.
 */
export class AdaptiveConcurrency implements Policy, Disposable {
  readonly name: string
  readonly #algorithm: LimitAlgorithm
  readonly #maxWaiting: number
  readonly #isOverload: (error: unknown) => boolean
  readonly #clock: Clock
  readonly #observer: Observer
  readonly #queue = new WaiterQueue<Waiter<void>>()
  #running = 0
  #begun = 0
  #succeeded = 0
  #overloaded = 0
  #isDisposed = false

  /** @throws OptionError when an option is out of range */
  constructor(options: AdaptiveConcurrencyOptions = {}) {
    this.name = checkObject(options).name ?? 'adaptive concurrency'
    checkOnEvent(options.onEvent)
    this.#algorithm = algorithmOf(options)
    this.#maxWaiting = checkMaxWaiting(options.maxWaiting)
    this.#isOverload = checkFunction('isOverload', options.isOverload ?? isOverloadError)
    this.#clock = checkClock(options.clock ?? systemClock)
    this.#observer = options
  }

  /** How many may run now. */
  get limit(): number {
    return Math.floor(this.#algorithm.limit)
  }

  /** How many run, those that nobody waits for any more included. */
  get running(): number {
    return this.#running
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.size
  }

  /**
   * Waits for a slot and calls `fn`. Rejects with `signal.reason` at once after an abort, with a QueueOverflowError when
   * too many wait already, and with a CancelledError once it is disposed of.
   */
  async execute<T>(fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
    checkFunction('fn', fn)
    return inScope(options, this.#clock, async (scope) => {
      await this.#enter(scope)
      const permit = this.#permit()
      return runTracked(scope, fn, { onEnd: (ending) => this.#settle(permit, ending, scope) })
    })
  }

  /** Takes a slot now, for work that is not one function; undefined when there is none, others wait, or it is disposed of. */
  tryAcquire(): LimitPermit | undefined {
    if (!this.#isFree()) return undefined
    this.#running++
    return this.#permit()
  }

  stats(): AdaptiveConcurrencyStats {
    const counts = { succeeded: this.#succeeded, overloaded: this.#overloaded }
    return { limit: this.limit, running: this.#running, waiting: this.waiting, ...counts }
  }

  /** Rejects all who wait, as on shutdown; returns how many there were. Functions that run are not disturbed. */
  rejectWaiting(reason: unknown): number {
    return rejectAll(this.#queue, reason)
  }

  /** Rejects all who wait, and all from now on, with a CancelledError. Functions that run are not disturbed. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.rejectWaiting(disposedError(this.name))
  }

  #isFree(): boolean {
    return !this.#isDisposed && this.#queue.size === 0 && this.#running < this.limit
  }

  async #enter(scope: CallScope): Promise<void> {
    if (this.#isFree()) {
      this.#running++
      return
    }
    if (this.#isDisposed) throw disposedError(this.name)
    checkRoom(this.#queue, this.#maxWaiting, `queue of ${this.name}`)
    await Waiter.in(this.#queue, undefined, { abort: scope })
  }

  #permit(): LimitPermit {
    const startedAt = this.#clock.now()
    const inFlight = this.#running
    const serial = ++this.#begun
    return new LimitPermit((outcome) => {
      const inFlightAtEnd = this.#running--
      const latencyMs = this.#clock.now() - startedAt
      const call = { latencyMs, inFlight, inFlightAtEnd, serial, begun: this.#begun }
      if (outcome !== 'unknown') this.#learn(outcome, call)
      this.#serve()
    })
  }

  #settle(permit: LimitPermit, ending: Ending, scope: CallScope): void {
    if (ending === undefined && !scope.aborted) permit.succeed()
    else if (ending !== undefined && this.#meansOverload(ending.error, scope)) permit.overload()
    else permit.release()
  }

  /** A call that was given up because time was up says as much as one that timed out by itself. */
  #meansOverload(error: unknown, scope: CallScope): boolean {
    return saysOverload(this.#isOverload, scope.aborted ? scope.reason : error)
  }

  #learn(outcome: 'success' | 'overload', call: Omit<LimitSample, 'isOverload'>): void {
    const before = this.limit
    if (outcome === 'success') this.#succeeded++
    else this.#overloaded++
    this.#algorithm.learn({ ...call, isOverload: outcome === 'overload' })
    const { limit } = this
    if (limit !== before && changed.isObserved(this.#observer)) {
      changed.publish({ name: this.name, limit, before, running: this.#running }, this.#observer)
    }
  }

  #serve(): void {
    for (;;) {
      const { first } = this.#queue
      if (first === undefined || this.#running >= this.limit) return
      this.#running++
      first.resolve()
    }
  }
}

/**
 * A policy that lets as many functions run at a time as their peer bears.
 *
 * @throws OptionError when an option is out of range
 * @example
 * const limited = adaptiveConcurrency({ max: 200 })
 * await limited.execute((context) => query(sql, { signal: context.signal }))
 */
export function adaptiveConcurrency(options?: AdaptiveConcurrencyOptions): AdaptiveConcurrency {
  return new AdaptiveConcurrency(options)
}

function algorithmOf(options: AdaptiveConcurrencyOptions): LimitAlgorithm {
  const min = checkInteger('min', options.min ?? 1, { min: 1 })
  const max = checkInteger('max', options.max ?? Math.max(1000, min), { min })
  const initial = checkInteger('initial', options.initial ?? Math.min(max, Math.max(min, 20)), { min, max })
  const algorithm = checkOneOf('algorithm', options.algorithm ?? 'gradient', ['gradient', 'aimd'])
  const bounds = { min, max, initial }
  return algorithm === 'aimd' ? new AimdLimit(bounds, options.aimd) : new GradientLimit(bounds, options.gradient)
}
