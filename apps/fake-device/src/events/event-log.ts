import { randomBytes } from 'node:crypto'
import type { ControlEvent, ControlEventData, ControlEventType } from '@x/testkit/control'

/** What a reader has missed, and the events that it can still have. */
export interface Replay {
  readonly events: readonly ControlEvent[]
  /** How many are gone for good; null when that cannot be told, for an id of another run. */
  readonly missed: number | null
}

/**
 * The last events, and everyone who follows them. An event's id is the run and a number, so that the id of an earlier
 * run is not taken for one of this.
 */
export class EventLog {
  readonly #limit: number
  readonly #run = randomBytes(4).toString('hex')
  readonly #events: ControlEvent[] = []
  readonly #listeners = new Set<(event: ControlEvent) => void>()
  #last = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  append<T extends ControlEventType>(type: T, data: ControlEventData[T]): void {
    this.#last += 1
    const event = { id: `${this.#run}-${this.#last}`, type, at: new Date().toISOString(), data } as ControlEvent
    this.#events.push(event)
    if (this.#events.length > this.#limit) this.#events.shift()
    for (const listener of this.#listeners) listener(event)
  }

  /** What came after the event of this id. */
  since(id: string): Replay {
    const [run, number] = id.split('-')
    const seen = Number(number)
    if (run !== this.#run || !Number.isSafeInteger(seen) || seen > this.#last)
      return { events: [...this.#events], missed: null }
    const first = this.#last - this.#events.length + 1
    const missed = Math.max(0, first - 1 - seen)
    return { events: this.#events.slice(Math.max(0, seen + 1 - first)), missed }
  }

  /** The id of the newest event; of a number 0 when there was none. */
  get lastId(): string {
    return `${this.#run}-${this.#last}`
  }

  follow(listener: (event: ControlEvent) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }
}
