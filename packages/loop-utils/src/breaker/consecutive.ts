import { checkInteger } from '../errors/option-checks.ts'
import { fieldsOfKind } from './snapshot-fields.ts'
import { isFailure, type CountedOutcome, type Trip, type TripCounter, type TripSnapshot } from './trip.ts'

const KIND = 'consecutive'

/**
 * Opens after `failures` failures in a row; any success begins the count anew. It does not look at slow calls.
 *
 * @throws OptionError when `failures` is not an integer of at least 1
 */
export function consecutive(failures: number): Trip {
  checkInteger('failures', failures, { min: 1 })
  return {
    kind: KIND,
    countsSlowCalls: false,
    usesTime: false,
    createCounter: (): TripCounter => new ConsecutiveCounter(failures),
  }
}

/** What a {@link consecutive} trip remembers. */
export interface ConsecutiveSnapshot extends TripSnapshot {
  readonly kind: 'consecutive'
  readonly failures: number
}

class ConsecutiveCounter implements TripCounter {
  readonly #limit: number
  #failures = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  record(outcome: CountedOutcome): boolean {
    if (!isFailure(outcome)) {
      this.#failures = 0
      return false
    }
    this.#failures += 1
    return this.#failures >= this.#limit
  }

  reset(): void {
    this.#failures = 0
  }

  snapshot(): ConsecutiveSnapshot {
    return { kind: KIND, failures: this.#failures }
  }

  restore(snapshot: unknown, option: string): void {
    const fields = fieldsOfKind(snapshot, option, KIND)
    this.#failures = checkInteger(`${option}.failures`, fields['failures'], { min: 0 })
  }
}
