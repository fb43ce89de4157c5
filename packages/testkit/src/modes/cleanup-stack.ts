/** Releases what a test body opened, last first, whatever becomes of the body. */
export class CleanupStack {
  readonly #actions: (() => unknown)[] = []

  add(action: () => unknown): void {
    this.#actions.push(action)
  }

  /** Runs every action; rejects with what the first one that failed threw, after all of them ran. */
  async unwind(): Promise<void> {
    const failures: unknown[] = []
    for (let action = this.#actions.pop(); action !== undefined; action = this.#actions.pop()) {
      try {
        await action()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
