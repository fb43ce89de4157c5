export { adaptive, AdaptiveRate, type AdaptiveOptions, type AdaptiveRetry } from './adaptive.ts'
export { all } from './all.ts'
export type { AttemptLimiter } from './attempt-limiter.ts'
export { gcra, type GcraOptions } from './gcra.ts'
export { keyed, type KeyedRateLimiter, type KeyedRateLimiterOptions } from './keyed-rate-limiter.ts'
export { isOverloadError } from './overload-error.ts'
export { RateLimitedError } from './rate-limited-error.ts'
export type {
  RateAcquireOptions,
  RateLimiter,
  RateLimiterOptions,
  RateLimiterStats,
  Reservation,
  ReserveOptions,
} from './rate-limiter.ts'
export { RetryBudget, type RetryBudgetOptions, type RetryBudgetStats } from './retry-budget.ts'
export { slidingWindow, type SlidingWindowOptions } from './sliding-window.ts'
export { tokenBucket, type TokenBucketOptions } from './token-bucket.ts'
