/** The signal by which the caller has given up a call, as far as its arguments show: a signal, or options with one. */
export function abortedSignalOf(args: readonly unknown[]): AbortSignal | undefined {
  for (const argument of args) {
    const signal = argument instanceof AbortSignal ? argument : signalIn(argument)
    if (signal?.aborted === true) return signal
  }
  return undefined
}

function signalIn(argument: unknown): AbortSignal | undefined {
  if (typeof argument !== 'object' || argument === null) return undefined
  try {
    const { signal } = argument as { readonly signal?: unknown }
    return signal instanceof AbortSignal ? signal : undefined
  } catch {
    // an object that does not know the name: it holds no signal
    return undefined
  }
}
