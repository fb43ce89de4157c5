import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import {
  checkClock,
  checkCount,
  checkDuration,
  checkFunction,
  checkInteger,
  checkObject,
  checkOnEvent,
  checkOneOf,
} from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import type { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, Policy, PolicyFunction } from '../policy/policy.ts'
import type { LateOutcome } from '../timeout/late-outcome.ts'
import type { CallLimit } from '../timeout/limited-call.ts'
import { BulkheadFullError } from './bulkhead-full-error.ts'
import { disposedError } from './disposed-error.ts'
import { inScope, runTracked } from './policy-scope.ts'
import { PriorityQueue } from './priority-queue.ts'
import { Waiter, type WaiterQueue, type WaitLimit } from './waiter-queue.ts'

const refused = new ObservationPoint('x:loop-utils:bulkhead:refuse')

export interface BulkheadOptions extends Observer {
  /** How many functions run at a time. */
  readonly concurrent: number
  /** How many calls may wait for a slot; `Infinity` for no bound. Default 0: refuse when all slots are taken. */
  readonly queue?: number
  /** How long a call waits for a slot at most, in milliseconds. Default `Infinity`. */
  readonly maxWaitMs?: number
  /**
   * How long the result of a function is waited for once it runs, in milliseconds. Default `Infinity`. A function that
   * takes longer keeps its slot until it ends, which a timeout policy inside this one could not see to.
   */
  readonly timeoutMs?: number
  /**
   * Who goes first when a slot becomes free: the one who came first (`'fifo'`, default), who came last (`'lifo'`: under
   * lasting overload some calls are quick rather than all late), or who has the highest `priority`, and among those the
   * one who came first.
   */
  readonly order?: 'fifo' | 'lifo' | 'priority'
  /** Told how a function ended that nobody waited for any more once `timeoutMs` had passed. */
  readonly onLate?: (late: LateOutcome) => void
  /** Names it in errors and events. Default `'bulkhead'`. */
  readonly name?: string
  /** Default: the system's. */
  readonly clock?: Clock
}

export interface BulkheadExecuteOptions extends ExecuteOptions {
  /** From 0 to 9, higher ones first. Only with `order: 'priority'`. Default 0. */
  readonly priority?: number
}

/** What a bulkhead did so far. */
export interface BulkheadStats {
  readonly running: number
  readonly waiting: number
  /** Functions that were called. */
  readonly called: number
  /** Calls that were refused for lack of room, after waiting too long, or since it is disposed of. */
  readonly refused: number
}

/**
 * Lets at most `concurrent` functions run at a time, and a bounded number of calls wait. A slot is taken until the
 * function has really ended: one whose caller gave up, by abort, timeout or deadline, still counts while it runs on.
 *
 * @example
 * const bulkhead = new Bulkhead({ concurrent: 8, queue: 32, maxWaitMs: 2000 })
 * const reply = await bulkhead.execute((context) => ask(device, { signal: context.signal }))
 */
export class Bulkhead implements Policy, Disposable {
  readonly name: string
  readonly #concurrent: number
  readonly #capacity: number
  readonly #maxWaitMs: number
  readonly #limit: CallLimit | undefined
  readonly #order: 'fifo' | 'lifo' | 'priority'
  readonly #clock: Clock
  readonly #observer: Observer
  readonly #queue = new PriorityQueue<Waiter<void>>()
  #running = 0
  #called = 0
  #refused = 0
  #isDisposed = false

  /** @throws OptionError when an option is out of range */
  constructor(options: BulkheadOptions) {
    const { queue = 0, maxWaitMs = Infinity, order = 'fifo', clock = systemClock } = checkObject(options)
    this.name = options.name ?? 'bulkhead'
    this.#concurrent = checkInteger('concurrent', options.concurrent, { min: 1 })
    this.#capacity = checkCount('queue', queue, { min: 0 })
    this.#maxWaitMs = checkDuration('maxWaitMs', maxWaitMs, { infinite: true })
    this.#limit = limitOf(options, this.name)
    this.#order = checkOneOf('order', order, ['fifo', 'lifo', 'priority'])
    this.#clock = checkClock(clock)
    this.#observer = options
  }

