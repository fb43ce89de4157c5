/**
 * What listens to one signal. However many wait, the signal has one listener of theirs: a process that waits in a hundred
 * places on one shutdown signal is no leak, and Node does not warn of one.
 */
class AbortListeners {
  readonly #signal: AbortSignal
  readonly #listeners = new Set<() => void>()
  readonly #onAbort = (): void => {
    for (const listener of this.#listeners) listener()
  }

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  add(listener: () => void): void {
    if (this.#listeners.size === 0) this.#signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#listeners.add(listener)
  }

  remove(listener: () => void): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) {
      this.#signal.removeEventListener('abort', this.#onAbort)
    }
  }
}

const known = new WeakMap<AbortSignal, AbortListeners>()

/** Calls back at the abort of a signal that is not aborted yet; returns how to take that back. */
export function onSignalAbort(signal: AbortSignal, listener: () => void): () => void {
  let listeners = known.get(signal)
  if (listeners === undefined) {
    listeners = new AbortListeners(signal)
    known.set(signal, listeners)
  }
  // a listener of its own, so that the same function can be given twice
  const own = (): void => listener()
  listeners.add(own)
  return () => listeners.remove(own)
}
