export { EventStream, type StreamOptions, type StreamOverflow, type StreamSetup } from './event-stream.ts'
export type { PausableSource } from './source-hold.ts'
export { streamOf } from './stream-of.ts'
