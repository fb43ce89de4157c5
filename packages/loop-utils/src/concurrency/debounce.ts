import { checkDuration } from '../errors/option-checks.ts'
import { PacedCall, type Pace, type Paced, type PacedOptions } from './paced-call.ts'

export interface DebounceOptions extends PacedOptions {
  /** Whether the first call of a series is made at once. Default false. */
  readonly leading?: boolean
  /** How long a call is put off at most, in milliseconds, when the series does not end. Default `Infinity`. */
  readonly maxWaitMs?: number
}

/**
 * Makes a function that calls `fn` once a series of calls is over: `waitMs` after the last one, with its arguments.
 *
 * @throws OptionError when an option is out of range
 * @example
 * const save = debounce((state: State) => store.write(state), 200, { signal, onError: log })
 */
export function debounce<A extends readonly unknown[]>(
  fn: (...args: A) => unknown,
  waitMs: number,
  options: DebounceOptions = {},
): Paced<A> {
  checkDuration('waitMs', waitMs)
  const maxWaitMs = checkDuration('maxWaitMs', options.maxWaitMs ?? Infinity, { min: waitMs, infinite: true })
  return new PacedCall(
    fn,
    new DebouncePace({ waitMs, maxWaitMs, leading: options.leading ?? false }),
    options,
  ).toFunction()
}

class DebouncePace implements Pace {
  readonly #waitMs: number
  readonly #maxWaitMs: number
  readonly #isLeading: boolean
  #latestAt = -Infinity
  #pendingSince = -Infinity

  constructor(options: { readonly waitMs: number; readonly maxWaitMs: number; readonly leading: boolean }) {
    this.#waitMs = options.waitMs
    this.#maxWaitMs = options.maxWaitMs
    this.#isLeading = options.leading
  }

  arrive(nowMs: number, isPending: boolean): 'now' | 'later' {
    const isFirst = !isPending && nowMs >= this.#latestAt + this.#waitMs
    this.#latestAt = nowMs
    if (this.#isLeading && isFirst) return 'now'
    if (!isPending) this.#pendingSince = nowMs
    return 'later'
  }

  dueAt(): number {
    return Math.min(this.#latestAt + this.#waitMs, this.#pendingSince + this.#maxWaitMs)
  }

  called(): void {
    // a series ends by silence, not by a call
  }
}
