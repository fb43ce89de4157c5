export { ManualClock, RunawayTimersError, type ManualClockOptions } from '../clock/manual-clock.ts'
export { seeded } from '../clock/seeded.ts'
export { interleavings } from './interleavings.ts'
