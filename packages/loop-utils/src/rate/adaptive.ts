import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkClock, checkFunction, checkNumber, checkObject } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { AttemptLimiter } from './attempt-limiter.ts'
import { LineLimiter } from './line-limiter.ts'
import { isOverloadError, saysOverload } from './overload-error.ts'
import { RateLine } from './rate-line.ts'
import { RefillRule, type RefillRate } from './refill-rule.ts'
import { RetryBudget } from './retry-budget.ts'
import { SendRate, SPAN_MS } from './send-rate.ts'

/** The curve of CUBIC (RFC 9438, 4.2 and 4.6): how steep it is, and what is kept of the rate at an overload. */
const STEEPNESS = 0.4
const KEPT = 0.7

export interface AdaptiveOptions {
  /** What retries are paid from. Default: a RetryBudget of its own, with its defaults. */
  readonly budget?: RetryBudget
  /** The lowest rate that an overload leads to, in attempts a second. Default 0.5. */
  readonly minRate?: number
  /** The highest rate once an overload was seen, in attempts a second. Default `Infinity`. */
  readonly maxRate?: number
  /** Which errors mean that there is too much at once. Default {@link isOverloadError}. */
  readonly isOverload?: (error: unknown) => boolean
  /** Default: the system's. */
  readonly clock?: Clock
}

/** The two options of a retry that adapt it to its peer. */
export interface AdaptiveRetry {
  readonly budget: RetryBudget
  readonly limiter: AdaptiveRate
}

/**
 * Makes retries adapt to their peer: a budget bounds how many there are, and once the peer says that there is too much
 * at once, a limiter slows all attempts, the first ones included, and probes its way up again. Share both between
 * everything that talks to that peer.
 *
 * @throws OptionError when an option is out of range
 * @example
 * const adapted = adaptive()
 * await retry(send, { ...adapted, maxAttempts: 4 })
 */
export function adaptive(options: AdaptiveOptions = {}): AdaptiveRetry {
  const { clock = systemClock } = checkObject(options)
  return { budget: options.budget ?? new RetryBudget({ clock }), limiter: new AdaptiveRate(options) }
}

/**
 * A limiter that finds out how often its peer can be asked. It admits everything until the first overload; then the rate
 * falls to 0.7 of what it was and grows again along the curve of CUBIC: fast, slowly near the rate that was too much,
 * and fast beyond it.
 */
export class AdaptiveRate implements AttemptLimiter, Disposable {
  readonly #clock: Clock
  readonly #bounds: { readonly min: number; readonly max: number }
  readonly #isOverload: (error: unknown) => boolean
  readonly #rule: RefillRule
  readonly #line: RateLine
  readonly #limiter: LineLimiter
  readonly #sent: SendRate
  /** In attempts a second; undefined before the first overload. */
  #rate: number | undefined
  #rateAtOverload = 0
  #overloadedAt = 0

  /** @throws OptionError when an option is out of range */
  constructor(options: AdaptiveOptions = {}) {
    const {
      minRate = 0.5,
      maxRate = Infinity,
      isOverload = isOverloadError,
      clock = systemClock,
    } = checkObject(options)
    const now = checkClock(clock).now()
    const min = checkNumber('minRate', minRate, { min: 0.001 })
    if (maxRate !== Infinity) checkNumber('maxRate', maxRate, { min })
    if (!(options.budget instanceof RetryBudget) && options.budget !== undefined) {
      throw new OptionError('budget', options.budget, 'a RetryBudget')
    }
    this.#clock = clock
    this.#bounds = { min, max: maxRate }
    this.#isOverload = checkFunction('isOverload', isOverload)
    this.#sent = new SendRate(now)
    this.#rule = new RefillRule(rateOf(min), 1, now)
    this.#line = new RateLine(this.#rule, clock)
    this.#limiter = new LineLimiter([this.#line], { name: 'adaptive limiter' })
  }

  /** How many attempts a second it admits; `Infinity` before the first overload. */
  get rate(): number {
    return this.#rate ?? Infinity
  }

  /** How many wait. */
  get waiting(): number {
    return this.#limiter.waiting
  }

  tryAcquire(): boolean {
    const isAdmitted = this.#rate === undefined || this.#limiter.tryAcquire()
    if (isAdmitted) this.#sent.count(this.#clock.now())
    return isAdmitted
  }

  /** Waits for its turn, of which it is one, whatever `n` is. Rejects with `signal.reason` at the abort. */
  async acquire(_n?: number, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    options.signal?.throwIfAborted()
    if (this.#rate !== undefined) await this.#limiter.acquire(1, options)
    this.#sent.count(this.#clock.now())
  }

  onSuccess(): void {
    if (this.#rate === undefined) return
    const { min, max } = this.#bounds
    const now = this.#clock.now()
    const plateauAfter = Math.cbrt((this.#rateAtOverload * (1 - KEPT)) / STEEPNESS)
    const elapsed = (now - this.#overloadedAt) / 1000
    const grown = STEEPNESS * (elapsed - plateauAfter) ** 3 + this.#rateAtOverload
    // a rate that is not made use of proves nothing
    const proven = Math.max(this.#rate, 2 * this.#sent.perSecond(now))
    this.#change(Math.min(max, Math.max(min, Math.min(grown, proven))), now)
  }

  onFailure(error: unknown): void {
    if (!saysOverload(this.#isOverload, error)) return
    const { min, max } = this.#bounds
    const now = this.#clock.now()
    // what is refused before the lower rate shows is the same overload
    if (this.#rate !== undefined && now - this.#overloadedAt < SPAN_MS) return
    const current = Math.min(this.rate, this.#sent.perSecond(now))
    this.#rateAtOverload = Math.min(max, Math.max(min, current))
    this.#overloadedAt = now
    this.#change(Math.min(max, Math.max(min, current * KEPT)), now)
  }

  /** Rejects all who wait, as on shutdown; returns how many there were. */
  rejectWaiting(reason: unknown): number {
    return this.#limiter.rejectWaiting(reason)
  }

  /** Rejects all who wait with a CancelledError, and whoever comes later and would have to wait. */
  [Symbol.dispose](): void {
    this.#limiter[Symbol.dispose]()
  }

  #change(rate: number, now: number): void {
    this.#rate = rate
    this.#rule.change(rateOf(rate), now)
    this.#line.serve()
  }
}

function rateOf(perSecond: number): RefillRate {
  return { capacity: Math.max(1, perSecond), refill: perSecond, intervalMs: 1000 }
}
