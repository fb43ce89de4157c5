/** A rate limit as its definition has it, slow and exact. Times are whole milliseconds. */
export interface ReferenceModel {
  /** How many may be taken together. */
  readonly limit: number
  /** Whether `n` may be taken at `at`, after all that was taken before. */
  admits(n: number, at: number): boolean
  take(n: number, at: number): void
  /** Forgets a turn that was taken for a time to come. */
  giveBack(n: number, at: number): void
}

interface Taken {
  readonly n: number
  readonly at: number
}

/** A model that keeps all that was taken and judges each time anew from the beginning. */
abstract class HistoryModel implements ReferenceModel {
  abstract readonly limit: number
  protected history: readonly Taken[] = []

  admits(n: number, at: number): boolean {
    return this.judge([...this.history, { n, at }])
  }

  take(n: number, at: number): void {
    this.history = [...this.history, { n, at }]
  }

  giveBack(n: number, at: number): void {
    const index = this.history.findIndex((taken) => taken.n === n && taken.at === at)
    this.history = this.history.toSpliced(index, 1)
  }

  /** Whether all of it, in the order of time, keeps the limit. */
  protected abstract judge(history: readonly Taken[]): boolean
}

/** A bucket by its level, counted in `1 / intervalMs` of a token, so that all is whole. */
export class BucketModel extends HistoryModel {
  readonly limit: number
  readonly #facts: BucketFacts

  constructor(facts: BucketFacts) {
    super()
    this.limit = facts.capacity
    this.#facts = facts
  }

  protected judge(history: readonly Taken[]): boolean {
    const { capacity, refill, intervalMs, initial, startMs } = this.#facts
    let level = initial * intervalMs
    let at = startMs
    for (const taken of history) {
      level = Math.min(capacity * intervalMs, level + (taken.at - at) * refill)
      at = taken.at
      if (level < taken.n * intervalMs) return false
      level -= taken.n * intervalMs
    }
    return true
  }
}

export interface BucketFacts {
  readonly capacity: number
  readonly refill: number
  readonly intervalMs: number
  readonly initial: number
  readonly startMs: number
}

/** ITU-T I.371, virtual scheduling, cell by cell; times are multiplied by `limit`, so that the increment is whole. */
export class GcraModel extends HistoryModel {
  readonly limit: number
  readonly #facts: { readonly limit: number; readonly periodMs: number; readonly burst: number }

  constructor(facts: { readonly limit: number; readonly periodMs: number; readonly burst: number }) {
    super()
    this.limit = facts.burst + 1
    this.#facts = facts
  }

  protected judge(history: readonly Taken[]): boolean {
    const { limit, periodMs: increment, burst } = this.#facts
    let theoretical = -Infinity
    for (const { n, at } of history) {
      for (let cell = 0; cell < n; cell++) {
        const arrival = at * limit
        if (arrival < theoretical - burst * increment) return false
        theoretical = Math.max(arrival, theoretical) + increment
      }
    }
    return true
  }
}

/** No window `(t - windowMs, t]` holds more than `limit`; it is enough to look at those that end with something taken. */
export class WindowModel extends HistoryModel {
  readonly limit: number
  readonly #windowMs: number

  constructor({ limit, windowMs }: { readonly limit: number; readonly windowMs: number }) {
    super()
    this.limit = limit
    this.#windowMs = windowMs
  }

  protected judge(history: readonly Taken[]): boolean {
    return history.every(({ at }) => {
      const within = history.filter((other) => other.at > at - this.#windowMs && other.at <= at)
      return within.reduce((sum, { n }) => sum + n, 0) <= this.limit
    })
  }
}
