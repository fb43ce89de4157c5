import type { Timer } from '../clock/clock.ts'
import { callSafely } from '../observe/stray-error.ts'
import type { Deadline } from './deadline.ts'

/** Who is told that time is up. */
export interface TimeKeeper {
  onTime(): void
}

/** That of this process, whatever stands in for it when a time limit begins. */
const atTheEndOfThisTurn = setImmediate

let first: LateTimer | undefined
let last: LateTimer | undefined
let listed = 0
let isSweepDue = false

/**
 * A timer for what mostly ends long before its time: it is set on the clock only when it outlives the turn of the loop
 * in which it began, and costs next to nothing otherwise. It is never early, and later than a timer set at once by no
 * more than the rest of that turn, in which no timer could have fired.
 *
 * Those that are not set yet stand in a list, the eldest first, so that any of them leaves it in constant time.
 */
export class LateTimer {
  // no private fields: those of a class that is made with every call would cost more than all the rest of it
  readonly deadline: Deadline
  readonly keeper: TimeKeeper
  previous: LateTimer | undefined
  next: LateTimer | undefined
  isListed = true
  timer: Timer | undefined

  constructor(deadline: Deadline, keeper: TimeKeeper) {
    this.deadline = deadline
    this.keeper = keeper
    enlist(this)
  }

  /** Takes it back; nothing stays behind. */
  cancel(): void {
    if (this.isListed) leave(this)
    else this.timer?.[Symbol.dispose]()
  }
}

function enlist(timer: LateTimer): void {
  timer.previous = last
  if (last === undefined) first = timer
  else last.next = timer
  last = timer
  listed++
  if (!isSweepDue) sweepAfterThisTurn()
}

function leave(timer: LateTimer): void {
  const { previous, next } = timer
  if (previous === undefined) first = next
  else previous.next = next
  if (next === undefined) last = previous
  else next.previous = previous
  timer.previous = undefined
  timer.next = undefined
  timer.isListed = false
  listed--
}

/** The immediate keeps the process alive, as the timers will that it sets. */
function sweepAfterThisTurn(): void {
  isSweepDue = true
  atTheEndOfThisTurn(sweep)
}

function sweep(): void {
  isSweepDue = false
  // those that begin meanwhile wait for the next turn
  for (let left = listed; left > 0; left--) {
    const eldest = first
    // what one throws must not keep the others from their time
    if (eldest !== undefined) callSafely('a time limit', () => set(eldest))
  }
}

/** Sets the timer, or calls back when its time came while the turn went on. */
function set(late: LateTimer): void {
  leave(late)
  const remainingMs = late.deadline.remaining()
  if (remainingMs > 0) late.timer = late.deadline.clock.setTimer(() => late.keeper.onTime(), remainingMs)
  else late.keeper.onTime()
}
