import { checkInteger, checkNumber } from '../errors/option-checks.ts'
import { clampLimit, type LimitAlgorithm, type LimitBounds, type LimitSample } from './limit-algorithm.ts'

export interface GradientOptions {
  /** By which factor calls may be slower than at rest before the limit sinks. Default 1.25. */
  readonly tolerance?: number
  /** After how many calls in a row without rest the latency at rest is measured again. Default 1000. */
  readonly probeEvery?: number
}

/** So few calls at a time leave a peer at rest. */
const AT_REST = 3
/** How many calls at rest are averaged. */
const REST_SAMPLES = 10
/** The smallest round of calls whose mean latency is looked at. */
const SMALLEST_ROUND = 10
/** What an overload leaves of the limit. */
const KEPT = 0.7
/** Latencies below this are all the same to it, in milliseconds. */
const SHORTEST_MS = 0.001

/**
 * Compares the latency under load to the latency at rest: calls that take longer stand in a queue at the peer, so the
 * limit sinks in proportion, and a little headroom, its square root, is always added to find out whether there is more.
 * When there was no rest for long, it makes some: a few calls run with a limit of 3 (as Envoy's gradient controller
 * does).
 */
export class GradientLimit implements LimitAlgorithm {
  readonly #bounds: LimitBounds
  readonly #tolerance: number
  readonly #probeEvery: number
  #limit: number
  #restMs: number | undefined
  #rest = new Mean()
  #round = new Mean()
  /** Calls under load since the latency at rest was measured. */
  #sinceRest = 0
  #isProbing = false
  /** Calls up to this one began before the latest decrease. */
  #decreasedAt = 0

  /** @throws OptionError when an option is out of range */
  constructor(bounds: LimitBounds, { tolerance = 1.25, probeEvery = 1000 }: GradientOptions = {}) {
    this.#bounds = bounds
    this.#tolerance = checkNumber('gradient.tolerance', tolerance, { min: 1 })
    this.#probeEvery = checkInteger('gradient.probeEvery', probeEvery, { min: REST_SAMPLES })
    this.#limit = bounds.initial
  }

  get limit(): number {
    return this.#isProbing ? Math.min(this.#limit, this.#restLimit) : this.#limit
  }

  learn(sample: LimitSample): void {
    if (sample.isOverload) this.#decrease(sample)
    else if (this.#isAtRest(sample)) this.#learnAtRest(sample)
    else if (!this.#isProbing) this.#learnUnderLoad(sample)
  }

  get #restLimit(): number {
    return Math.max(this.#bounds.min, AT_REST)
  }

  /** Few ran when it began and when it ended. */
  #isAtRest({ inFlight, inFlightAtEnd }: LimitSample): boolean {
    return Math.max(inFlight, inFlightAtEnd) <= this.#restLimit
  }

  #decrease({ serial, begun }: LimitSample): void {
    if (serial <= this.#decreasedAt) return
    this.#decreasedAt = begun
    this.#limit = clampLimit(this.#limit * KEPT, this.#bounds)
    this.#round = new Mean()
  }

  #learnAtRest(sample: LimitSample): void {
    this.#rest.add(Math.max(SHORTEST_MS, sample.latencyMs))
    if (this.#rest.count >= REST_SAMPLES) {
      this.#restMs = this.#rest.value
      this.#rest = new Mean()
      this.#sinceRest = 0
      this.#isProbing = false
    }
    // a small limit is never exceeded, and has to grow all the same
    if (!this.#isProbing && sample.inFlight * 2 >= this.#limit) this.#learnUnderLoad(sample)
  }

  #learnUnderLoad({ latencyMs, inFlight }: LimitSample): void {
    // a limit that is not made use of says nothing about the peer
    if (inFlight * 2 < this.#limit) return
    this.#round.add(Math.max(SHORTEST_MS, latencyMs))
    this.#sinceRest++
    if (this.#round.count < Math.max(SMALLEST_ROUND, this.#limit)) return
    const meanMs = this.#round.value
    this.#round = new Mean()
    this.#restMs = Math.min(this.#restMs ?? meanMs, meanMs)
    const gradient = Math.min(1, Math.max(0.5, (this.#tolerance * this.#restMs) / meanMs))
    this.#limit = clampLimit(this.#limit * gradient + Math.sqrt(this.#limit), this.#bounds)
    this.#isProbing = this.#sinceRest >= this.#probeEvery && this.#limit > this.#restLimit
  }
}

/** The mean of some numbers. */
class Mean {
  count = 0
  #sum = 0

  get value(): number {
    return this.#sum / this.count
  }

  add(sample: number): void {
    this.count++
    this.#sum += sample
  }
}
