export type { Observer, OnEvent } from './observer.ts'
export { ObservationPoint } from './observation-point.ts'
export { callReporting, callSafely, warnOfStrayError } from './stray-error.ts'
export { checkAnswer } from './predicate-answer.ts'
