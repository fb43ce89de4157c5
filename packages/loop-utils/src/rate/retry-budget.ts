import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkClock, checkNumber, checkObject, checkOnEvent } from '../errors/option-checks.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'

const refused = new ObservationPoint('x:loop-utils:retry-budget:refuse')

/** Ten tenths are a little less than one. */
const ENOUGH = 1 - 1e-9

export interface RetryBudgetOptions extends Observer {
  /**
   * How many tokens it holds at most, and so how many retries can come at once when all was well before. Default
   * `timeoutCost`: one retry. A budget that many share can hold more.
   */
  readonly capacity?: number
  /** How many tokens it holds at first. Default: `capacity` if you give one, otherwise 0: retries are to be earned. */
  readonly initial?: number
  /** What a retry costs, in tokens. Default 1. */
  readonly cost?: number
  /** What a retry after a TimeoutError costs, in tokens: a peer that is slow suffers more from retries. Default `cost`. */
  readonly timeoutCost?: number
  /** How many retries each call pays for. Default 0.1: one retry for ten calls. */
  readonly ratio?: number
  /**
   * How many retries a second are paid for however few calls there are. Default 0: with 1, a thousand clients that each
   * have a budget would send a thousand retries a second to a peer that is down.
   */
  readonly minPerSecond?: number
  /** Tokens that come back when a retry succeeded. Default 0. */
  readonly refund?: number
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'now'>
}

/** What a budget did so far. */
export interface RetryBudgetStats {
  readonly tokens: number
  /** Calls that deposited. */
  readonly deposits: number
  /** Retries that were paid for. */
  readonly withdrawals: number
  /** Retries that were not. */
  readonly refused: number
}

/**
 * Bounds how many retries all calls to one peer make together, so that an outage does not multiply the load: in any
 * span of time, not more than `capacity` + `ratio` · calls + `minPerSecond` · seconds (and what refunds allow). Share
 * one between everything that talks to the peer.
 *
 * The defaults hold a retry storm even when each of many clients has a budget of its own: one retry for ten calls, and
 * none before the first ten. Who alone talks to a peer, or calls it seldom, can afford more: `{ capacity: 10, minPerSecond:
 * 0.1 }` pays for ten retries at once, and for six a minute.
 *
 * @example
 * const budget = new RetryBudget({ ratio: 0.1 })
 * await retry(send, { budget })
 */
export class RetryBudget {
  readonly #capacity: number
  readonly #cost: number
  readonly #timeoutCost: number
  readonly #deposit: number
  readonly #perMs: number
  readonly #refund: number
  readonly #clock: Pick<Clock, 'now'>
  readonly #observer: Observer
  #tokens: number
  #updatedAt: number
  #deposits = 0
  #withdrawals = 0
  #refused = 0

  /** @throws OptionError when an option is out of range */
  constructor(options: RetryBudgetOptions = {}) {
    const { cost = 1, ratio = 0.1, minPerSecond = 0, refund = 0, clock = systemClock, onEvent } = checkObject(options)
    const { timeoutCost = cost, capacity = timeoutCost, initial = options.capacity ?? 0 } = options
    this.#cost = checkNumber('cost', cost, { min: Number.MIN_VALUE })
    this.#timeoutCost = checkNumber('timeoutCost', timeoutCost, { min: cost })
    this.#capacity = checkNumber('capacity', capacity, { min: timeoutCost })
    this.#tokens = checkNumber('initial', initial, { min: 0, max: capacity })
    this.#deposit = checkNumber('ratio', ratio, { min: 0 }) * cost
    this.#perMs = (checkNumber('minPerSecond', minPerSecond, { min: 0 }) * cost) / 1000
    this.#refund = checkNumber('refund', refund, { min: 0 })
    this.#clock = checkClock(clock, ['now'])
    this.#observer = { onEvent: checkOnEvent(onEvent) }
    this.#updatedAt = clock.now()
  }

  /** What it holds now. */
  get tokens(): number {
    const now = this.#clock.now()
    this.#add((now - this.#updatedAt) * this.#perMs)
    this.#updatedAt = now
    return this.#tokens
  }

  /** Tells of a call that begins; not of its retries. */
  deposit(): void {
    this.#deposits++
    this.#add(this.#deposit)
  }

  /** Pays for a retry after `error`; returns false when there is too little: give up then. */
  tryWithdraw(error?: unknown): boolean {
    const cost = error instanceof TimeoutError ? this.#timeoutCost : this.#cost
    const { tokens } = this
    if (tokens < cost * ENOUGH) {
      this.#refused++
      if (refused.isObserved(this.#observer)) refused.publish({ tokens, cost, error }, this.#observer)
      return false
    }
    this.#tokens = Math.max(0, tokens - cost)
    this.#withdrawals++
    return true
  }

  /** Tells of a retry that succeeded. */
  refund(): void {
    this.#add(this.#refund)
  }

  stats(): RetryBudgetStats {
    const { tokens } = this
    return { tokens, deposits: this.#deposits, withdrawals: this.#withdrawals, refused: this.#refused }
  }

  #add(tokens: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + tokens)
  }
}
