import { constant } from '../backoff/listed.ts'
import type { Backoff } from '../backoff/backoff.ts'
import type { Random } from '../clock/random.ts'
import { checkDuration } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { callReporting } from '../observe/stray-error.ts'

/** How many delays are skipped at most when a snapshot is restored: no sequence grows for longer. */
const MAX_SKIPPED = 1000

/** How long a circuit stays open each time, which may grow as long as it does not close in between. */
export class OpenTimes {
  readonly #backoff: Backoff
  readonly #random: Random
  readonly #onError: (error: unknown) => void
  #delays: Iterator<number> | undefined
  #lastMs: number
  #count = 0

  /**
   * @param onError told what the sequence throws; must not throw
   * @throws OptionError when `openTime` is neither a duration nor a backoff of at least one delay
   */
  constructor(openTime: number | Backoff, random: Random, onError: (error: unknown) => void) {
    const { backoff, firstMs } = checkOpenTime('halfOpenAfterMs', openTime)
    this.#backoff = backoff
    this.#lastMs = firstMs
    this.#random = random
    this.#onError = onError
  }

  /** How often the circuit has opened without closing since. */
  get count(): number {
    return this.#count
  }

  /** The next open time, in milliseconds. A sequence that has ended, throws, or gives no duration, repeats its last. */
  next(): number {
    this.#count += 1
    // a circuit has to open, whatever becomes of the sequence
    callReporting(() => {
      this.#delays ??= this.#backoff.delays(this.#random)
      const { done, value } = this.#delays.next()
      if (done !== true && Number.isFinite(value) && value >= 0) this.#lastMs = value
    }, this.#onError)
    return this.#lastMs
  }

  /** The circuit has closed: the next time is the first again. */
  rewind(): void {
    this.#count = 0
    this.#delays = undefined
  }

  /** Goes on after `count` times, as a snapshot had it. */
  resume(count: number): void {
    this.rewind()
    for (let skipped = 0; skipped < Math.min(count, MAX_SKIPPED); skipped++) this.next()
    this.#count = count
  }
}

interface CheckedOpenTime {
  readonly backoff: Backoff
  readonly firstMs: number
}

/** @throws OptionError naming `option` when it is neither a duration nor a backoff of at least one delay */
export function checkOpenTime(option: string, openTime: number | Backoff): CheckedOpenTime {
  if (typeof openTime === 'number') {
    return { backoff: constant(checkDuration(option, openTime)), firstMs: openTime }
  }
  if (typeof openTime !== 'object' || typeof openTime?.delays !== 'function') {
    throw new OptionError(option, openTime, 'milliseconds, or a Backoff such as exponential()')
  }
  for (const delayMs of openTime.delays(() => 0.5)) {
    return { backoff: openTime, firstMs: checkDuration(option, delayMs) }
  }
  throw new OptionError(option, openTime, 'a Backoff of at least one delay')
}
