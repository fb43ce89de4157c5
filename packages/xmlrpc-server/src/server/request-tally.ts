import type { EngineCounters } from '../engine/contract.ts'

/** What all engines of a server have counted, the ones that are gone included. */
export class RequestTally {
  #pastRequests = 0
  #pastErrors = 0
  #current: Pick<EngineCounters, 'requests' | 'errors'> = { requests: 0, errors: 0 }
  #lastRequestAt: number | null = null

  get requests(): number {
    return this.#pastRequests + this.#current.requests
  }

  get errors(): number {
    return this.#pastErrors + this.#current.errors
  }

  /** Errors by request, 0 before the first. */
  get errorRate(): number {
    return this.requests === 0 ? 0 : this.errors / this.requests
  }

  get lastRequest(): Date | undefined {
    return this.#lastRequestAt === null ? undefined : new Date(this.#lastRequestAt)
  }

  /** Takes what the engine counts now. */
  update(counters: EngineCounters): void {
    this.#current = counters
    this.#lastRequestAt = counters.lastRequestAt ?? this.#lastRequestAt
  }

  /** The engine is gone, and the next one counts from 0. */
  engineGone(): void {
    this.#pastRequests = this.requests
    this.#pastErrors = this.errors
    this.#current = { requests: 0, errors: 0 }
  }
}
