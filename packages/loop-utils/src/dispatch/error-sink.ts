import { describeThrown, stackOf } from '../errors/describe-thrown.ts'
import { callReporting } from '../observe/stray-error.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import type { DispatchInfo, DispatcherOptions } from './dispatcher-options.ts'

const failed = new ObservationPoint('x:loop-utils:dispatcher:error')

/** Where the errors of functions and handlers go that no call can carry. */
export class ErrorSink {
  readonly #onError: ((error: unknown, info: DispatchInfo) => void) | undefined
  readonly #observer: Observer
  readonly #dispatcher: string | undefined
  readonly #name: string
  #count = 0

  constructor({ name, onError, onEvent }: Pick<DispatcherOptions, 'name' | 'onError' | 'onEvent'>) {
    this.#onError = onError
    this.#observer = { onEvent }
    this.#dispatcher = name
    this.#name = name === undefined ? 'a dispatcher' : `dispatcher '${name}'`
  }

  get count(): number {
    return this.#count
  }

  report(error: unknown, info: DispatchInfo): void {
    if (++this.#count === 1 && this.#onError === undefined) this.#warn(error, info)
    if (failed.isObserved(this.#observer)) {
      failed.publish({ dispatcher: this.#dispatcher, ...info, error }, this.#observer)
    }
    const onError = this.#onError
    if (onError === undefined) return
    // it is the last resort itself; the count tells
    callReporting(
      () => onError(error, info),
      () => this.#count++,
    )
  }

  #warn(error: unknown, { kind, handler }: DispatchInfo): void {
    const what = handler === undefined ? kind : `${kind} of '${handler}'`
    process.emitWarning(
      `${this.#name} has no onError, and its ${what} failed: ${describeThrown(error)}; further errors are only counted`,
      { code: 'LOOP_DISPATCH_ERROR', detail: stackOf(error) ?? '' },
    )
  }
}
