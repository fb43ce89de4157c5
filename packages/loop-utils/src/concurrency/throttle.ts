import { checkDuration } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { PacedCall, type Pace, type Paced, type PacedOptions } from './paced-call.ts'

export interface ThrottleOptions extends PacedOptions {
  /** Whether a call after a pause is made at once, rather than at the end of an interval. Default true. */
  readonly leading?: boolean
  /** Whether the last call that came too early is made up for at the end of the interval. Default true. */
  readonly trailing?: boolean
}

/**
 * Makes a function that calls `fn` at most once every `intervalMs`, with the arguments of the latest call. Two calls are
 * never closer together than that, unless `flush()` makes one of them.
 *
 * @throws OptionError when an option is out of range, or neither `leading` nor `trailing`
 * @example
 * const show = throttle((value: number) => display.write(value), 100, { signal, onError: log })
 */
export function throttle<A extends readonly unknown[]>(
  fn: (...args: A) => unknown,
  intervalMs: number,
  options: ThrottleOptions = {},
): Paced<A> {
  checkDuration('intervalMs', intervalMs)
  const { leading = true, trailing = true } = options
  if (!leading && !trailing) throw new OptionError('trailing', trailing, 'true, or leading: true')
  return new PacedCall(fn, new ThrottlePace({ intervalMs, leading, trailing }), options).toFunction()
}

class ThrottlePace implements Pace {
  readonly #intervalMs: number
  readonly #isLeading: boolean
  readonly #isTrailing: boolean
  #calledAt = -Infinity
  #dueAt = 0

  constructor(options: { readonly intervalMs: number; readonly leading: boolean; readonly trailing: boolean }) {
    this.#intervalMs = options.intervalMs
    this.#isLeading = options.leading
    this.#isTrailing = options.trailing
  }

  arrive(nowMs: number, isPending: boolean): 'now' | 'later' | 'never' {
    if (isPending) return 'later'
    const freeAt = this.#calledAt + this.#intervalMs
    if (this.#isLeading && nowMs >= freeAt) return 'now'
    this.#dueAt = nowMs >= freeAt ? nowMs + this.#intervalMs : freeAt
    return this.#isTrailing ? 'later' : 'never'
  }

  dueAt(): number {
    return this.#dueAt
  }

  called(nowMs: number): void {
    this.#calledAt = nowMs
  }
}
