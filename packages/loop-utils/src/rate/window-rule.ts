import type { RateRule } from './rate-rule.ts'

/** A log of what was taken within the last `windowMs`; what was taken at `t` counts until `t + windowMs`, exclusively. */
export class WindowRule implements RateRule {
  readonly limit: number
  readonly #windowMs: number
  /** Ascending times, and how many tokens were taken at each; those before `#head` are forgotten. */
  #times: number[] = []
  #counts: number[] = []
  #head = 0
  #total = 0

  constructor(limit: number, windowMs: number) {
    this.limit = limit
    this.#windowMs = windowMs
  }

  earliest(n: number, nowMs: number): number {
    this.#forget(nowMs)
    // what exceeds the limit has to wait until its own first part is out of the window
    const rounds = Math.ceil(n / this.limit) - 1
    return this.#freeAt(n - rounds * this.limit, nowMs) + rounds * this.#windowMs
  }

  take(n: number, atMs: number): void {
    const last = this.#times.length - 1
    this.#total += n
    if (last >= this.#head && this.#times[last] === atMs) {
      this.#counts[last] = (this.#counts[last] ?? 0) + n
    } else {
      this.#times.push(atMs)
      this.#counts.push(n)
    }
  }

  tokens(nowMs: number): number {
    this.#forget(nowMs)
    return this.limit - this.#total
  }

  copy(): WindowRule {
    const copy = new WindowRule(this.limit, this.#windowMs)
    copy.#times = this.#times.slice(this.#head)
    copy.#counts = this.#counts.slice(this.#head)
    copy.#total = this.#total
    return copy
  }

  #freeAt(n: number, nowMs: number): number {
    let lacking = this.#total + n - this.limit
    if (lacking <= 0) return nowMs
    let index = this.#head
    for (; ; index++) {
      lacking -= this.#counts[index] ?? lacking
      if (lacking <= 0) return Math.max(nowMs, (this.#times[index] ?? nowMs) + this.#windowMs)
    }
  }

  #forget(nowMs: number): void {
    for (; this.#head < this.#times.length; this.#head++) {
      if ((this.#times[this.#head] ?? 0) + this.#windowMs > nowMs) break
      this.#total -= this.#counts[this.#head] ?? 0
    }
    if (this.#head < 32 || this.#head * 2 < this.#times.length) return
    this.#times = this.#times.slice(this.#head)
    this.#counts = this.#counts.slice(this.#head)
    this.#head = 0
  }
}
