import { LaneClosedError } from '../errors/queue-errors.ts'
import type { LaneWriter } from './lane.ts'

/**
 * Writes an item unless the lane is closed; false then, and at the high-water mark. To ask first would not do: the other
 * thread may close between the question and the write.
 */
export function writeIfOpen<T>(lane: LaneWriter<T>, item: T, transfer?: readonly ArrayBuffer[]): boolean {
  if (!lane.isOpen) return false
  try {
    return lane.write(item, transfer)
  } catch (error) {
    if (error instanceof LaneClosedError) return false
    throw error
  }
}
