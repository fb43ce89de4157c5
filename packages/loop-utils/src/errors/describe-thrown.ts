/** In a few words what was thrown, for messages. Whatever it is: never throws. */
export function describeThrown(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`
    return typeof thrown === 'object' && thrown !== null ? 'an object' : String(thrown)
  } catch {
    return 'what cannot be read'
  }
}

/** The stack of what was thrown, if it has one that can be read. */
export function stackOf(thrown: unknown): string | undefined {
  try {
    const stack: unknown = thrown instanceof Error ? thrown.stack : undefined
    return typeof stack === 'string' ? stack : undefined
  } catch {
    return undefined
  }
}
