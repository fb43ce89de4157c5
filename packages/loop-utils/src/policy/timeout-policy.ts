import { OptionError } from '../errors/option-error.ts'
import type { TimeoutKind } from '../errors/timeout-error.ts'
import { checkOneOf } from '../errors/option-checks.ts'
import { limitOf, runWithin, type TimeLimitOptions } from '../timeout/timeout.ts'
import type { ExecuteOptions, Policy, PolicyFunction } from './policy.ts'

/** How a timeout policy keeps its limit, and how it reports. */
export interface TimeoutPolicyOptions extends TimeLimitOptions {
  /** The kind of TimeoutError: `attempt` for one within a retry. Default `total`. */
  readonly kind?: TimeoutKind
}

const KINDS = ['attempt', 'total', 'deadline', 'call'] as const

/**
 * A policy that bounds how long the result of one execution is waited for, as `timeout` does.
 *
 * @param timeoutMs `Infinity` for no limit beside the deadline
 * @throws OptionError when an option is out of range
 */
export function timeoutPolicy(timeoutMs: number, options: TimeoutPolicyOptions = {}): Policy {
  const checked = limitOf(timeoutMs, options)
  const { kind = 'total' } = options
  const limit = { ...checked, kind: checkOneOf('kind', kind, KINDS) }
  return {
    name: 'timeout',
    execute: <T>(fn: PolicyFunction<T>, given?: ExecuteOptions): Promise<T> =>
      typeof fn === 'function' ? runWithin(limit, fn, given) : Promise.reject(new OptionError('fn', fn, 'a function')),
  }
}
