/** Whether anybody still waits for the answer to a request. Its signal is only made when it is looked at. */
export class RequestLife {
  #controller: AbortController | undefined
  #reason: Error | undefined

  get isOver(): boolean {
    return this.#reason !== undefined
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  end(reason: Error): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#controller?.abort(reason)
  }
}
