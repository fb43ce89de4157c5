export { Deadline, type PlainDeadline } from './deadline.ts'
export type { LateOutcome } from './late-outcome.ts'
export { timeout, type TimeLimitOptions, type TimeoutDefault, type TimeoutOptions } from './timeout.ts'
