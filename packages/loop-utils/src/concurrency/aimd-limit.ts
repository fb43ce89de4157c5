import { checkDuration, checkNumber } from '../errors/option-checks.ts'
import { clampLimit, type LimitAlgorithm, type LimitBounds, type LimitSample } from './limit-algorithm.ts'

export interface AimdOptions {
  /** What an overload leaves of the limit. Default 0.9. */
  readonly backoffRatio?: number
  /** A call that takes longer than this counts as an overload, too, in milliseconds. Default `Infinity`. */
  readonly slowMs?: number
}

/**
 * Additive increase, multiplicative decrease (as TCP does, RFC 5681): one more with each limit-full of good calls, a
 * tenth less at an overload, once for all calls that ran at the same time. It grows only while at least half of the
 * limit is made use of.
 */
export class AimdLimit implements LimitAlgorithm {
  readonly #bounds: LimitBounds
  readonly #backoffRatio: number
  readonly #slowMs: number
  #limit: number
  /** Calls up to this one began before the latest decrease. */
  #decreasedAt = 0

  /** @throws OptionError when an option is out of range */
  constructor(bounds: LimitBounds, { backoffRatio = 0.9, slowMs = Infinity }: AimdOptions = {}) {
    this.#bounds = bounds
    this.#backoffRatio = checkNumber('aimd.backoffRatio', backoffRatio, { min: 0.1, max: 0.99 })
    this.#slowMs = checkDuration('aimd.slowMs', slowMs, { infinite: true })
    this.#limit = bounds.initial
  }

  get limit(): number {
    return this.#limit
  }

  learn({ latencyMs, inFlight, isOverload, serial, begun }: LimitSample): void {
    const limit = this.#limit
    if (isOverload || latencyMs > this.#slowMs) {
      if (serial <= this.#decreasedAt) return
      this.#decreasedAt = begun
      this.#limit = clampLimit(limit * this.#backoffRatio, this.#bounds)
    } else if (inFlight * 2 >= limit) {
      this.#limit = clampLimit(limit + 1 / limit, this.#bounds)
    }
  }
}
