import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { LaneControl } from './control-words.ts'
import { type LaneLimits, laneLimits } from './lane-limits.ts'
import type { LaneOptions } from './lane.ts'

/** One end of a port lane before it is opened. Transfer `port` with it: `postMessage(handle, [handle.port])`. */
export interface LaneHandle {
  readonly port: MessagePort
  readonly control: SharedArrayBuffer
  readonly limits: LaneLimits
}

/** The end that {@link openLaneWriter} opens. */
export interface LaneWriterHandle extends LaneHandle {
  readonly end: 'writer'
}

/** The end that {@link openLaneReader} opens. */
export interface LaneReaderHandle extends LaneHandle {
  readonly end: 'reader'
}

/** The two ends of a lane, each for whichever thread it is sent to. */
export interface LaneHandles {
  readonly writer: LaneWriterHandle
  readonly reader: LaneReaderHandle
}

/**
 * Makes a lane between two threads. Either end may stay here, go to a worker, or from worker to worker.
 *
 * @throws OptionError
 */
export function createPortLane(options: LaneOptions = {}): LaneHandles {
  const limits = laneLimits(options)
  const { port1, port2 } = new MessageChannel()
  const control = new LaneControl().buffer
  return {
    writer: { end: 'writer', port: port1, control, limits },
    reader: { end: 'reader', port: port2, control, limits },
  }
}

/** The message after the last batch. */
export const END_OF_LANE = null

/** The message by which a reader tells the writer that the depth is low. */
export const DEPTH_IS_LOW = 0
