import { CallScope } from '../policy/call-scope.ts'

/**
 * Calls back at the abort of a signal that is not aborted yet; returns how to take that back. However many listen, the
 * signal has one listener of theirs: a process that waits in a hundred places on one shutdown signal is no leak, and
 * Node does not warn of one.
 */
export function onSignalAbort(signal: AbortSignal, listener: () => void): () => void {
  // a listener of its own, so that the same function can be given twice
  return CallScope.of(signal).onAbort(() => listener())
}
