import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import {
  checkClock,
  checkDuration,
  checkFunction,
  checkInteger,
  checkNumber,
  checkOnEvent,
} from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { Observer } from '../observe/observer.ts'
import type { ExecuteOptions, Policy, PolicyFunction } from '../policy/policy.ts'
import type { RetryBudget } from '../rate/retry-budget.ts'
import type { LateOutcome } from '../timeout/late-outcome.ts'
import { HedgedCall, type HedgePlan } from './hedged-call.ts'
import { LatencyWindow } from './latency-window.ts'
import { inScope } from './policy-scope.ts'

/** How a call is hedged. Give `afterMs`, or `percentile`, or both. */
export interface HedgePolicyOptions extends Observer {
  /** How long an attempt may go unanswered before another is made beside it, in milliseconds. */
  readonly afterMs?: number
  /**
   * Take that time from the latencies of earlier calls: 95 makes another attempt in about one call of twenty. Until
   * `minSamples` are there, `afterMs` holds, and without it nothing is hedged.
   */
  readonly percentile?: number
  /** How many latencies `percentile` asks for. Default 20. */
  readonly minSamples?: number
  /** Where latencies are kept; may be shared. Default: 256 samples of the policy's own. */
  readonly latencies?: LatencyWindow
  /** How many attempts are made at most, the first included. Default 2. */
  readonly max?: number
  /** What further attempts are paid from; share it with retries to the same peer. Default: no budget. */
  readonly budget?: RetryBudget
  /** Told how attempts ended that were aborted since another had answered, such as with a connection to be closed. */
  readonly onLate?: (late: LateOutcome) => void
  /** Default: the system's. */
  readonly clock?: Clock
}

export interface HedgeOptions extends HedgePolicyOptions, ExecuteOptions {}

/**
 * Calls `fn`, and again beside it when it takes long; the first attempt to succeed wins and the others are aborted.
 * An attempt that fails is followed by another at once. Only for what is harmless to do twice.
 *
 * Rejects with the error when the only attempt failed, with an AggregateError of all when several did, and with
 * `signal.reason` at once after an abort.
 *
 * @throws OptionError at once when an option is out of range
 * @example
 * const state = await hedge((context) => read(device, { signal: context.signal }), { afterMs: 50, max: 3 })
 */
export function hedge<T>(fn: PolicyFunction<T>, options: HedgeOptions): Promise<T> {
  const { percentile, latencies, afterMs } = checkOptions(options)
  if (percentile !== undefined && latencies === undefined && afterMs === undefined) {
    throw new OptionError('latencies', latencies, 'a LatencyWindow that calls share, a hedgePolicy, or afterMs')
  }
  return hedgePolicy(options).execute(fn, options)
}

/**
 * A policy that hedges calls, as {@link hedge} does, and learns their latencies.
 *
 * @throws OptionError when an option is out of range
 */
export function hedgePolicy(options: HedgePolicyOptions): Policy {
  const plan = planOf(options)
  return {
    name: 'hedge',
    execute: async <T>(fn: PolicyFunction<T>, given?: ExecuteOptions): Promise<T> => {
      checkFunction('fn', fn)
      return inScope(given, plan.clock, (scope) => new HedgedCall(plan, scope, fn).run())
    },
  }
}

function checkOptions<O extends HedgePolicyOptions>(options: O): O {
  if (typeof options === 'object' && options !== null) return options
  throw new OptionError('options', options, 'an object with afterMs or percentile')
}

function planOf(options: HedgePolicyOptions): HedgePlan {
  const { minSamples = 20, max = 2, latencies = new LatencyWindow(), budget, onLate } = checkOptions(options)
  const { clock = systemClock, onEvent } = options
  checkClock(clock)
  checkOnEvent(onEvent)
  if (onLate !== undefined) checkFunction('onLate', onLate)
  if (typeof latencies.record !== 'function' || typeof latencies.percentile !== 'function') {
    throw new OptionError('latencies', latencies, 'a LatencyWindow')
  }
  if (budget !== undefined && typeof budget.tryWithdraw !== 'function') {
    throw new OptionError('budget', budget, 'a RetryBudget')
  }
  return {
    ...delayOf(options),
    minSamples: checkInteger('minSamples', minSamples, { min: 1 }),
    latencies,
    max: checkInteger('max', max, { min: 1 }),
    budget,
    onLate,
    clock,
    observer: options,
  }
}

/** After what time another attempt is made. */
function delayOf({ afterMs, percentile }: HedgePolicyOptions): Pick<HedgePlan, 'afterMs' | 'percentile'> {
  if (afterMs === undefined && percentile === undefined) {
    throw new OptionError('afterMs', afterMs, 'milliseconds, or percentile')
  }
  return {
    afterMs: checkDuration('afterMs', afterMs ?? Infinity, { infinite: true }),
    percentile: percentile === undefined ? undefined : checkNumber('percentile', percentile, { min: 0, max: 100 }),
  }
}
