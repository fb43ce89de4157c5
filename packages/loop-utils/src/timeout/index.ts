export { Deadline, type PlainDeadline } from './deadline.ts'
export type { LateOutcome } from './timed-call.ts'
export { timeout, type TimeLimitOptions, type TimeoutDefault, type TimeoutOptions } from './timeout.ts'
