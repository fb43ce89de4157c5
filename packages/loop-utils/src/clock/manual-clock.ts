import { checkDuration, checkInteger, checkNumber } from '../errors/option-checks.ts'
import { XError } from '../errors/x-error.ts'
import type { Clock, Timer } from './clock.ts'
import { sleepOn } from './sleep.ts'
import { timerDelay } from './timer-delay.ts'
import { TimerQueue, type QueuedTimer } from './timer-queue.ts'

/** Where a manual clock begins. */
export interface ManualClockOptions {
  /** What `now()` begins at, in milliseconds. Default 0. */
  readonly startMs?: number
  /** What `wall()` begins at, in milliseconds since 1970. Default 1 750 000 000 000. */
  readonly wallMs?: number
}

/** Timers kept setting timers. */
export class RunawayTimersError extends XError {
  override readonly name = 'RunawayTimersError'
  readonly code = 'LOOP_RUNAWAY_TIMERS'
  /** How many timers fired. */
  readonly fired: number

  constructor(fired: number) {
    super(`${fired} timers fired and more are pending; use advance(ms) when something repeats for ever`)
    this.fired = fired
  }
}

/**
 * A clock that stands still until it is advanced, for tests. Between two timers everything that is ready in the loop
 * runs (promises, ticks, immediates); real I/O is not waited for. It serves one loop: it cannot cross to a thread.
 */
export class ManualClock implements Clock {
  readonly #timers = new TimerQueue<ManualTimer>()
  #nowMs: number
  #wallOffsetMs: number
  #order = 0
  #moves: Promise<unknown> = Promise.resolve()

  /** @throws OptionError when an option is not a finite number */
  constructor(options: ManualClockOptions = {}) {
    const { startMs = 0, wallMs = 1_750_000_000_000 } = options
    this.#nowMs = checkNumber('startMs', startMs)
    this.#wallOffsetMs = checkNumber('wallMs', wallMs) - startMs
  }

  now(): number {
    return this.#nowMs
  }

  wall(): number {
    return this.#nowMs + this.#wallOffsetMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal)
  }

  setTimer(callback: () => void, ms: number): Timer {
    const timer = new ManualTimer(this.#timers, callback, {
      dueAt: this.#nowMs + timerDelay(ms),
      order: this.#order++,
    })
    this.#timers.add(timer)
    return timer
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size
  }

  /** Milliseconds until the next timer is due; undefined when none waits. */
  get nextTimerMs(): number | undefined {
    const first = this.#timers.first
    return first === undefined ? undefined : first.dueAt - this.#nowMs
  }

  /**
   * Moves time forward by `ms`, firing the timers on the way in order, also those that others set meanwhile. Moves
   * asked for at once are made one after the other. Rejects with what a timer's callback throws, leaving time there.
   *
   * @throws OptionError when `ms` is negative or not finite
   */
  async advance(ms: number): Promise<void> {
    checkDuration('ms', ms)
    await this.#enqueue(async () => {
      const target = this.#nowMs + ms
      await settle()
      while (this.#fireNext(target)) await settle()
      this.#nowMs = target
    })
  }

  /** Moves to the next timer and fires it; resolves with false when there is none that ends. */
  runNext(): Promise<boolean> {
    return this.#enqueue(async () => {
      await settle()
      const fired = this.#fireNext(Number.MAX_VALUE)
      await settle()
      return fired
    })
  }

  /**
   * Fires timers until none is left that ends.
   *
   * @throws RunawayTimersError after `limit` timers (default 10 000)
   */
  async runAll(options: { readonly limit?: number } = {}): Promise<void> {
    const limit = checkInteger('limit', options.limit ?? 10_000, { min: 1 })
    await this.#enqueue(async () => {
      await settle()
      for (let fired = 0; this.#fireNext(Number.MAX_VALUE); fired++) {
        if (fired >= limit) throw new RunawayTimersError(fired)
        await settle()
      }
    })
  }

  /** Lets everything that is ready run, without moving time. */
  async settle(): Promise<void> {
    await this.#enqueue(settle)
  }

  /** Sets the wall clock forward or back by `ms`, as an operator or NTP may; `now()` and timers do not notice. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += checkNumber('ms', ms)
  }

  #fireNext(target: number): boolean {
    const first = this.#timers.first
    if (first === undefined || first.dueAt > target) return false
    this.#timers.remove(first)
    this.#nowMs = Math.max(this.#nowMs, first.dueAt)
    first.fire()
    return true
  }

  #enqueue<T>(move: () => Promise<T>): Promise<T> {
    const result = this.#moves.then(move)
    this.#moves = result.catch(() => undefined)
    return result
  }
}

class ManualTimer implements Timer, QueuedTimer {
  readonly dueAt: number
  readonly order: number
  position = -1
  readonly #queue: TimerQueue<ManualTimer>
  readonly #callback: () => void

  constructor(queue: TimerQueue<ManualTimer>, callback: () => void, place: Pick<QueuedTimer, 'dueAt' | 'order'>) {
    this.#queue = queue
    this.#callback = callback
    this.dueAt = place.dueAt
    this.order = place.order
  }

  fire(): void {
    this.#callback()
  }

  /** Time stands still by itself here, so a reference to the loop means nothing. */
  ref(): void {}
  unref(): void {}

  [Symbol.dispose](): void {
    this.#queue.remove(this)
  }
}

// kept from before a test replaces the globals
const nextTurn = setImmediate

/** A turn of the loop drains every microtask and tick; the second one lets immediates that they set run, too. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => nextTurn(resolve))
  await new Promise<void>((resolve) => nextTurn(resolve))
}
