export { ManualClock, RunawayTimersError, type ManualClockOptions } from '../clock/manual-clock.ts'
export { seeded } from '../clock/seeded.ts'
export { interleavings } from './interleavings.ts'
export {
  type ChannelLaw,
  channelLaws,
  lawHosts,
  type LawHostFactory,
  type LawHostOptions,
  type LawOutcome,
  runChannelLaws,
  startConformanceWorker,
} from './conformance/index.ts'
