import type { Backoff } from '../backoff/backoff.ts'
import { exponential } from '../backoff/growing.ts'
import { concat, sequence } from '../backoff/listed.ts'
import type { Random } from '../clock/random.ts'
import { checkCount, checkDuration } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'

/** When an engine is made anew after a crash. */
export interface RestartOptions {
  /** How many restarts within `windowMs` are admitted; the next crash takes the link `down`. Default 5; 0 for none. */
  readonly maxRestarts?: number
  /** Milliseconds for which a restart counts. Default 60000. */
  readonly windowMs?: number
  /** Delays before the restarts within a window. Default: 0, then 100 ms doubling to 10 s. */
  readonly backoff?: Backoff
}

/** {@link RestartOptions} with every default filled in and every value checked. */
export interface RestartPolicy {
  readonly maxRestarts: number
  readonly windowMs: number
  readonly backoff: Backoff
}

const DEFAULT_BACKOFF: Backoff = concat(sequence([0]), exponential({ initialDelayMs: 100, maxDelayMs: 10_000 }))

/**
 * Fills in defaults and checks.
 *
 * @throws OptionError
 */
export function restartPolicy(options: RestartOptions = {}): RestartPolicy {
  const { backoff = DEFAULT_BACKOFF, maxRestarts = 5, windowMs = 60_000 } = options
  if (typeof (backoff as Partial<Backoff> | null)?.delays !== 'function') {
    throw new OptionError('restart.backoff', backoff, 'a Backoff')
  }
  return {
    maxRestarts: checkCount('restart.maxRestarts', maxRestarts, { min: 0 }),
    windowMs: checkDuration('restart.windowMs', windowMs, { min: 1 }),
    backoff,
  }
}

/** Counts the restarts of one link against its policy. */
export class RestartBudget {
  readonly #policy: RestartPolicy
  readonly #random: Random
  #restarts: number[] = []
  #delays: Iterator<number> | undefined

  constructor(policy: RestartPolicy, random: Random) {
    this.#policy = policy
    this.#random = random
  }

  /** Milliseconds to wait before the next restart, or undefined when there is to be none. */
  next(now: number): number | undefined {
    const { backoff, maxRestarts, windowMs } = this.#policy
    this.#restarts = this.#restarts.filter((at) => now - at < windowMs)
    if (this.#restarts.length >= maxRestarts) return undefined
    if (this.#restarts.length === 0) this.#delays = undefined
    this.#delays ??= backoff.delays(this.#random)
    const delay = this.#delays.next()
    if (delay.done === true) return undefined
    this.#restarts.push(now)
    return delay.value
  }
}
