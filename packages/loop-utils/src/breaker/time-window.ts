import { checkDuration, checkInteger } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { RateRule, type RateOptions, type WindowTotals } from './rate-rule.ts'
import { fieldsOf, fieldsOfKind } from './snapshot-fields.ts'
import { isFailure, isSlow, type CountedOutcome, type Trip, type TripCounter, type TripSnapshot } from './trip.ts'

const KIND = 'time-window'
const MAX_BUCKETS = 1000

export interface TimeWindowOptions extends RateOptions {
  /** How long a call is looked at, in milliseconds; at least 1. */
  readonly windowMs: number
  /** Into how many slices the window is cut, from 1 to 1000: calls leave it a slice at a time. Default 10. */
  readonly buckets?: number
  /** How many calls the window must hold before rates mean anything. Default 10. */
  readonly minCalls?: number
}

/**
 * Opens when, of the calls that ended within the last `windowMs`, too many failed or were slow. It is looked at after
 * every call.
 *
 * Time is cut into slices of `windowMs / buckets`, numbered by the clock. The window is the slice of now and the
 * `buckets` − 1 before it, so that a call counts for at least `windowMs` less one slice and never for `windowMs`.
 *
 * @throws OptionError when an option is out of range
 */
export function timeWindow(options: TimeWindowOptions): Trip {
  const windowMs = checkDuration('windowMs', options.windowMs, { min: 1 })
  const buckets = checkInteger('buckets', options.buckets ?? 10, { min: 1, max: MAX_BUCKETS })
  const rule = new RateRule(options, options.minCalls ?? 10)
  return {
    kind: KIND,
    countsSlowCalls: rule.countsSlowCalls,
    usesTime: true,
    createCounter: (): TripCounter => new TimeWindowCounter(windowMs / buckets, buckets, rule),
  }
}

/** What a {@link timeWindow} trip remembers. */
export interface TimeWindowSnapshot extends TripSnapshot {
  readonly kind: 'time-window'
  readonly bucketMs: number
  /** The slices that hold calls, oldest first; `age` 0 is the slice in which the snapshot was made. */
  readonly buckets: readonly ({ readonly age: number } & Readonly<WindowTotals>)[]
}

class TimeWindowCounter implements TripCounter {
  readonly #bucketMs: number
  readonly #rule: RateRule
  readonly #ring: WindowTotals[]
  readonly #totals: WindowTotals = empty()
  /** The number of the newest slice; its place in the ring follows from it. */
  #newest = -Infinity

  constructor(bucketMs: number, buckets: number, rule: RateRule) {
    this.#bucketMs = bucketMs
    this.#rule = rule
    this.#ring = Array.from({ length: buckets }, empty)
  }

  record(outcome: CountedOutcome, nowMs: number): boolean {
    this.#moveTo(nowMs)
    tally(this.#bucketOf(this.#newest), outcome)
    tally(this.#totals, outcome)
    return this.#rule.isBroken(this.#totals)
  }

  reset(): void {
    for (const bucket of this.#ring) clear(bucket)
    clear(this.#totals)
  }

  snapshot(nowMs: number): TimeWindowSnapshot {
    this.#moveTo(nowMs)
    const { length } = this.#ring
    const buckets = this.#ring.map((_, index) => {
      const age = length - 1 - index
      return { age, ...this.#bucketOf(this.#newest - age) }
    })
    return { kind: KIND, bucketMs: this.#bucketMs, buckets: buckets.filter(({ calls }) => calls > 0) }
  }

  /** The ages begin to count again from now on; calls that are too old for this window are left out. */
  restore(snapshot: unknown, option: string, nowMs: number): void {
    const fields = fieldsOfKind(snapshot, option, KIND)
    const bucketMs = checkDuration(`${option}.bucketMs`, fields['bucketMs'], { min: Number.MIN_VALUE })
    const list: unknown = fields['buckets']
    if (!Array.isArray(list) || list.length > MAX_BUCKETS) {
      throw new OptionError(`${option}.buckets`, list, `an array of at most ${MAX_BUCKETS} slices`)
    }
    const buckets = list.map((bucket: unknown, index) => checkBucket(bucket, `${option}.buckets[${index}]`))
    this.reset()
    this.#moveTo(nowMs)
    for (const { age, ...totals } of buckets) {
      const ageHere = Math.floor((age * bucketMs) / this.#bucketMs)
      if (ageHere < this.#ring.length) this.#add(this.#newest - ageHere, totals)
    }
  }

  /** Empties the slices that fall out of the window, by their numbers: an hour of silence empties it at once. */
  #moveTo(nowMs: number): void {
    const number = Math.floor(nowMs / this.#bucketMs)
    if (number <= this.#newest) return
    const first = Math.max(this.#newest + 1, number - this.#ring.length + 1)
    for (let expired = first; expired <= number; expired++) {
      const bucket = this.#bucketOf(expired)
      this.#totals.calls -= bucket.calls
      this.#totals.failures -= bucket.failures
      this.#totals.slow -= bucket.slow
      clear(bucket)
    }
    this.#newest = number
  }

  #add(number: number, { calls, failures, slow }: WindowTotals): void {
    for (const totals of [this.#bucketOf(number), this.#totals]) {
      totals.calls += calls
      totals.failures += failures
      totals.slow += slow
    }
  }

  #bucketOf(number: number): WindowTotals {
    const { length } = this.#ring
    const bucket = this.#ring[((number % length) + length) % length]
    if (bucket === undefined) throw new RangeError(`the clock shows no time: slice ${number}`)
    return bucket
  }
}

function empty(): WindowTotals {
  return { calls: 0, failures: 0, slow: 0 }
}

function tally(totals: WindowTotals, outcome: CountedOutcome): void {
  totals.calls += 1
  if (isFailure(outcome)) totals.failures += 1
  if (isSlow(outcome)) totals.slow += 1
}

function clear(totals: WindowTotals): void {
  totals.calls = 0
  totals.failures = 0
  totals.slow = 0
}

function checkBucket(bucket: unknown, option: string): { readonly age: number } & WindowTotals {
  const fields = fieldsOf(bucket, option)
  const age = checkInteger(`${option}.age`, fields['age'], { min: 0, max: MAX_BUCKETS })
  const calls = checkInteger(`${option}.calls`, fields['calls'], { min: 0 })
  const failures = checkInteger(`${option}.failures`, fields['failures'], { min: 0, max: calls })
  const slow = checkInteger(`${option}.slow`, fields['slow'], { min: 0, max: calls })
  return { age, calls, failures, slow }
}
