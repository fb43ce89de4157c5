export type { ChannelLaw, LawHostFactory, LawHostOptions } from './channel-law.ts'
export { channelLaws } from './channel-laws.ts'
export { lawHosts, startConformanceWorker } from './law-hosts.ts'
export { type LawOutcome, runChannelLaws } from './run-channel-laws.ts'
