import type { Clock, Timer } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkClock, checkFunction, checkSignal } from '../errors/option-checks.ts'
import { callSafely, warnOfStrayError } from '../observe/stray-error.ts'
import { isThenable } from '../policy/race.ts'
import { onAbort } from './waiter-queue.ts'

export interface PacedOptions {
  /** Its abort drops a call that is put off, and makes later calls do nothing. */
  readonly signal?: AbortSignal | undefined
  /** Takes what the function throws or rejects with. Default: a warning of the process. */
  readonly onError?: (error: unknown) => void
  /** Default: the system's. */
  readonly clock?: Clock
}

/** A function that is called less often than it is asked for. A timer runs only while a call is put off. */
export interface Paced<A extends readonly unknown[]> extends Disposable {
  (...args: A): void
  /** Drops the call that is put off, as disposing of it does. */
  cancel(): void
  /** Makes the call that is put off now. */
  flush(): void
  /** Whether a call is put off. */
  isPending(): boolean
}

/** Decides when a call is made. Times are milliseconds of a monotonic clock. */
export interface Pace {
  /** A call is asked for. Whether to make it now, later, or not at all. */
  arrive(nowMs: number, isPending: boolean): 'now' | 'later' | 'never'
  /** When the call that is put off is due, as things stand. */
  dueAt(): number
  /** The function is called. */
  called(nowMs: number): void
}

/** Calls a function at a pace. */
export class PacedCall<A extends readonly unknown[]> {
  readonly #fn: (...args: A) => unknown
  readonly #pace: Pace
  readonly #clock: Clock
  readonly #signal: AbortSignal | undefined
  readonly #onError: ((error: unknown) => void) | undefined
  #pending: A | undefined
  #timer: Timer | undefined
  #forget: (() => void) | undefined

  constructor(fn: (...args: A) => unknown, pace: Pace, options: PacedOptions) {
    this.#fn = checkFunction('fn', fn)
    this.#pace = pace
    this.#clock = checkClock(options.clock ?? systemClock)
    this.#signal = checkSignal('signal', options.signal)
    this.#onError = options.onError && checkFunction('onError', options.onError)
  }

  toFunction(): Paced<A> {
    const cancel = (): void => void this.#take()
    return Object.assign((...args: A): void => this.#arrive(args), {
      cancel,
      flush: (): void => this.#flush(),
      isPending: (): boolean => this.#pending !== undefined,
      [Symbol.dispose]: cancel,
    })
  }

  #arrive(args: A): void {
    if (this.#signal?.aborted === true) return
    const isPending = this.#pending !== undefined
    const when = this.#pace.arrive(this.#clock.now(), isPending)
    if (when === 'now') this.#call(args)
    if (when !== 'later') return
    this.#pending = args
    if (isPending) return
    if (this.#signal !== undefined) this.#forget = onAbort(this.#signal, () => void this.#take())
    this.#wait()
  }

  /** Never makes the call at once, be it for no time: that would not merge a series, nor end one that calls itself. */
  #wait(): void {
    this.#timer = this.#clock.setTimer(() => this.#reach(), this.#pace.dueAt() - this.#clock.now())
  }

  /** A due time that moved on while the timer ran only sets it again. */
  #reach(): void {
    if (this.#pace.dueAt() > this.#clock.now()) this.#wait()
    else this.#flush()
  }

  #flush(): void {
    const args = this.#take()
    if (args !== undefined) this.#call(args)
  }

  /** Ends the wait and returns the arguments of the call that was put off. */
  #take(): A | undefined {
    const args = this.#pending
    this.#pending = undefined
    this.#timer?.[Symbol.dispose]()
    this.#forget?.()
    this.#timer = undefined
    this.#forget = undefined
    return args
  }

  #call(args: A): void {
    this.#pace.called(this.#clock.now())
    try {
      const outcome = this.#fn(...args)
      if (isThenable(outcome)) outcome.then(undefined, (error: unknown) => this.#report(error))
    } catch (error) {
      this.#report(error)
    }
  }

  #report(error: unknown): void {
    const onError = this.#onError
    if (onError === undefined) warnOfStrayError(error, 'paced function')
    else callSafely('onError', () => onError(error))
  }
}
