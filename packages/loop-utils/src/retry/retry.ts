import { checkFunction } from '../errors/option-checks.ts'
import { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, Policy, PolicyFunction } from '../policy/policy.ts'
import { planOf, type RetryOptions, type RetryPlan, type RetryPolicyOptions } from './retry-options.ts'
import { RetryRun } from './retry-run.ts'

/**
 * Calls `fn` until it succeeds, waiting between the attempts.
 *
 * Rejects with a RetryExhaustedError when a bound is met, whose `cause` is the last failure; with the failure itself
 * when `retryIf` does not want it retried; and with `signal.reason` at once after an abort, in which case `fn` is not
 * called again.
 *
 * @throws OptionError at once when an option is out of range
 * @example
 * const socket = await retry((context) => connect({ signal: context.signal }), { maxAttempts: 5, signal })
 */
export function retry<T>(fn: PolicyFunction<T>, options: RetryOptions<NoInfer<T>> = {}): Promise<T> {
  checkFunction('fn', fn)
  return runRetry(planOf(options), fn, options)
}

/**
 * A policy that calls a function until it succeeds, as {@link retry} does.
 *
 * @throws OptionError when an option is out of range
 */
export function retryPolicy(options: RetryPolicyOptions = {}): Policy {
  const plan = planOf(options)
  return {
    name: 'retry',
    execute: <T>(fn: PolicyFunction<T>, given?: ExecuteOptions): Promise<T> => runRetry<T>(plan, fn, given),
  }
}

async function runRetry<T>(plan: RetryPlan<T>, fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
  const scope = CallScope.enter(options)
  try {
    return await new RetryRun(plan, scope).run(fn)
  } finally {
    scope.close()
  }
}
