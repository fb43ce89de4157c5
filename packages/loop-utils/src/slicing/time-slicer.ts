import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkDuration, checkSignal } from '../errors/option-checks.ts'
import { SlicedIterator } from './sliced-iterator.ts'
import { yieldToLoop } from './yield-to-loop.ts'

export interface TimeSlicerOptions {
  /** Longest time that work runs without giving I/O and timers a turn, in milliseconds. Default 4. */
  readonly sliceMs?: number
  /** Its abort rejects the next turn with `signal.reason`, whether that is due or not. */
  readonly signal?: AbortSignal
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'now'>
}

/** Divides long synchronous work into slices, between which I/O and timers of this loop run. */
export interface TimeSlicer {
  /**
   * Whether the slice is used up. For the tightest loops: `if (slicer.isDue) await slicer.turn()` costs one reading of
   * the clock per item and no promise.
   */
  readonly isDue: boolean
  /** How many turns the loop was given. */
  readonly turns: number
  /**
   * Gives the loop a turn when the slice is used up, and begins the next one. Otherwise resolves at once, with a promise
   * that exists already. Rejects with `signal.reason` after an abort.
   */
  turn(): Promise<void>
  /**
   * Iterates `items`, giving the loop a turn between two of them whenever one is due. Leaving the loop early closes the
   * source, as with an ordinary `for`.
   */
  over<T>(items: Iterable<T>): AsyncIterableIterator<T>
}

/**
 * Makes a slicer for one long computation. The first slice begins now.
 *
 * @example
 * ```ts
 * const slicer = timeSlicer({ sliceMs: 4 })
 * for await (const route of slicer.over(table)) index(route)
 * ```
 *
 * @throws OptionError
 */
export function timeSlicer(options: TimeSlicerOptions = {}): TimeSlicer {
  return new LoopSlicer(options)
}

const AT_ONCE: Promise<void> = Promise.resolve()

class LoopSlicer implements TimeSlicer {
  readonly #sliceMs: number
  readonly #signal: AbortSignal | undefined
  readonly #clock: Pick<Clock, 'now'>
  #dueAt: number
  #turns = 0

  constructor({ sliceMs = 4, signal, clock = systemClock }: TimeSlicerOptions) {
    this.#sliceMs = checkDuration('sliceMs', sliceMs)
    this.#signal = checkSignal('signal', signal)
    this.#clock = clock
    this.#dueAt = clock.now() + sliceMs
  }

  get isDue(): boolean {
    return this.#signal?.aborted === true || this.#clock.now() >= this.#dueAt
  }

  get turns(): number {
    return this.#turns
  }

  turn(): Promise<void> {
    return this.isDue ? this.#takeTurn() : AT_ONCE
  }

  over<T>(items: Iterable<T>): AsyncIterableIterator<T> {
    return new SlicedIterator(this, items[Symbol.iterator]())
  }

  async #takeTurn(): Promise<void> {
    await yieldToLoop(this.#signal)
    this.#turns++
    this.#dueAt = this.#clock.now() + this.#sliceMs
  }
}
