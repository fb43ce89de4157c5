import { OptionError } from '../errors/option-error.ts'

/**
 * The delay that a clock waits: `ms`, or 0 when it lies in the past.
 *
 * @throws OptionError for NaN, which a timer would take for "at once"
 */
export function timerDelay(ms: number): number {
  if (typeof ms !== 'number' || Number.isNaN(ms)) throw new OptionError('ms', ms, 'milliseconds')
  return ms > 0 ? ms : 0
}
