import type { Clock, Timer } from '../clock/clock.ts'
import type { Deadline } from './deadline.ts'

/** Who is told that time is up. */
export interface TimeKeeper {
  onTime(): void
}

/** A member of the list of timers that are not set yet. */
class Link {
  previous: Link = this
  next: Link = this
}

/** Between its members stand the timers that began in this turn of the loop, the eldest first. */
const begun = new Link()
let isSweepDue = false

/**
 * A timer for what mostly ends long before its time: it is set on the clock only when it outlives the turn of the loop
 * in which it began, and costs next to nothing otherwise. It is never early, and later than a timer set at once by no
 * more than the rest of that turn, in which no timer could have fired.
 */
export class LateTimer extends Link {
  readonly #clock: Clock
  readonly #deadline: Deadline
  readonly #keeper: TimeKeeper
  #timer: Timer | undefined

  /** Begins. `clock` is the deadline's. */
  constructor(clock: Clock, deadline: Deadline, keeper: TimeKeeper) {
    super()
    this.#clock = clock
    this.#deadline = deadline
    this.#keeper = keeper
    const last = begun.previous
    this.previous = last
    this.next = begun
    last.next = this
    begun.previous = this
    if (!isSweepDue) sweepAfterThisTurn()
  }

  /** Takes it back; nothing stays behind. */
  cancel(): void {
    this.#leave()
    this.#timer?.[Symbol.dispose]()
  }

  /** Sets the timer, or calls back when its time came while the turn went on. */
  set(): void {
    this.#leave()
    const remainingMs = this.#deadline.remaining()
    if (remainingMs > 0) this.#timer = this.#clock.setTimer(() => this.#keeper.onTime(), remainingMs)
    else this.#keeper.onTime()
  }

  #leave(): void {
    const { previous, next } = this
    previous.next = next
    next.previous = previous
    this.previous = this
    this.next = this
  }
}

/** The immediate keeps the process alive, as the timers will that it sets. */
function sweepAfterThisTurn(): void {
  isSweepDue = true
  setImmediate(sweep)
}

function sweep(): void {
  isSweepDue = false
  try {
    for (let first = begun.next; first !== begun; first = begun.next) (first as LateTimer).set()
  } finally {
    // a callback that threw must not keep the others from their time
    if (begun.next !== begun) sweepAfterThisTurn()
  }
}
