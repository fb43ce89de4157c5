/**
 * Tells the process of an error that nobody is there to take: a callback of the user's threw, and there is no `onError`.
 * It shows as a warning (`process.on('warning')`) and never ends the process.
 */
export function warnOfStrayError(error: unknown, source: string): void {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : describe(error)
  const detail = error instanceof Error && error.stack !== undefined ? { detail: error.stack } : {}
  process.emitWarning(`${source} threw ${message}`, { type: 'StrayErrorWarning', code: 'LOOP_STRAY_ERROR', ...detail })
}

/** Runs a callback of the user's whose failure must not reach us. */
export function callSafely(source: string, callback: () => unknown): void {
  try {
    callback()
  } catch (error) {
    warnOfStrayError(error, source)
  }
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
