import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkClock, checkFunction, checkObject } from '../errors/option-checks.ts'
import { errorRate, type RequestStats } from './request-stats.ts'

export interface RequestCounterOptions {
  /** Where the times come from at which requests ended. Default: the system's. */
  readonly clock?: Clock
}

/**
 * Counts requests and how they ended, for the figures that services share.
 *
 * @example
 * readonly #requests = new RequestCounter()
 * // where a request is served
 * return this.#requests.run(() => answer(request))
 * // and in the service
 * protected override requestStats(): RequestStats { return this.#requests.stats() }
 */
export class RequestCounter {
  readonly #clock: Clock
  #requests = 0
  #errors = 0
  #lastAt: number | undefined
  #lastErrorAt: number | undefined

  /** @throws OptionError when the clock is none */
  constructor(options: RequestCounterOptions = {}) {
    this.#clock = checkClock(checkObject(options).clock ?? systemClock)
  }

  /** A request ended well. */
  succeeded(): void {
    this.#requests++
    this.#lastAt = this.#clock.wall()
  }

  /** A request failed. */
  failed(): void {
    this.succeeded()
    this.#errors++
    this.#lastErrorAt = this.#lastAt
  }

  /** Calls `fn`, and counts how it ends. */
  async run<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    checkFunction('fn', fn)
    try {
      const result = await fn()
      this.succeeded()
      return result
    } catch (error) {
      this.failed()
      throw error
    }
  }

  stats(): RequestStats {
    return {
      requests: this.#requests,
      errors: this.#errors,
      errorRate: errorRate(this.#errors, this.#requests),
      lastAt: this.#lastAt,
      lastErrorAt: this.#lastErrorAt,
    }
  }
}
