/** Lets one call hold up everything else that an interface process sends. */
export class InterfaceGate {
  #holding = new Set<Promise<unknown>>()

  /** Until `call` settles, nobody else passes. It must not reject. */
  async hold<T>(call: Promise<T>): Promise<T> {
    this.#holding.add(call)
    try {
      return await call
    } finally {
      this.#holding.delete(call)
    }
  }

  /** Resolves when nothing holds anyone up. */
  async pass(): Promise<void> {
    while (this.#holding.size > 0) await Promise.all(this.#holding)
  }
}
