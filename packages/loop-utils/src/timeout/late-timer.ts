import type { Timer } from '../clock/clock.ts'
import { callSafely } from '../observe/stray-error.ts'
import type { Deadline } from './deadline.ts'

/** Who is told that time is up. */
export interface TimeKeeper {
  onTime(): void
}

/** That of this process, whatever stands in for it when a time limit begins. */
const atTheEndOfThisTurn = setImmediate

/** A place in the ring of timers that are not set yet. */
interface Place {
  previous: Place
  next: Place
}

/** Where the ring begins and ends. */
const ring = {} as Place
ring.previous = ring
ring.next = ring

let isSweepDue = false

/**
 * A timer for what mostly ends long before its time: it is set on the clock only when it outlives the turn of the loop
 * in which it began, and costs next to nothing otherwise. It is never early, and later than a timer set at once by no
 * more than the rest of that turn, in which no timer could have fired.
 *
 * Those that are not set yet stand in a ring, the eldest first, so that any of them leaves it in constant time.
 */
export class LateTimer implements Place {
  // no private fields: those of a class that is made with every call would cost more than all the rest of it
  readonly deadline: Deadline
  readonly keeper: TimeKeeper
  previous: Place
  next: Place
  timer: Timer | undefined

  constructor(deadline: Deadline, keeper: TimeKeeper) {
    this.deadline = deadline
    this.keeper = keeper
    this.previous = ring.previous
    this.next = ring
    this.previous.next = this
    ring.previous = this
    // it keeps the process alive, as the timers will that it sets
    if (!isSweepDue) atTheEndOfThisTurn(sweep)
    isSweepDue = true
  }

  /** Takes it back; nothing stays behind. */
  cancel(): void {
    this.leave()
    this.timer?.[Symbol.dispose]()
  }

  /** Sets the timer, or calls back when its time came while the turn went on. Does nothing once it has left the ring. */
  set(): void {
    if (this.next === this) return
    this.leave()
    const { deadline, keeper } = this
    const remainingMs = deadline.remaining()
    if (remainingMs > 0) this.timer = deadline.clock.setTimer(() => keeper.onTime(), remainingMs)
    else keeper.onTime()
  }

  private leave(): void {
    this.previous.next = this.next
    this.next.previous = this.previous
    // so that it holds none of the others, and leaving again changes nothing
    this.previous = this
    this.next = this
  }
}

function sweep(): void {
  isSweepDue = false
  // those that begin meanwhile wait for the next turn
  const eldestFirst: LateTimer[] = []
  for (let place = ring.next; place !== ring; place = place.next) eldestFirst.push(place as LateTimer)
  for (const timer of eldestFirst) {
    // what one throws must not keep the others from their time
    callSafely('a time limit', () => timer.set())
  }
}
