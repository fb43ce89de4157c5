import type { Dispatcher } from './dispatcher.ts'

/**
 * Posts to a dispatcher, or calls the function at once when there is none: for code that may be used with a loop of its
 * own (`inline: true`). Returns whether it ran or will run; what an inline function throws goes to the caller.
 */
export function maybeDispatch<A extends unknown[]>(
  dispatcher: Dispatcher | undefined,
  fn: (...args: A) => unknown,
  ...args: A
): boolean {
  if (dispatcher !== undefined) return dispatcher.post(fn, ...args)
  fn(...args)
  return true
}
