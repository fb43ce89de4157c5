import { checkDuration, checkInteger, checkNumber } from '../errors/option-checks.ts'

/** How many new samples may come before the order of all is made anew. */
const STALE_AFTER = 16

/**
 * The latest samples of a latency, from which percentiles are read.
 *
 * @example
 * const latencies = new LatencyWindow()
 * latencies.record(12)
 * latencies.percentile(95)
 */
export class LatencyWindow {
  readonly #capacity: number
  readonly #samples: number[] = []
  #next = 0
  #sorted: number[] = []
  #unsorted = 0

  /**
   * @param capacity how many samples are kept. Default 256
   * @throws OptionError when `capacity` is not a whole number from 1 to 65 536
   */
  constructor(capacity = 256) {
    this.#capacity = checkInteger('capacity', capacity, { min: 1, max: 65_536 })
  }

  /** How many samples there are. */
  get size(): number {
    return this.#samples.length
  }

  /**
   * Adds a sample, in milliseconds; the oldest one makes room.
   *
   * @throws OptionError when it is no duration
   */
  record(latencyMs: number): void {
    this.#samples[this.#next] = checkDuration('latencyMs', latencyMs)
    this.#next = (this.#next + 1) % this.#capacity
    this.#unsorted++
  }

  /**
   * The smallest sample that is not exceeded by `percent` of all (nearest rank), in milliseconds; undefined without
   * samples. It may leave out the latest few.
   *
   * @throws OptionError when `percent` is not from 0 to 100
   */
  percentile(percent: number): number | undefined {
    checkNumber('percent', percent, { min: 0, max: 100 })
    const isStale = this.#unsorted >= STALE_AFTER || this.#sorted.length < Math.min(this.size, 4 * STALE_AFTER)
    if (isStale) {
      this.#sorted = this.#samples.toSorted((a, b) => a - b)
      this.#unsorted = 0
    }
    return this.#sorted[Math.max(0, Math.ceil((percent * this.#sorted.length) / 100) - 1)]
  }
}
