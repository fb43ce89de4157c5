import { type Clock, type Timer, systemClock } from '../clock/index.ts'
import { TimeoutError } from '../errors/index.ts'
import { Deadline } from '../timeout/deadline.ts'

/** Until when the outcome of a call is waited for. */
export interface CallBounds {
  readonly timeoutMs?: number | undefined
  readonly deadline?: Deadline | undefined
}

/** The nearer of a call's own limit and its deadline. */
export class CallLimit {
  /** What is left of it at the beginning; `Infinity` for no limit. */
  readonly ms: number
  readonly #deadline: Deadline | undefined

  constructor({ timeoutMs = Infinity, deadline }: CallBounds) {
    const leftMs = deadline?.remaining() ?? Infinity
    this.ms = Math.min(leftMs, timeoutMs)
    this.#deadline = leftMs < timeoutMs ? deadline : undefined
  }

  toError(what: string): TimeoutError {
    const deadline = this.#deadline
    return deadline === undefined
      ? new TimeoutError(this.ms, 'call', { what })
      : new TimeoutError(deadline.budgetMs, 'deadline', { what })
  }

  /** Calls back when it is over, by the clock of the deadline if that is the nearer. */
  setTimer(clock: Clock, onOver: () => void): Timer | undefined {
    return this.ms === Infinity ? undefined : (this.#deadline?.clock ?? clock).setTimer(onOver, this.ms)
  }
}

/** The end of a call on its way between threads, by the clock that all share. */
export function toSharedTime(ms: number): number {
  return ms === Infinity ? Infinity : systemClock.now() + ms
}

/** The deadline that ends at a time that {@link toSharedTime} gave; undefined for none. */
export function fromSharedTime(endsAtMs: number): Deadline | undefined {
  return endsAtMs === Infinity ? undefined : Deadline.after(Math.max(0, endsAtMs - systemClock.now()))
}
