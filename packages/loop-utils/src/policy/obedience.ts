/**
 * Whether a function that was aborted has merely obeyed: it rejected with the reason, as it is or in an AbortError, as
 * Node's own functions do.
 */
export function isObedience(error: unknown, reason: unknown): boolean {
  return error === reason || (error instanceof Error && error.name === 'AbortError' && error.cause === reason)
}
