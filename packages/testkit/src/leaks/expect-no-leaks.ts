import { LeakWatch, type LeakOptions } from './leak-watch.ts'

/**
 * Runs `body` and rejects when anything that was made meanwhile is left over afterwards. An error of the body itself
 * comes first.
 *
 * @example
 * await expectNoLeaks(async () => {
 *   const server = await listen()
 *   await server.close()
 * })
 *
 * @throws LeakError
 */
export async function expectNoLeaks<T>(
  body: (watch: LeakWatch) => T | Promise<T>,
  options: LeakOptions = {},
): Promise<T> {
  using watch = new LeakWatch(options)
  const result = await body(watch)
  await watch.end()
  return result
}
