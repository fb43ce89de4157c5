/** An abort signal that is made only if somebody reads it. */
export class LazySignal {
  #controller: AbortController | undefined
  #abort: { readonly reason: unknown } | undefined

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abort !== undefined) this.#controller.abort(this.#abort.reason)
    }
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    this.#abort ??= { reason }
    this.#controller?.abort(reason)
  }
}
