import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import {
  checkClock,
  checkDuration,
  checkFunction,
  checkObject,
  checkOnEvent,
  checkOneOf,
  checkSignal,
} from '../errors/option-checks.ts'
import type { TimeoutError } from '../errors/timeout-error.ts'
import type { Observer } from '../observe/observer.ts'
import { CallScope } from '../policy/call-scope.ts'
import type { ExecuteOptions, PolicyFunction } from '../policy/policy.ts'
import type { LateOutcome } from './late-outcome.ts'
import { callUnder, type CallLimit } from './limited-call.ts'

/** How a time limit is kept. */
export interface TimeLimitOptions extends Observer {
  /**
   * `'aggressive'` (default): rejects as soon as time is up. `'cooperative'`: aborts the function's signal, then waits
   * up to `graceMs` for it to end; a value that it returns in that time still counts.
   */
  readonly mode?: 'aggressive' | 'cooperative'
  /** Cooperative only: how long an overdue function may take to end, in milliseconds. Default 1000. */
  readonly graceMs?: number
  /** Told how the function ended when that came too late, so that no result is lost unseen. */
  readonly onLate?: (late: LateOutcome) => void
  /** Names the operation in the error's message. */
  readonly what?: string
  /** Default: the system's. */
  readonly clock?: Clock
}

/** How a time limit is kept, and what else holds for this execution. */
export interface TimeoutOptions extends TimeLimitOptions, ExecuteOptions {}

/** What stands in for the result of a function that took too long. */
export interface TimeoutDefault<D> {
  /** The value, or a function that makes it of the error. */
  readonly default: D | ((error: TimeoutError) => D | PromiseLike<D>)
}

/**
 * Calls `fn` and bounds how long its result is waited for.
 *
 * Rejects with a TimeoutError of kind `total` after `timeoutMs`, or of kind `deadline` when that is nearer, unless a
 * `default` stands in; an abort rejects at once with `signal.reason`, never with a TimeoutError. The function's own
 * `signal` aborts in each case.
 *
 * @param timeoutMs `Infinity` for no limit beside the deadline
 * @throws OptionError at once when an option is out of range
 * @example
 * const state = await timeout((context) => device.read({ signal: context.signal }), 2000, { default: 'unknown' })
 */
export function timeout<T, D>(
  fn: PolicyFunction<T>,
  timeoutMs: number,
  options: TimeoutOptions & TimeoutDefault<D>,
): Promise<T | D>
export function timeout<T>(fn: PolicyFunction<T>, timeoutMs: number, options?: TimeoutOptions): Promise<T>
export function timeout<T>(
  fn: PolicyFunction<T>,
  timeoutMs: number,
  options: TimeoutOptions & Partial<TimeoutDefault<unknown>> = {},
): Promise<unknown> {
  checkFunction('fn', fn)
  const limit = limitOf(timeoutMs, options)
  checkSignal('signal', options.signal)
  return runWithin('default' in options ? { ...limit, substitute: substituteOf(options.default) } : limit, fn, options)
}

/** Checks the options of a time limit. */
export function limitOf(timeoutMs: number, options: TimeLimitOptions): CallLimit {
  const mode = checkOneOf('mode', checkObject(options).mode ?? 'aggressive', ['aggressive', 'cooperative'])
  const graceMs = checkDuration('graceMs', options.graceMs ?? 1000)
  if (options.onLate !== undefined) checkFunction('onLate', options.onLate)
  return {
    timeoutMs: checkDuration('timeoutMs', timeoutMs, { infinite: true }),
    kind: 'total',
    what: options.what,
    graceMs: mode === 'cooperative' ? graceMs : 0,
    onLate: options.onLate,
    onEvent: checkOnEvent(options.onEvent),
    clock: checkClock(options.clock ?? systemClock),
  }
}

/** One execution under a limit. */
export function runWithin<T>(limit: CallLimit, fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
  return CallScope.run(options, (scope) => callUnder(limit, scope, fn))
}

function substituteOf(standIn: unknown): (timeout: TimeoutError) => unknown {
  return typeof standIn === 'function'
    ? (timeout) => (standIn as (timeout: TimeoutError) => unknown)(timeout)
    : () => standIn
}
