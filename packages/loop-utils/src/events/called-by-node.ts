/**
 * Whether the caller of a method is `node:events` itself: `once` and `on` of that module listen to `'error'` on every
 * emitter, which is no mistake of the user's.
 */
export function isCalledByNode(target: object, method: string): boolean {
  const { stackTraceLimit } = Error
  const caught: { stack?: unknown } = {}
  Error.stackTraceLimit = 1
  try {
    Error.captureStackTrace(caught, Reflect.get(target, method) as () => unknown)
    // formatted when first read
    return String(caught.stack).includes('node:events')
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
