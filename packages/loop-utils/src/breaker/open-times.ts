import { constant } from '../backoff/listed.ts'
import type { Backoff } from '../backoff/backoff.ts'
import type { Random } from '../clock/random.ts'
import { checkDuration } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'

/** How many delays are skipped at most when a snapshot is restored: no sequence grows for longer. */
const MAX_SKIPPED = 1000

/** How long a circuit stays open each time, which may grow as long as it does not close in between. */
export class OpenTimes {
  readonly #backoff: Backoff
  readonly #random: Random
  #delays: Iterator<number> | undefined
  #lastMs: number
  #count = 0

  /** @throws OptionError when `openTime` is neither a duration nor a backoff of at least one delay */
  constructor(openTime: number | Backoff, random: Random) {
    this.#backoff = typeof openTime === 'number' ? constant(checkOpenTime(openTime)) : checkBackoff(openTime)
    this.#lastMs = firstDelay(this.#backoff)
    this.#random = random
  }

  /** How often the circuit has opened without closing since. */
  get count(): number {
    return this.#count
  }

  /** The next open time, in milliseconds. A sequence that has ended, or gives no duration, repeats its last. */
  next(): number {
    this.#count += 1
    this.#delays ??= this.#backoff.delays(this.#random)
    const { done, value } = this.#delays.next()
    if (done !== true && Number.isFinite(value) && value >= 0) this.#lastMs = value
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

function checkOpenTime(ms: number): number {
  return checkDuration('halfOpenAfterMs', ms)
}

function checkBackoff(backoff: Backoff): Backoff {
  if (typeof backoff === 'object' && backoff !== null && typeof backoff.delays === 'function') return backoff
  throw new OptionError('halfOpenAfterMs', backoff, 'milliseconds, or a Backoff such as exponential()')
}

function firstDelay(backoff: Backoff): number {
  for (const delayMs of backoff.delays(() => 0.5)) return checkOpenTime(delayMs)
  throw new OptionError('halfOpenAfterMs', backoff, 'a Backoff of at least one delay')
}
