import { checkDuration, checkInteger, checkNumber, checkObject } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'

const MAX_PROBES = 1000
const MAX_STAGES = 100

/** How a half-open circuit finds out whether its peer has recovered. */
export interface HalfOpenOptions {
  /** How many probes may be under way at once, from 1 to 1000. Default 1. */
  readonly probes?: number
  /** How many probes must succeed. Default 1. */
  readonly successes?: number
  /**
   * After how many milliseconds a probe that has not ended no longer keeps another from starting; `Infinity` for never.
   * What it brings later still counts while the circuit is half-open. Default 60 000.
   */
  readonly maxWaitMs?: number
  /**
   * The shares of calls to admit after the probes have succeeded, one stage after the other, before the circuit closes:
   * `[0.1, 0.5]` admits every tenth, then every other call. A failure in any stage opens the circuit. Default `[]`.
   */
  readonly ramp?: readonly number[]
  /** How many calls must succeed in each stage of the ramp. Default 10. */
  readonly rampSuccesses?: number
}

/** Checked, with defaults. */
export type HalfOpenSettings = Required<HalfOpenOptions>

/** @throws OptionError when one is out of range, a path that begins with `option` */
export function checkHalfOpen(option: string, options: HalfOpenOptions = {}): HalfOpenSettings {
  const { probes = 1, successes = 1, maxWaitMs = 60_000, ramp = [], rampSuccesses = 10 } = checkObject(options, option)
  if (!Array.isArray(ramp) || ramp.length > MAX_STAGES) {
    throw new OptionError(`${option}.ramp`, ramp, `an array of at most ${MAX_STAGES} shares`)
  }
  return {
    probes: checkInteger(`${option}.probes`, probes, { min: 1, max: MAX_PROBES }),
    successes: checkInteger(`${option}.successes`, successes, { min: 1 }),
    maxWaitMs: checkDuration(`${option}.maxWaitMs`, maxWaitMs, { min: 1, infinite: true }),
    ramp: ramp.map((share: number, index) =>
      checkNumber(`${option}.ramp[${index}]`, share, { min: 0.000_001, max: 1 }),
    ),
    rampSuccesses: checkInteger(`${option}.rampSuccesses`, rampSuccesses, { min: 1 }),
  }
}
