import { checkInteger, checkNumber } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'

/** When the calls of a window make a breaker open. */
export interface RateOptions {
  /** The share of failures, above 0 and at most 1, from which on the breaker opens. */
  readonly failureRate: number
  /** The share of slow calls, above 0 and at most 1, from which on it opens. Default: slow calls do not open it. */
  readonly slowRate?: number
}

/** How many calls a window holds, and how many of them failed and were slow; a call may be both. */
export interface WindowTotals {
  calls: number
  failures: number
  slow: number
}

/** Decides whether the totals of a window are bad enough. */
export class RateRule {
  readonly countsSlowCalls: boolean
  readonly #minCalls: number
  readonly #failureRate: number
  readonly #slowRate: number

  /** @throws OptionError when an option is out of range */
  constructor({ failureRate, slowRate }: RateOptions, minCalls: number) {
    this.countsSlowCalls = slowRate !== undefined
    this.#minCalls = checkInteger('minCalls', minCalls, { min: 1 })
    this.#failureRate = checkRate('failureRate', failureRate)
    this.#slowRate = slowRate === undefined ? Infinity : checkRate('slowRate', slowRate)
  }

  isBroken({ calls, failures, slow }: WindowTotals): boolean {
    return calls >= this.#minCalls && (failures / calls >= this.#failureRate || slow / calls >= this.#slowRate)
  }
}

function checkRate(option: string, value: number): number {
  if (value === 0) throw new OptionError(option, value, 'a number above 0 and at most 1')
  return checkNumber(option, value, { min: 0, max: 1 })
}
