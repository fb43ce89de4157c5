export { ObservationPoint } from './observation-point.ts'
export type { Observer, OnEvent } from './observer.ts'
export { callSafely, warnOfStrayError } from './stray-error.ts'
