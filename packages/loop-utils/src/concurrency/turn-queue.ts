import { checkSignal } from '../errors/option-checks.ts'
import { disposedError } from './disposed-error.ts'
import { HeldPermit } from './held-permit.ts'
import { runHolding } from './run-holding.ts'
import { rejectAll, Waiter, WaiterQueue } from './waiter-queue.ts'
import { checkMaxWaiting, checkRoom } from './waiting-bound.ts'

/** What became of those who asked for a turn: each was granted or refused one, gave up, or waits. */
export interface TurnStats {
  /** How many wait. */
  readonly waiting: number
  /** Turns that were granted. */
  readonly acquired: number
  /** Who was sent away at once: for want of a turn that is free now, for want of room to wait, or after the disposal. */
  readonly refused: number
  /** Who waited in vain: until an abort, a rejection of all who wait, or the disposal. */
  readonly abandoned: number
}

/** How to wait for a turn. */
export interface WaitForTurnOptions {
  /** Its abort ends the wait at once with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/** Says who may come in, and keeps the books of who is inside. `P` is what one asks for. */
export interface TurnGate<P> {
  admits(asked: P): boolean
  enter(asked: P): void
  leave(asked: P): void
}

/** Those who wait at a gate, strictly first come first served: nobody overtakes one who waits. */
export class TurnQueue<P> {
  readonly name: string
  readonly #maxWaiting: number
  readonly #gate: TurnGate<P>
  readonly #queue = new WaiterQueue<Waiter<HeldPermit, P>>()
  #isDisposed = false
  #acquired = 0
  #refused = 0
  /** How many began to wait, and how many of those were served. */
  #waited = 0
  #served = 0

  /** @throws OptionError when `maxWaiting` is no count */
  constructor(name: string, maxWaiting: number | undefined, gate: TurnGate<P>) {
    this.name = name
    this.#maxWaiting = checkMaxWaiting(maxWaiting)
    this.#gate = gate
  }

  get waiting(): number {
    return this.#queue.size
  }

  tryAcquire(asked: P): HeldPermit | undefined {
    const permit = this.#take(asked)
    if (permit === undefined) this.#refused++
    return permit
  }

  acquire(asked: P, options: WaitForTurnOptions = {}): Promise<HeldPermit> {
    try {
      const abort = checkSignal('signal', options.signal)
      abort?.throwIfAborted()
      const permit = this.#take(asked)
      if (permit !== undefined) return Promise.resolve(permit)
      this.#checkWait()
      this.#waited++
      return Waiter.in(this.#queue, asked, { abort, onGiveUp: () => this.serve() })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  run<T>(asked: P, fn: () => T | PromiseLike<T>, options?: WaitForTurnOptions): Promise<T> {
    return runHolding(() => this.acquire(asked, options), fn, options)
  }

  /** Lets those in whose turn it is; the first who is not admitted ends it. */
  serve(): void {
    for (;;) {
      const { first } = this.#queue
      if (first === undefined || !this.#gate.admits(first.payload)) return
      this.#served++
      first.resolve(this.#enter(first.payload))
    }
  }

  /** Rejects those who wait for something that `faultOf` has an error for. */
  rejectFaulty(faultOf: (asked: P) => Error | undefined): void {
    for (const waiter of this.#queue) {
      const fault = faultOf(waiter.payload)
      if (fault !== undefined) waiter.reject(fault)
    }
  }

  rejectWaiting(reason: unknown): number {
    return rejectAll(this.#queue, reason)
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.rejectWaiting(disposedError(this.name))
  }

  stats(): TurnStats {
    const { waiting } = this
    const abandoned = this.#waited - this.#served - waiting
    return { waiting, acquired: this.#acquired, refused: this.#refused, abandoned }
  }

  #take(asked: P): HeldPermit | undefined {
    const isFree = !this.#isDisposed && this.#queue.size === 0 && this.#gate.admits(asked)
    return isFree ? this.#enter(asked) : undefined
  }

  #enter(asked: P): HeldPermit {
    this.#acquired++
    this.#gate.enter(asked)
    return new HeldPermit(() => {
      this.#gate.leave(asked)
      this.serve()
    })
  }

  #checkWait(): void {
    try {
      if (this.#isDisposed) throw disposedError(this.name)
      checkRoom(this.#queue, this.#maxWaiting, `queue of ${this.name}`)
    } catch (error) {
      this.#refused++
      throw error
    }
  }
}
