import { OptionError } from '../errors/option-error.ts'
import type { LaneOptions } from './lane.ts'

/** Depth at which a lane's `write` begins to return false, unless told otherwise. */
export const DEFAULT_HIGH_WATER_MARK = 1024

/** Milliseconds of delivery after which I/O and timers get a turn, unless told otherwise. */
export const DEFAULT_SLICE_MS = 4

/** The sequence counters are 32 bits wide and compared by difference, so a depth must stay far below 2³¹. */
const MAX_HIGH_WATER_MARK = 2 ** 30

/** {@link LaneOptions} with every default filled in and every value checked. */
export interface LaneLimits {
  readonly highWaterMark: number
  /** The depth below which a waiting writer is woken: half of the high-water mark, at least 1. */
  readonly lowWaterMark: number
  readonly sliceMs: number
}

/**
 * Fills in defaults and checks.
 *
 * @throws OptionError
 */
export function laneLimits(options: LaneOptions = {}): LaneLimits {
  const { highWaterMark = DEFAULT_HIGH_WATER_MARK, sliceMs = DEFAULT_SLICE_MS } = options
  if (!Number.isInteger(highWaterMark) || highWaterMark < 1 || highWaterMark > MAX_HIGH_WATER_MARK) {
    throw new OptionError('highWaterMark', highWaterMark, `an integer from 1 to ${MAX_HIGH_WATER_MARK}`)
  }
  if (typeof sliceMs !== 'number' || !(sliceMs > 0) || sliceMs > 1000) {
    throw new OptionError('sliceMs', sliceMs, 'milliseconds above 0, at most 1000')
  }
  return { highWaterMark, lowWaterMark: Math.max(1, highWaterMark >> 1), sliceMs }
}
