import { checkInteger, checkNumber } from '../errors/option-checks.ts'
import { clampLimit, type LimitAlgorithm, type LimitBounds, type LimitSample } from './limit-algorithm.ts'

export interface GradientOptions {
  /** By which factor calls may slow down before the limit sinks. Default 1.5. */
  readonly tolerance?: number
  /** How much one call moves the limit, from 0 to 1. Default 0.2. */
  readonly smoothing?: number
  /** Over how many calls the usual latency is averaged. Default 600. */
  readonly window?: number
}

/** The usual latency is the plain mean at first. */
const WARM_UP = 10
/** Latencies below this are all the same to it, in milliseconds. */
const SHORTEST_MS = 0.001

/**
 * Compares each latency to the usual one: calls that take longer than usual stand in a queue at the peer, so the limit
 * sinks; otherwise it grows by its square root, the queue that is put up with (as the gradient algorithm of Netflix'
 * concurrency-limits does).
 */
export class GradientLimit implements LimitAlgorithm {
  readonly #bounds: LimitBounds
  readonly #tolerance: number
  readonly #smoothing: number
  readonly #window: number
  #limit: number
  #usualMs = 0
  #samples = 0

  /** @throws OptionError when an option is out of range */
  constructor(bounds: LimitBounds, { tolerance = 1.5, smoothing = 0.2, window = 600 }: GradientOptions = {}) {
    this.#bounds = bounds
    this.#tolerance = checkNumber('gradient.tolerance', tolerance, { min: 1 })
    this.#smoothing = checkNumber('gradient.smoothing', smoothing, { min: 0.001, max: 1 })
    this.#window = checkInteger('gradient.window', window, { min: 1 })
    this.#limit = bounds.initial
  }

  get limit(): number {
    return this.#limit
  }

  learn({ latencyMs, inFlight, isOverload }: LimitSample): void {
    const shortMs = Math.max(SHORTEST_MS, latencyMs)
    if (isOverload) {
      this.#move(0.5)
      return
    }
    this.#average(shortMs)
    // a limit that is not made use of says nothing about the peer
    if (inFlight * 2 >= this.#limit) this.#move((this.#tolerance * this.#usualMs) / shortMs)
  }

  #move(ratio: number): void {
    const gradient = Math.min(1, Math.max(0.5, ratio))
    const next = this.#limit * gradient + (ratio < 1 ? 0 : Math.sqrt(this.#limit))
    this.#limit = clampLimit(this.#limit + (next - this.#limit) * this.#smoothing, this.#bounds)
  }

  #average(latencyMs: number): void {
    const weight = this.#samples < WARM_UP ? 1 / ++this.#samples : 2 / (this.#window + 1)
    this.#usualMs += (latencyMs - this.#usualMs) * weight
    // after a long slow time the usual latency comes down sooner
    if (this.#usualMs > 2 * latencyMs) this.#usualMs *= 0.95
  }
}
