export type { LateAttempt } from './late-attempt.ts'
export type { FailedAttempt, RetryOptions, RetryPolicyOptions, RetrySpending, ScheduledRetry } from './retry-options.ts'
export { retry, retryPolicy } from './retry.ts'
export { isTransientNetworkError } from './transient-network-error.ts'
