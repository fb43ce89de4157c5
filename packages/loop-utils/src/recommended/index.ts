export type { RecommendedOptions } from './recommended-options.ts'
export type { RecommendedStats } from './recommended-stats.ts'
export { recommended, type RecommendedPolicy } from './recommended.ts'
