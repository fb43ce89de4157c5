import { checkFunction } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { ExecuteOptions, Policy, PolicyFunction } from '../policy/policy.ts'
import type { Uninferred } from '../policy/uninferred.ts'
import { tellingLate } from './late-attempt.ts'
import { planOf, type RetryOptions, type RetryPlan, type RetryPolicyOptions } from './retry-options.ts'
import { runRetry } from './retry-run.ts'

const DEFAULT_PLAN: RetryPlan<unknown> = planOf({})

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
export function retry<T>(fn: PolicyFunction<T>, options?: RetryOptions<Uninferred<T>>): Promise<T> {
  checkFunction('fn', fn)
  return run<T>(options === undefined ? DEFAULT_PLAN : planOf(options), fn, options)
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
    execute: <T>(fn: PolicyFunction<T>, given?: ExecuteOptions): Promise<T> =>
      typeof fn === 'function' ? run<T>(plan, fn, given) : Promise.reject(new OptionError('fn', fn, 'a function')),
  }
}

function run<T>(plan: RetryPlan<T>, fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
  return runRetry<T>(plan, plan.onLate === undefined ? fn : tellingLate(fn, plan.onLate), options)
}
