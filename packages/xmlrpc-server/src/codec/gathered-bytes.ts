const NO_BYTES: Buffer = Buffer.alloc(0)
const FEWEST_BYTES = 1024

/** Keeps copies of pieces in one buffer, which takes twice their bytes at most, however small the pieces are. */
export class GatheredBytes {
  #buffer = NO_BYTES
  #length = 0

  get length(): number {
    return this.#length
  }

  append(piece: Buffer): void {
    const length = this.#length + piece.length
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#buffer.length, FEWEST_BYTES))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    piece.copy(this.#buffer, this.#length)
    this.#length = length
  }

  /** All of them; begins anew. */
  take(): Buffer {
    const all = this.#buffer.subarray(0, this.#length)
    this.#buffer = NO_BYTES
    this.#length = 0
    return all
  }
}
