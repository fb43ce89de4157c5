import { checkInteger } from '../errors/option-checks.ts'
import { laneLimits } from '../lane/lane-limits.ts'
import type { LaneOptions } from '../lane/lane.ts'

/** Bounds of each link of a host. */
export interface LinkOptions extends LaneOptions {
  /** How many calls, and how many questions, of one link may wait for an answer at once. Default 16384. */
  readonly maxPending?: number
}

/** {@link LinkOptions} with every default filled in and every value checked. */
export interface LinkLimits {
  readonly highWaterMark: number
  readonly sliceMs: number
  readonly maxPending: number
}

/**
 * Fills in defaults and checks.
 *
 * @throws OptionError
 */
export function linkLimits(options: LinkOptions = {}): LinkLimits {
  const { highWaterMark, sliceMs } = laneLimits(options)
  return { highWaterMark, sliceMs, maxPending: checkInteger('maxPending', options.maxPending ?? 16_384, { min: 1 }) }
}
