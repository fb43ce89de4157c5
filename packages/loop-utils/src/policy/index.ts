export { compose } from './compose.ts'
export type { CallContext, ExecuteOptions, Policy, PolicyFunction } from './policy.ts'
export { timeoutPolicy, type TimeoutPolicyOptions } from './timeout-policy.ts'
