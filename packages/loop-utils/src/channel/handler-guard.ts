import { describeThrown } from '../errors/describe-thrown.ts'
import { isThenable } from '../policy/race.ts'
import type { LinkCounters } from './link-counters.ts'

/** Runs the facade's handlers, so that what they throw, or reject with, reaches its `onError` and nothing else. */
export class HandlerGuard {
  readonly #onError: ((error: unknown) => void) | undefined
  readonly #counters: LinkCounters

  constructor(handlers: { readonly onError?: (error: unknown) => void }, counters: LinkCounters) {
    this.#onError = handlers.onError?.bind(handlers)
    this.#counters = counters
  }

  run(handler: () => unknown): void {
    try {
      const outcome = handler()
      if (isThenable(outcome)) outcome.then(undefined, (error: unknown) => this.report(error))
    } catch (error) {
      this.report(error)
    }
  }

  /** Tells the facade; without an `onError` handler, by a warning of the process. */
  report(error: unknown): void {
    this.#counters.handlerErrors++
    if (this.#onError === undefined) {
      warn(error)
      return
    }
    try {
      this.#onError(error)
    } catch (ownError) {
      warn(ownError)
    }
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(`a link handler threw ${describeThrown(error)}`))
}
