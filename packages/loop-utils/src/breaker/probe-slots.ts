/** A call that may hold a place. */
export interface PlaceHolder {
  readonly acquiredAtMs: number
  slots: ProbeSlots | undefined
}

/** A few places for calls that are under way at once. A call that hangs loses its place after a while. */
export class ProbeSlots {
  /** In the order in which they were acquired, which is that in which they expire. */
  readonly #permits = new Set<PlaceHolder>()
  readonly #maxWaitMs: number
  #capacity: number
  #hung = 0

  constructor(capacity: number, maxWaitMs: number) {
    this.#capacity = capacity
    this.#maxWaitMs = maxWaitMs
  }

  /** Whether a call may have a place now. */
  isFree(nowMs: number): boolean {
    this.#expire(nowMs)
    return this.#permits.size < this.#capacity
  }

  take(permit: PlaceHolder): void {
    permit.slots = this
    this.#permits.add(permit)
  }

  /** Gives the place back, unless it was lost. */
  release(permit: PlaceHolder): void {
    this.#permits.delete(permit)
  }

  /** One place more. */
  grow(): void {
    this.#capacity += 1
  }

  clear(): void {
    this.#permits.clear()
  }

  /** How many calls have lost their place by hanging. */
  hungUntil(nowMs: number): number {
    this.#expire(nowMs)
    return this.#hung
  }

  /** When the next place becomes free even if its call hangs; undefined when none is taken, or none ever expires. */
  get nextExpiryMs(): number | undefined {
    const [oldest] = this.#permits
    const expiresAtMs = (oldest?.acquiredAtMs ?? Infinity) + this.#maxWaitMs
    return expiresAtMs === Infinity ? undefined : expiresAtMs
  }

  #expire(nowMs: number): void {
    for (const permit of this.#permits) {
      if (permit.acquiredAtMs + this.#maxWaitMs > nowMs) return
      this.#permits.delete(permit)
      this.#hung += 1
    }
  }
}
