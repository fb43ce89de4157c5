import { checkBoolean, checkDuration, checkInteger, OptionError } from '@x/loop-utils/errors'
import { checkOptionNames, type OptionNames } from '../option-names.ts'

/** How a server watches itself for failures. */
export interface ServerBreakerOptions {
  /**
   * How many failures in a row degrade the server's health. Failures are answers with HTTP 500, questions that nobody
   * answered in time, and crashes of the engine; nothing that a caller does wrong counts. Default 5.
   */
  readonly failureThreshold?: number
  /** After how long without a failure the health may be good again. Default 60,000 ms. */
  readonly resetTimeoutMs?: number
  /** Whether the server then goes over to the other implementation by itself: `loop` to `thread`, or back. Default false. */
  readonly switchImplementation?: boolean
}

/** {@link ServerBreakerOptions} with every default filled in. */
export type BreakerSettings = Required<ServerBreakerOptions>

const NAMES: OptionNames<ServerBreakerOptions> = {
  failureThreshold: true,
  resetTimeoutMs: true,
  switchImplementation: true,
}

/**
 * Checks the options of the watch; undefined when there is to be none.
 *
 * @throws OptionError naming the option that is not usable
 */
export function breakerSettings(options: ServerBreakerOptions | false = {}): BreakerSettings | undefined {
  if (options === false) return undefined
  if (typeof options !== 'object' || options === null) throw new OptionError('breaker', options, 'an object, or false')
  checkOptionNames(options, NAMES, 'breaker.')
  const { failureThreshold = 5, resetTimeoutMs = 60_000, switchImplementation = false } = options
  return {
    failureThreshold: checkInteger('breaker.failureThreshold', failureThreshold, { min: 1 }),
    resetTimeoutMs: checkDuration('breaker.resetTimeoutMs', resetTimeoutMs),
    switchImplementation: checkBoolean('breaker.switchImplementation', switchImplementation),
  }
}
