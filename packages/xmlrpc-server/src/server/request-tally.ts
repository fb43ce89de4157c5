import type { EngineCounters } from '../engine/contract.ts'
import type { OtherCounts } from '../engine/server-notice.ts'

/** The counters that add up over engines. */
type Sums = Record<'requests' | 'errors' | 'failures' | 'denied' | 'delayed', number>

/** What an engine has counted since it told the last time. */
export interface TallyProgress {
  readonly requests: number
  readonly failures: number
}

/** What all engines of a server have counted, the ones that are gone included. */
export class RequestTally {
  readonly #past: Sums = { requests: 0, errors: 0, failures: 0, denied: 0, delayed: 0 }
  readonly #current = new Map<object, EngineCounters>()
  #lastRequestAt: number | undefined

  get requests(): number {
    return this.#sum('requests')
  }

  get errors(): number {
    return this.#sum('errors')
  }

  get denied(): number {
    return this.#sum('denied')
  }

  get delayed(): number {
    return this.#sum('delayed')
  }

  get connections(): number {
    let sum = 0
    for (const { connections } of this.#current.values()) sum += connections
    return sum
  }

  /** Errors by request, 0 before the first. */
  get errorRate(): number {
    const { requests } = this
    return requests === 0 ? 0 : this.errors / requests
  }

  get lastRequest(): Date | undefined {
    return this.#lastRequestAt === undefined ? undefined : new Date(this.#lastRequestAt)
  }

  /** What all engines but that one have counted, and the last request of all. */
  besides(engine: object): OtherCounts {
    const { requests, errors, denied, delayed } = this.#past
    const sums = { requests, errors, denied, delayed, connections: 0 }
    for (const [other, counters] of this.#current) {
      if (other === engine) continue
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += counters[name]
    }
    return { ...sums, lastRequestAt: this.#lastRequestAt ?? null }
  }

  /** Takes what an engine counts now. */
  update(engine: object, counters: EngineCounters): TallyProgress {
    const { requests, failures } = this.#current.get(engine) ?? { requests: 0, failures: 0 }
    this.#current.set(engine, counters)
    const { lastRequestAt } = counters
    if (lastRequestAt !== null) this.#lastRequestAt = Math.max(lastRequestAt, this.#lastRequestAt ?? 0)
    return { requests: counters.requests - requests, failures: counters.failures - failures }
  }

  /** An engine is gone; one in its place counts from 0. */
  engineGone(engine: object): void {
    const counters = this.#current.get(engine)
    if (counters === undefined) return
    for (const name of Object.keys(this.#past) as (keyof Sums)[]) this.#past[name] += counters[name]
    this.#current.delete(engine)
  }

  #sum(name: keyof Sums): number {
    let sum = this.#past[name]
    for (const counters of this.#current.values()) sum += counters[name]
    return sum
  }
}
