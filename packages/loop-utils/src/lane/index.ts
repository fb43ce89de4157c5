export type { LaneEnd, LaneHandler, LaneOptions, LaneReader, LaneWriter } from './lane.ts'
export { createMemoryLane, type LaneEnds, type MemoryLaneOptions } from './memory-lane.ts'
export {
  createPortLane,
  type LaneHandle,
  type LaneHandles,
  type LaneReaderHandle,
  type LaneWriterHandle,
} from './port-lane.ts'
export { openLaneReader, type LaneReaderOptions, type PortLaneReader } from './port-lane-reader.ts'
export { openLaneWriter, type LaneWriterOptions, type PortLaneWriter } from './port-lane-writer.ts'
