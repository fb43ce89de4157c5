import type { Clock } from '@x/loop-utils/clock'

/** Bounds calls in time, and ends those under way together. */
export class LiveCalls {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #live = new Set<AbortController>()
  #endedBy: { readonly reason: unknown } | undefined

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** Makes a call with a signal that ends it in time, or with all others. */
  async run<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#endedBy !== undefined) throw this.#endedBy.reason
    const controller = new AbortController()
    const late = (): void => controller.abort(new Error(`no answer in ${this.#timeoutMs} ms`))
    const timer = this.#clock.setTimer(late, this.#timeoutMs)
    this.#live.add(controller)
    try {
      return await call(controller.signal)
    } finally {
      timer[Symbol.dispose]()
      this.#live.delete(controller)
    }
  }

  /** Ends what is under way, and what comes. */
  end(reason: unknown): void {
    this.#endedBy ??= { reason }
    for (const controller of this.#live) controller.abort(reason)
  }
}
