export { timeSlicer, type TimeSlicer, type TimeSlicerOptions } from './time-slicer.ts'
export { yieldToLoop } from './yield-to-loop.ts'
