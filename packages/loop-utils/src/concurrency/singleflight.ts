import { checkCount, checkFunction, checkSignal } from '../errors/option-checks.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import type { PolicyFunction } from '../policy/policy.ts'
import { raceAbort } from '../policy/race.ts'
import { disposedError } from './disposed-error.ts'
import { openScope, type OwnScope } from './policy-scope.ts'
import { Waiter, WaiterQueue } from './waiter-queue.ts'
import { checkMaxWaiting, checkRoom, type WaitingBound } from './waiting-bound.ts'

export interface SingleflightOptions extends WaitingBound {
  /** How many keys may be in flight at once; a further one is refused with a QueueOverflowError. Default 65 536. */
  readonly maxKeys?: number
}

/** What a singleflight did so far. */
export interface SingleflightStats {
  /** Functions whose result somebody waits for, those of forgotten keys included. */
  readonly flights: number
  /** How many wait for a result. */
  readonly waiting: number
  /** Functions that were called. */
  readonly called: number
  /** Calls that joined one that was on its way. */
  readonly joined: number
  /** Calls that were refused: for lack of room, or since it is disposed of. */
  readonly refused: number
}

/** One call that is on its way, and those who wait for it. */
interface Flight<T> {
  readonly own: OwnScope
  readonly callers: WaiterQueue<Waiter<T>>
}

/**
 * Merges calls for the same key that are made at the same time into one. Nothing is kept once it has settled.
 *
 * @example
 * const flights = new Singleflight<string, Profile>()
 * const profile = await flights.run(id, (context) => load(id, { signal: context.signal }), { signal })
 */
export class Singleflight<K, T> implements Disposable {
  readonly #maxKeys: number
  readonly #maxWaiting: number
  readonly #flights = new Map<K, Flight<T>>()
  /** Those and the forgotten ones, until they land. */
  readonly #underWay = new Set<Flight<T>>()
  #called = 0
  #joined = 0
  #refused = 0
  #isDisposed = false

  /** @throws OptionError when an option is out of range */
  constructor(options: SingleflightOptions = {}) {
    this.#maxKeys = checkCount('maxKeys', options.maxKeys ?? 65_536)
    this.#maxWaiting = checkMaxWaiting(options.maxWaiting)
  }

  /** How many keys are in flight. */
  get size(): number {
    return this.#flights.size
  }

  /** How many wait for `key`. */
  waiting(key: K): number {
    return this.#flights.get(key)?.callers.size ?? 0
  }

  /**
   * Joins the call for `key` that is on its way, or calls `fn`. All who joined get its result or its error.
   *
   * An abort rejects at once with `signal.reason` and leaves the others alone; the abort of the last one aborts the
   * signal of `fn`, too, with the same reason, and the next caller begins anew. Rejects with a QueueOverflowError when
   * too many keys are in flight or too many wait for this one, and with a CancelledError once it is disposed of.
   */
  async run(key: K, fn: PolicyFunction<T>, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<T> {
    checkFunction('fn', fn)
    const abort = checkSignal('signal', options.signal)
    abort?.throwIfAborted()
    const known = this.#flights.get(key)
    const flight = this.#admitted(key, known)
    const result = Waiter.in(flight.callers, undefined, {
      abort,
      onGiveUp: () => this.#afterGiveUp(key, flight, abort),
    })
    if (known === undefined) this.#start(key, flight, fn)
    else this.#joined++
    return result
  }

  /** Lets the next caller for `key` begin anew; those who wait still get their result. Returns whether there was one. */
  forget(key: K): boolean {
    return this.#flights.delete(key)
  }

  stats(): SingleflightStats {
    let waiting = 0
    for (const { callers } of this.#underWay) waiting += callers.size
    const counts = { called: this.#called, joined: this.#joined, refused: this.#refused }
    return { flights: this.#underWay.size, waiting, ...counts }
  }

  /** Aborts all functions that are on their way; who waits for them, or asks from now on, gets a CancelledError. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    const reason = disposedError('singleflight')
    // the functions' promises reject with the reason, and so do those of who waits
    for (const { own } of this.#underWay) own.scope.abort(reason)
  }

  /** The flight that a call may join or begin. */
  #admitted(key: K, known: Flight<T> | undefined): Flight<T> {
    try {
      if (this.#isDisposed) throw disposedError('singleflight')
      const callers = known?.callers ?? new WaiterQueue()
      checkRoom(callers, this.#maxWaiting, 'callers of one flight')
      return known ?? this.#open(key, callers)
    } catch (error) {
      this.#refused++
      throw error
    }
  }

  #open(key: K, callers: Flight<T>['callers']): Flight<T> {
    if (this.#flights.size >= this.#maxKeys) {
      throw new QueueOverflowError({ queue: 'keys in flight', capacity: this.#maxKeys })
    }
    const flight: Flight<T> = { own: openScope(), callers }
    this.#flights.set(key, flight)
    this.#underWay.add(flight)
    return flight
  }

  #start(key: K, flight: Flight<T>, fn: PolicyFunction<T>): void {
    this.#called++
    raceAbort(flight.own.scope, fn).then(
      (value) => this.#land(key, flight, (caller) => caller.resolve(value)),
      (error: unknown) => this.#land(key, flight, (caller) => caller.reject(error)),
    )
  }

  #land(key: K, flight: Flight<T>, tell: (caller: Waiter<T>) => void): void {
    this.#close(key, flight)
    for (const caller of flight.callers) tell(caller)
  }

  #afterGiveUp(key: K, flight: Flight<T>, abort: AbortSignal | undefined): void {
    if (flight.callers.size > 0) return
    flight.own.scope.abort(abort?.reason)
    this.#close(key, flight)
  }

  #close(key: K, flight: Flight<T>): void {
    flight.own.close()
    this.#underWay.delete(flight)
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
  }
}
