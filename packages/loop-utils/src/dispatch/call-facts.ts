import type { Deadline } from '../timeout/deadline.ts'
import { fromSharedTime } from './call-limit.ts'
import { LazySignal } from './lazy-signal.ts'

/** What the function or handler of a call can learn of its caller; made when first read. */
export class CallFacts extends LazySignal {
  readonly #endsAtMs: number
  #deadline: Deadline | undefined

  /** @param endsAtMs until when the caller waits, by the clock that all threads share; `Infinity` for ever */
  constructor(endsAtMs: number) {
    super()
    this.#endsAtMs = endsAtMs
  }

  get deadline(): Deadline | undefined {
    this.#deadline ??= fromSharedTime(this.#endsAtMs)
    return this.#deadline
  }
}
