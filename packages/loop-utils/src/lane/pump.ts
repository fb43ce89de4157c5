import { performance } from 'node:perf_hooks'

/** Items that a lane of weight 1 delivers before the next lane has its turn. */
const QUANTUM = 32

/** Something that has work for this loop in small pieces. */
export interface Pumped {
  /** Share of this source against others that are busy at the same time. */
  readonly weight: number
  /** Longest time, in milliseconds, that a slice in which this source takes part may last. */
  readonly sliceMs: number
  /** Kept by the pump. */
  isScheduled: boolean
  /** Does at most `limit` pieces and stops at `deadline` (of `performance.now()`); tells whether more is ready. */
  deliver(limit: number, deadline: number): boolean
}

/** What a pump has done, for statistics and tests. */
export interface PumpStats {
  /** Slices run so far. An idle pump runs none. */
  readonly slices: number
  /** The longest slice so far, in milliseconds. */
  readonly maxSliceMs: number
}

/**
 * Shares a loop between all busy lanes: slices of limited time, in them a weighted round-robin, between them a turn
 * for I/O and timers. While something is ready it holds the process open; with nothing ready it does not exist for the
 * loop.
 */
export class Pump {
  /** Ready sources in order of their turn; the front is at `#head`. */
  #ready: Pumped[] = []
  #head = 0
  #immediate: NodeJS.Immediate | undefined
  /** A slice just ran in the poll phase, which the check phase follows with no timers between. */
  #letTimersPass = false
  /** Milliseconds of {@link runNow} since the last turn of this loop that it knows of, and when they ended. */
  #inlineMs = 0
  #inlineEnd = 0
  #slices = 0
  #maxSliceMs = 0
  readonly #onImmediate = (): void => {
    this.#immediate = undefined
    this.#turn()
  }

  /** Puts a source at the end of the round; it runs in a coming turn of the loop. */
  schedule(source: Pumped): void {
    if (source.isScheduled) return
    source.isScheduled = true
    this.#ready.push(source)
    this.#arm()
  }

  get stats(): PumpStats {
    return { slices: this.#slices, maxSliceMs: this.#maxSliceMs }
  }

  /**
   * Runs a source at once, for an event that has just given the loop to it. Others that wait go first, and the time
   * of events that follow each other closely is added up, so that a storm of events becomes slices too.
   */
  runNow(source: Pumped): void {
    if (source.isScheduled) return
    const start = performance.now()
    if (start - this.#inlineEnd > 0.2) this.#inlineMs = 0
    const left = source.sliceMs - this.#inlineMs
    if (this.#immediate !== undefined || left <= 0) {
      this.#letTimersPass ||= left <= 0
      this.schedule(source)
      return
    }
    const deadline = start + left
    source.isScheduled = true
    let isReady = true
    try {
      while (isReady && performance.now() < deadline) isReady = source.deliver(QUANTUM * source.weight, deadline)
    } finally {
      source.isScheduled = false
      this.#inlineEnd = performance.now()
      this.#inlineMs += this.#inlineEnd - start
      this.#count(this.#inlineEnd - start)
      if (isReady) {
        this.#letTimersPass = true
        this.schedule(source)
      }
    }
  }

  #arm(): void {
    this.#immediate ??= setImmediate(this.#onImmediate)
  }

  #turn(): void {
    if (this.#letTimersPass) {
      this.#letTimersPass = false
      this.#arm()
      return
    }
    const start = performance.now()
    const deadline = start + this.#sliceMs()
    try {
      while (this.#head < this.#ready.length && this.#visit(deadline)) {
        // until nothing is ready or the slice is over
      }
    } finally {
      this.#compact()
      this.#count(performance.now() - start)
      if (this.#ready.length > 0) this.#arm()
    }
  }

  /** Gives the front source its quantum; tells whether time is left. */
  #visit(deadline: number): boolean {
    const source = this.#ready[this.#head++] as Pumped
    let isReady = true
    try {
      isReady = source.deliver(QUANTUM * source.weight, deadline)
    } finally {
      if (isReady) this.#ready.push(source)
      else source.isScheduled = false
    }
    return performance.now() < deadline
  }

  #sliceMs(): number {
    let shortest = Number.POSITIVE_INFINITY
    for (let i = this.#head; i < this.#ready.length; i++) {
      shortest = Math.min(shortest, (this.#ready[i] as Pumped).sliceMs)
    }
    return shortest
  }

  #compact(): void {
    this.#ready = this.#ready.slice(this.#head)
    this.#head = 0
  }

  #count(ms: number): void {
    this.#slices++
    if (ms > this.#maxSliceMs) this.#maxSliceMs = ms
  }
}

/** The one pump of this loop. */
export const pump: Pump = new Pump()
