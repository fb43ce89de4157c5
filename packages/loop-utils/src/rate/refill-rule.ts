import type { RateRule } from './rate-rule.ts'

/** A bucket of `capacity` tokens that `refill` tokens drip into every `intervalMs`, evenly. */
export interface RefillRate {
  readonly capacity: number
  readonly refill: number
  readonly intervalMs: number
}

/**
 * A bucket that refills evenly, kept as the generic cell rate algorithm keeps it (ITU-T I.371): by the time at which it
 * will be full. That time is a base plus a count of tokens, so nothing is lost to rounding however long it is busy.
 */
export class RefillRule implements RateRule {
  #rate: RefillRate
  /** When the bucket was full last, and how many tokens were taken since. */
  #baseMs: number
  #taken: number

  constructor(rate: RefillRate, tokens: number, nowMs: number) {
    this.#rate = rate
    this.#baseMs = nowMs
    this.#taken = rate.capacity - tokens
  }

  get limit(): number {
    return this.#rate.capacity
  }

  earliest(n: number, nowMs: number): number {
    const { capacity } = this.#rate
    if (this.#after(this.#taken) <= nowMs) return n <= capacity ? nowMs : nowMs + this.#durationOf(n - capacity)
    return Math.max(nowMs, this.#after(this.#taken + n - capacity))
  }

  take(n: number, atMs: number): void {
    if (this.#after(this.#taken) > atMs) {
      this.#taken += n
      return
    }
    this.#baseMs = atMs
    this.#taken = n
  }

  tokens(nowMs: number): number {
    const { capacity, refill, intervalMs } = this.#rate
    return Math.min(capacity, capacity - this.#taken + ((nowMs - this.#baseMs) * refill) / intervalMs)
  }

  /** Goes on at another rate with the tokens that there are, as far as they fit in. */
  change(rate: RefillRate, nowMs: number): void {
    const tokens = Math.min(rate.capacity, this.tokens(nowMs))
    this.#rate = rate
    this.#baseMs = nowMs
    this.#taken = rate.capacity - tokens
  }

  copy(): RefillRule {
    return new RefillRule(this.#rate, this.#rate.capacity - this.#taken, this.#baseMs)
  }

  #after(tokens: number): number {
    return this.#baseMs + this.#durationOf(tokens)
  }

  #durationOf(tokens: number): number {
    return (tokens * this.#rate.intervalMs) / this.#rate.refill
  }
}
