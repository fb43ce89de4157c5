import type { Clock, Timer } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkDuration } from '../errors/option-checks.ts'
import { TimeoutError } from '../errors/timeout-error.ts'

/** A deadline on its way to another thread, whose clock may differ. */
export interface PlainDeadline {
  readonly remainingMs: number
}

/**
 * A point of time until which several operations have to be done together. It costs nothing until its `signal` is read.
 *
 * @example
 * using deadline = Deadline.after(5000)
 * await retry(connect, { deadline })
 * await timeout(login, 1000, { deadline })
 */
export class Deadline implements Disposable {
  /** What there was at the start, in milliseconds. */
  readonly budgetMs: number
  /** What it is measured by. */
  readonly clock: Clock
  readonly #expiresAt: number
  #controller: AbortController | undefined
  #timer: Timer | undefined
  #isDisposed = false

  private constructor(budgetMs: number, clock: Clock) {
    this.budgetMs = checkDuration('ms', budgetMs)
    this.clock = clock
    this.#expiresAt = clock.now() + budgetMs
  }

  /**
   * The deadline that is `ms` from now.
   *
   * @throws OptionError when `ms` is negative or not finite
   */
  static after(ms: number, clock: Clock = systemClock): Deadline {
    return new Deadline(ms, clock)
  }

  /**
   * The deadline that another thread sent.
   *
   * @throws OptionError when it holds no remaining time
   */
  static fromJSON(plain: PlainDeadline, clock: Clock = systemClock): Deadline {
    return new Deadline(checkDuration('remainingMs', plain.remainingMs), clock)
  }

  /** Milliseconds that are left; 0 when it has passed. */
  remaining(): number {
    return Math.max(0, this.#expiresAt - this.clock.now())
  }

  get isExpired(): boolean {
    return this.remaining() === 0
  }

  /**
   * Aborts when the deadline passes, with a TimeoutError of kind `deadline`. Reading it sets a timer, which ends with
   * the deadline or by disposing of it and does not keep the process alive.
   */
  get signal(): AbortSignal {
    this.#controller ??= this.#arm(new AbortController())
    return this.#controller.signal
  }

  /** The earlier of this deadline and another, or of this one and `ms` from now. */
  min(other: Deadline | number): Deadline {
    if (typeof other !== 'number' && other.clock === this.clock) {
      return other.#expiresAt < this.#expiresAt ? other : this
    }
    const otherMs = typeof other === 'number' ? checkDuration('ms', other, { infinite: true }) : other.remaining()
    if (this.remaining() <= otherMs) return this
    return typeof other === 'number' ? new Deadline(other, this.clock) : other
  }

  /** What another thread needs to know. */
  toJSON(): PlainDeadline {
    return { remainingMs: this.remaining() }
  }

  /** Ends the timer behind `signal`, which then never aborts. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#isDisposed = true
  }

  #arm(controller: AbortController): AbortController {
    if (this.#isDisposed) return controller
    const expire = (): void => controller.abort(new TimeoutError(this.budgetMs, 'deadline'))
    const remainingMs = this.remaining()
    if (remainingMs === 0) expire()
    else this.#timer = this.clock.setTimer(expire, remainingMs, { ref: false })
    return controller
  }
}
