import { onSignalAbort } from '../concurrency/abort-listeners.ts'

/** Those who wait until a lane takes more, each with its own way out. */
export class WritableWaiters {
  readonly #waiting = new Set<{ readonly resolve: () => void; readonly reject: (reason: unknown) => void }>()

  get size(): number {
    return this.#waiting.size
  }

  /** Waits for {@link resolveAll}; rejects with `signal.reason` when aborted, leaving no listener behind. */
  add(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    return new Promise<void>((resolve, reject) => {
      const forget = (): void => {
        this.#waiting.delete(waiter)
        forgetAbort?.()
      }
      const waiter = {
        resolve: (): void => {
          forget()
          resolve()
        },
        reject: (reason: unknown): void => {
          forget()
          reject(reason)
        },
      }
      this.#waiting.add(waiter)
      const forgetAbort = signal && onSignalAbort(signal, () => waiter.reject(signal.reason))
    })
  }

  resolveAll(): void {
    for (const waiter of this.#waiting) waiter.resolve()
  }

  rejectAll(reason: unknown): void {
    for (const waiter of this.#waiting) waiter.reject(reason)
  }
}
