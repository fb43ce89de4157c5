import { LeakWatch, type LeakOptions } from './leak-watch.ts'

/** Functions for a test runner's hooks. */
export interface LeakHooks {
  /** Give it to `beforeEach`. */
  readonly before: () => void
  /** Give it to `afterEach`; rejects with LeakError. */
  readonly after: () => Promise<void>
}

/**
 * Checks each test of a file for leaks, with any runner.
 *
 * @example
 * const leaks = leakHooks()
 * beforeEach(leaks.before)
 * afterEach(leaks.after)
 */
export function leakHooks(options: LeakOptions = {}): LeakHooks {
  let watch: LeakWatch | undefined
  return {
    before: () => {
      watch?.[Symbol.dispose]()
      watch = new LeakWatch(options)
    },
    after: async () => {
      const ended = watch
      watch = undefined
      await ended?.end()
    },
  }
}
