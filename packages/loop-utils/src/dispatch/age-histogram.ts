const BUCKETS = 136
/** Four buckets for each doubling, from a microsecond on: an answer is at most a fifth too high. */
const PER_DOUBLING = 4

/** Counts how long items waited, in buckets of growing width: constant memory, however many there were. */
export class AgeHistogram {
  readonly #counts = new Float64Array(BUCKETS)
  #total = 0

  add(ms: number): void {
    const micros = ms * 1000
    const bucket = micros <= 1 ? 0 : Math.ceil(Math.log2(micros) * PER_DOUBLING)
    const index = Math.min(bucket, BUCKETS - 1)
    this.#counts[index] = (this.#counts[index] as number) + 1
    this.#total++
  }

  /** The age, in milliseconds, that this share of the items (0 to 1) did not exceed; 0 before the first item. */
  quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(this.#total * share))
    let seen = 0
    const bucket = this.#counts.findIndex((count) => (seen += count) >= wanted)
    return bucket === -1 ? 0 : 2 ** (bucket / PER_DOUBLING) / 1000
  }
}
