import type { BreakerStats } from '../breaker/breaker-stats.ts'
import type { BulkheadStats } from '../concurrency/bulkhead.ts'
import type { RetryBudgetStats } from '../rate/retry-budget.ts'

/** The numbers of a recommended pipeline; a part that it does not have, or not of ours, is undefined. */
export interface RecommendedStats {
  readonly name: string
  readonly breaker: BreakerStats | undefined
  readonly bulkhead: BulkheadStats | undefined
  readonly budget: RetryBudgetStats | undefined
}
