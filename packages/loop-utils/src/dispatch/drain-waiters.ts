/** Promises that wait for a condition, which is looked at whenever something has changed. */
export class DrainWaiters {
  #waiting: { readonly isMet: () => boolean; readonly resolve: () => void }[] = []

  /** Resolves when the condition holds, at once if it does. */
  until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push({ isMet, resolve })
    })
  }

  check(): void {
    if (this.#waiting.length === 0) return
    this.#waiting = this.#waiting.filter(({ isMet, resolve }) => {
      if (!isMet()) return true
      resolve()
      return false
    })
  }
}