  /** How many functions run, those that nobody waits for any more included. */
  get running(): number {
    return this.#running
  }

  /** How many calls wait for a slot. */
  get waiting(): number {
    return this.#queue.size
  }

  /**
   * Waits for a slot and calls `fn`.
   *
   * Rejects with a BulkheadFullError when there is no room to wait or no slot in time, with a TimeoutError of kind
   * `call` after `timeoutMs`, with `signal.reason` at once after an abort, and with a CancelledError once it is disposed
   * of; a call that waits is then never made.
   *
   * @throws OptionError as a rejection, when `priority` is out of range
   */
  execute<T>(fn: PolicyFunction<T>, options?: BulkheadExecuteOptions): Promise<T> {
    if (typeof fn !== 'function') return Promise.reject(new OptionError('fn', fn, 'a function'))
    return inScope(options, this.#clock, (scope) => {
      if (this.#isDisposed) return this.#refuseDisposed()
      const level = this.#queue.level(this.#order === 'priority' ? (options?.priority ?? 0) : 0)
      if (this.#running >= this.#concurrent) return this.#callLater(scope, fn, level)
      this.#running++
      return this.#call(scope, fn)
    })
  }

  stats(): BulkheadStats {
    return { running: this.#running, waiting: this.waiting, called: this.#called, refused: this.#refused }
  }

  /** Rejects all calls that wait, as on shutdown; returns how many there were. Functions that run are not disturbed. */
  rejectWaiting(reason: unknown): number {
    const count = this.waiting
    for (let left = count; left > 0; left--) this.#queue.first?.reject(reason)
    return count
  }

  /** Rejects all calls that wait, and all from now on, with a CancelledError. Functions that run are not disturbed. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.rejectWaiting(disposedError(this.name))
  }

  #refuseDisposed(): Promise<never> {
    this.#refused++
    return Promise.reject(disposedError(this.name))
  }

  /** Waits for a slot, which passes straight from one who leaves to one who waits, so that nobody slips in between. */
  async #callLater<T>(scope: CallScope, fn: PolicyFunction<T>, level: WaiterQueue<Waiter<void>>): Promise<T> {
    if (this.waiting >= this.#capacity || this.#maxWaitMs === 0) throw this.#refuse(0)
    await Waiter.in(level, undefined, { abort: scope, limit: this.#waitLimit(), isFirst: this.#order === 'lifo' })
    return this.#call(scope, fn)
  }

  /** Calls `fn` in a slot that was taken for it. */
  #call<T>(scope: CallScope, fn: PolicyFunction<T>): Promise<T> {
    if (!scope.aborted) this.#called++
    return runTracked(scope, fn, { limit: this.#limit, onEnd: this.#leave })
  }

  readonly #leave = (): void => {
    // nobody waits while there is room
    const first = this.#running < this.#concurrent ? undefined : this.#queue.first
    if (first === undefined) this.#running--
    else first.resolve()
  }

  #waitLimit(): WaitLimit | undefined {
    const ms = this.#maxWaitMs
    return ms === Infinity ? undefined : { clock: this.#clock, ms, toError: () => this.#refuse(ms) }
  }

  #refuse(waitedMs: number): BulkheadFullError {
    this.#refused++
    const facts = { bulkhead: this.name, running: this.#running, waiting: this.waiting, waitedMs }
    if (refused.isObserved(this.#observer)) refused.publish({ ...facts }, this.#observer)
    return new BulkheadFullError(facts)
  }
}

/** How long results are waited for; undefined for as long as they take. */
function limitOf(
  { timeoutMs = Infinity, onLate, onEvent, clock = systemClock }: BulkheadOptions,
  what: string,
): CallLimit | undefined {
  checkDuration('timeoutMs', timeoutMs, { infinite: true })
  if (onLate !== undefined) checkFunction('onLate', onLate)
  checkOnEvent(onEvent)
  if (timeoutMs === Infinity) return undefined
  return { timeoutMs, kind: 'call', what, graceMs: 0, clock, ...(onLate && { onLate }), ...(onEvent && { onEvent }) }
}
