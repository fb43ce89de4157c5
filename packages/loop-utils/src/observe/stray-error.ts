import { describeThrown, stackOf } from '../errors/describe-thrown.ts'
import { isThenable } from '../policy/race.ts'

/**
 * Tells the process of an error that nobody is there to take: a callback of the user's threw, and there is no `onError`.
 * It shows as a warning (`process.on('warning')`) and never ends the process.
 */
export function warnOfStrayError(error: unknown, source: string): void {
  const detail = stackOf(error)
  process.emitWarning(`${source} threw ${describeThrown(error)}`, {
    type: 'StrayErrorWarning',
    code: 'LOOP_STRAY_ERROR',
    detail,
  })
}

/** Runs a callback of the user's whose failure, now or when its promise rejects, must not reach us. */
export function callSafely(source: string, callback: () => unknown): void {
  callReporting(callback, (error) => warnOfStrayError(error, source))
}

/** Runs a callback of the user's; what it throws, or its promise rejects with, goes to `report`, which never throws. */
export function callReporting(callback: () => unknown, report: (error: unknown) => void): void {
  try {
    const result = callback()
    if (isThenable(result)) result.then(undefined, report)
  } catch (error) {
    report(error)
  }
}
