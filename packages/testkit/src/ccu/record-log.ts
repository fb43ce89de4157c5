/**
 * A list that keeps the last `limit` entries, as far as they fit into `maxLength`, and counts all that were added. The
 * newest entry is always kept.
 */
export class RecordLog<T> {
  readonly #limit: number
  readonly #maxLength: number
  readonly #entries: { readonly entry: T; readonly length: number }[] = []
  #length = 0
  #total = 0

  constructor(limit: number, maxLength: number) {
    this.#limit = limit
    this.#maxLength = maxLength
  }

  /** `length` tells how much room the entry takes, such as the length of its JSON. */
  add(entry: T, length: number): void {
    this.#total += 1
    this.#length += length
    this.#entries.push({ entry, length })
    while (this.#entries.length > 1 && (this.#entries.length > this.#limit || this.#length > this.#maxLength)) {
      this.#length -= this.#entries.shift()?.length ?? 0
    }
  }

  /** The entries that are kept, oldest first. */
  all(): readonly T[] {
    return this.#entries.map(({ entry }) => entry)
  }

  /** How many were added. */
  get total(): number {
    return this.#total
  }
}
