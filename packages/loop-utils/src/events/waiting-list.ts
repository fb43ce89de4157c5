import { onSignalAbort } from '../concurrency/abort-listeners.ts'

/** Promises that wait for one thing to happen. A waiter that gives up by its signal leaves nothing behind. */
export class WaitingList<T> {
  readonly #waiters = new Set<Waiter<T>>()

  get size(): number {
    return this.#waiters.size
  }

  /** Resolves or rejects with the others; rejects with `signal.reason` at its abort. */
  wait(signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason)
        return
      }
      const forgetAbort =
        signal &&
        onSignalAbort(signal, () => {
          forgetAbort?.()
          this.#waiters.delete(waiter)
          reject(signal.reason)
        })
      const waiter: Waiter<T> = { resolve, reject, forget: () => forgetAbort?.() }
      this.#waiters.add(waiter)
    })
  }

  resolveAll(value: T): void {
    for (const waiter of this.#takeAll()) waiter.resolve(value)
  }

  rejectAll(error: unknown): void {
    for (const waiter of this.#takeAll()) waiter.reject(error)
  }

  #takeAll(): readonly Waiter<T>[] {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) waiter.forget()
    return waiters
  }
}

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
  readonly forget: () => void
}
