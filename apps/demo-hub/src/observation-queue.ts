import type { Observation } from '@x/testkit/control'

/** Posts what was heard to the fake-device server. */
export type PostObservations = (observations: readonly Observation[]) => Promise<unknown>

/** As many observations as one request takes. */
const BATCH = 100
/** Observations that may wait; the oldest go first, as the page shows the newest anyway. */
const MAX_WAITING = 10_000

/** Posts observations in their order, in batches, one request at a time. */
export class ObservationQueue {
  readonly #post: PostObservations
  readonly #onError: (error: unknown) => void
  #waiting: Observation[] = []
  #dropped = 0
  #posting: Promise<void> = Promise.resolve()
  #isPosting = false

  constructor(post: PostObservations, onError: (error: unknown) => void) {
    this.#post = post
    this.#onError = onError
  }

  /** Observations that were let go. */
  get dropped(): number {
    return this.#dropped
  }

  add(observation: Observation): void {
    this.#waiting.push(observation)
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift()
      this.#dropped++
    }
    if (this.#isPosting) return
    this.#isPosting = true
    this.#posting = this.#work()
  }

  /** Resolves once everything that was added is posted or dropped. */
  idle(): Promise<void> {
    return this.#posting
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH)
      try {
        await this.#post(batch)
      } catch (error) {
        this.#dropped += batch.length
        this.#onError(error)
      }
    }
    this.#isPosting = false
  }
}
