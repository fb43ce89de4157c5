/** Over how long the rate is measured, in milliseconds. */
export const SPAN_MS = 500
/** How much the latest span counts against those before. */
const SMOOTHING = 0.8

/** How often something happens a second, smoothed over spans of half a second. */
export class SendRate {
  #spanStart: number
  #count = 0
  #perSecond = 0

  constructor(nowMs: number) {
    this.#spanStart = nowMs
  }

  count(nowMs: number): void {
    this.#close(nowMs)
    this.#count++
  }

  /** The span that is going on counts once it shows more than those before. */
  perSecond(nowMs: number): number {
    this.#close(nowMs)
    return Math.max(this.#perSecond, (this.#count * 1000) / SPAN_MS)
  }

  #close(nowMs: number): void {
    const elapsedMs = nowMs - this.#spanStart
    if (elapsedMs < SPAN_MS) return
    const latest = (this.#count * 1000) / elapsedMs
    this.#perSecond = latest * SMOOTHING + this.#perSecond * (1 - SMOOTHING)
    this.#spanStart = nowMs
    this.#count = 0
  }
}
