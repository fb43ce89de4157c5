import { OptionError } from '../errors/option-error.ts'
import { fieldsOfKind } from './snapshot-fields.ts'
import type { CountedOutcome, Trip, TripCounter, TripSnapshot } from './trip.ts'

const KIND = 'any-of'

/**
 * Opens as soon as one of `trips` would.
 *
 * @throws OptionError when none is given
 */
export function anyOf(...trips: readonly Trip[]): Trip {
  if (trips.length === 0) throw new OptionError('trips', trips, 'at least one trip')
  return {
    kind: KIND,
    countsSlowCalls: trips.some((trip) => trip.countsSlowCalls),
    usesTime: trips.some((trip) => trip.usesTime),
    createCounter: (): TripCounter => new AnyOfCounter(trips.map((trip) => trip.createCounter())),
  }
}

/** What an {@link anyOf} trip remembers. */
export interface AnyOfSnapshot extends TripSnapshot {
  readonly kind: 'any-of'
  /** In the order in which the trips were given. */
  readonly parts: readonly TripSnapshot[]
}

class AnyOfCounter implements TripCounter {
  readonly #parts: readonly TripCounter[]

  constructor(parts: readonly TripCounter[]) {
    this.#parts = parts
  }

  record(outcome: CountedOutcome, nowMs: number): boolean {
    let isBroken = false
    // every part counts every call, also after one has decided
    for (const part of this.#parts) if (part.record(outcome, nowMs)) isBroken = true
    return isBroken
  }

  reset(): void {
    for (const part of this.#parts) part.reset()
  }

  snapshot(nowMs: number): AnyOfSnapshot {
    return { kind: KIND, parts: this.#parts.map((part) => part.snapshot(nowMs)) }
  }

  restore(snapshot: unknown, option: string, nowMs: number): void {
    const list: unknown = fieldsOfKind(snapshot, option, KIND)['parts']
    if (!Array.isArray(list) || list.length !== this.#parts.length) {
      throw new OptionError(`${option}.parts`, list, `an array of ${this.#parts.length} snapshots`)
    }
    for (const [index, part] of this.#parts.entries()) part.restore(list[index], `${option}.parts[${index}]`, nowMs)
  }
}
