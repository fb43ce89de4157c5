import { callSafely } from '../observe/stray-error.ts'

/** What listens to a signal, and the one listener that the signal itself has of theirs. */
interface Listening {
  readonly listeners: Set<() => void>
  readonly onAbort: () => void
}

const known = new WeakMap<AbortSignal, Listening>()

/**
 * Calls back at the abort of a signal that is not aborted yet; returns how to take that back. However many listen, the
 * signal has one listener of theirs: a process that waits in a hundred places on one shutdown signal is no leak, and
 * Node does not warn of one.
 */
export function onSignalAbort(signal: AbortSignal, listener: () => void): () => void {
  const { listeners, onAbort } = listeningTo(signal)
  // a listener of its own, so that the same function can be given twice
  const own = (): void => listener()
  if (listeners.size === 0) signal.addEventListener('abort', onAbort, { once: true })
  listeners.add(own)
  return () => {
    if (listeners.delete(own) && listeners.size === 0) signal.removeEventListener('abort', onAbort)
  }
}

function listeningTo(signal: AbortSignal): Listening {
  let listening = known.get(signal)
  if (listening === undefined) {
    const listeners = new Set<() => void>()
    const onAbort = (): void => {
      // what one throws must not keep the others from the abort
      for (const listener of listeners) callSafely('a listener to an abort', listener)
    }
    listening = { listeners, onAbort }
    known.set(signal, listening)
  }
  return listening
}
