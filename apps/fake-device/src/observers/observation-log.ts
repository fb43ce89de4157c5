import type { Observation, ObservationList, ObservationView } from '@x/testkit/control'

/** What observers heard: the last `limit` things of all observers together. */
export class ObservationLog {
  readonly #limit: number
  readonly #entries: ObservationView[] = []
  #total = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(observation: Observation): ObservationView {
    this.#total += 1
    const view = { ...observation, id: this.#total, at: new Date().toISOString() }
    this.#entries.push(view)
    if (this.#entries.length > this.#limit) this.#entries.shift()
    return view
  }

  list(): ObservationList {
    return { observations: [...this.#entries], total: this.#total }
  }
}
