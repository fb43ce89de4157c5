import { checkInteger, checkText } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { RateRule, type RateOptions, type WindowTotals } from './rate-rule.ts'
import { fieldsOfKind } from './snapshot-fields.ts'
import { isFailure, isSlow, type CountedOutcome, type Trip, type TripCounter, type TripSnapshot } from './trip.ts'

const KIND = 'count-window'
const MAX_SIZE = 1_000_000

/** What a call was, as bits. */
const FAILED = 1
const SLOW = 2

/** The letters of calls in a snapshot, by their bits. */
const LETTERS = 'sfSF'

export interface CountWindowOptions extends RateOptions {
  /** How many of the last calls are looked at, from 1 to 1 000 000. */
  readonly size: number
  /** How many calls the window must hold before rates mean anything, at most `size`. Default `size`. */
  readonly minCalls?: number
}

/**
 * Opens when, of the last `size` calls, too many failed or were slow. It is looked at after every call.
 *
 * @throws OptionError when an option is out of range
 */
export function countWindow(options: CountWindowOptions): Trip {
  const size = checkInteger('size', options.size, { min: 1, max: MAX_SIZE })
  const minCalls = checkInteger('minCalls', options.minCalls ?? size, { min: 1, max: size })
  const rule = new RateRule(options, minCalls)
  return {
    kind: KIND,
    countsSlowCalls: rule.countsSlowCalls,
    usesTime: false,
    createCounter: (): TripCounter => new CountWindowCounter(size, rule),
  }
}

/** What a {@link countWindow} trip remembers. */
export interface CountWindowSnapshot extends TripSnapshot {
  readonly kind: 'count-window'
  /** One letter a call, oldest first: `s` success, `S` slow success, `f` failure, `F` slow failure. */
  readonly calls: string
}

class CountWindowCounter implements TripCounter {
  readonly #rule: RateRule
  readonly #ring: Uint8Array
  readonly #totals: WindowTotals = { calls: 0, failures: 0, slow: 0 }
  /** Where the next call goes. */
  #next = 0

  constructor(size: number, rule: RateRule) {
    this.#rule = rule
    this.#ring = new Uint8Array(size)
  }

  record(outcome: CountedOutcome): boolean {
    this.#push((isFailure(outcome) ? FAILED : 0) | (isSlow(outcome) ? SLOW : 0))
    return this.#rule.isBroken(this.#totals)
  }

  reset(): void {
    this.#next = 0
    Object.assign(this.#totals, { calls: 0, failures: 0, slow: 0 })
  }

  snapshot(): CountWindowSnapshot {
    const { calls } = this.#totals
    const { length } = this.#ring
    const oldest = this.#next - calls + length
    const letters = Array.from({ length: calls }, (_, index) => LETTERS.charAt(this.#at((oldest + index) % length)))
    return { kind: KIND, calls: letters.join('') }
  }

  /** Of a window that was larger, the newest calls are kept. */
  restore(snapshot: unknown, option: string): void {
    const fields = fieldsOfKind(snapshot, option, KIND)
    const calls = checkText(`${option}.calls`, fields['calls'], { minLength: 0, maxLength: MAX_SIZE })
    if (!/^[sSfF]*$/.test(calls)) throw new OptionError(`${option}.calls`, calls, 'the letters s, S, f and F only')
    this.reset()
    for (const letter of calls.slice(-this.#ring.length)) this.#push(LETTERS.indexOf(letter))
  }

  #push(bits: number): void {
    if (this.#totals.calls === this.#ring.length) this.#count(this.#at(this.#next), -1)
    this.#ring[this.#next] = bits
    this.#next = (this.#next + 1) % this.#ring.length
    this.#count(bits, 1)
  }

  #at(place: number): number {
    return this.#ring[place] ?? 0
  }

  #count(bits: number, by: 1 | -1): void {
    this.#totals.calls += by
    if ((bits & FAILED) !== 0) this.#totals.failures += by
    if ((bits & SLOW) !== 0) this.#totals.slow += by
  }
}
