import type { Backoff } from '../backoff/backoff.ts'
import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import { systemClock } from '../clock/system-clock.ts'
import {
  checkBoolean,
  checkClock,
  checkDuration,
  checkFunction,
  checkInteger,
  checkOneOf,
  checkRandom,
  checkText,
} from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { Observer, OnEvent } from '../observe/observer.ts'
import { callSafely, warnOfStrayError } from '../observe/stray-error.ts'
import type { Outcome, Settled } from './breaker-state.ts'
import { consecutive } from './consecutive.ts'
import { checkHalfOpen, type HalfOpenOptions, type HalfOpenSettings } from './half-open-options.ts'
import { OpenTimes } from './open-times.ts'
import type { Trip } from './trip.ts'

/**
 * Decides how the end of a call is taken. `byDefault` is what would be decided without: a rejection is a failure, unless
 * the caller aborted the call, which is ignored. An abort by a timeout is a failure.
 */
export type Classify = (settled: Settled, byDefault: Outcome) => Outcome

export interface BreakerOptions extends Observer {
  /** Names the breaker in errors and events. Default `'circuit'`. */
  readonly name?: string
  /** When a closed circuit opens. Default `consecutive(5)`. */
  readonly trip?: Trip
  /**
   * How long the circuit stays open, in milliseconds, or a sequence of delays: the next one each time that a probe
   * fails, and from the first again after the circuit has closed. Default 60 000.
   */
  readonly halfOpenAfterMs?: number | Backoff
  readonly halfOpen?: HalfOpenOptions
  /**
   * What happens to calls that a half-open circuit has no place for: `'reject'` (default) refuses them; `'wait'` queues
   * them, first come first served, until it has. When the circuit closes, those that wait are not let go all at once:
   * as many as there are probes begin, and each that succeeds makes room for one more. When it opens, all are refused.
   */
  readonly whenHalfOpen?: 'reject' | 'wait'
  /** How many calls may wait at most; further ones are refused. Default 1000. */
  readonly maxWaiting?: number
  /** Calls that take longer than this, in milliseconds, are slow. Default `Infinity`: none is. */
  readonly slowCallMs?: number
  readonly classify?: Classify
  /**
   * `'report-only'` admits every call and only tells in which state the circuit would be: for events that come in,
   * which must never be refused. Default `'enforce'`.
   */
  readonly mode?: 'enforce' | 'report-only'
  /** Whether the breaker begins disabled. Default false. */
  readonly disabled?: boolean
  /** Told what `classify`, the backoff or a listener threw. Default: a warning of the process. */
  readonly onError?: (error: unknown) => void
  /** Default: the system's. Only its monotonic time is read. */
  readonly clock?: Clock
  /** For backoffs with jitter. Default `Math.random`. */
  readonly random?: Random
}

/** Checked options with their defaults. */
export interface BreakerSettings {
  readonly name: string
  readonly trip: Trip
  readonly openTimes: OpenTimes
  readonly halfOpen: HalfOpenSettings
  readonly isWaiting: boolean
  readonly maxWaiting: number
  readonly slowCallMs: number
  readonly classify: Classify | undefined
  readonly isReportOnly: boolean
  readonly isDisabled: boolean
  readonly onError: ((error: unknown) => void) | undefined
  readonly onEvent: OnEvent | undefined
  readonly clock: Clock
}

/** @throws OptionError when an option is out of range or contradicts another */
export function checkBreakerOptions(options: BreakerOptions): BreakerSettings {
  const { name = 'circuit', classify, clock = systemClock, onError, onEvent, random = Math.random } = options
  for (const [option, value] of Object.entries({ classify, onError, onEvent })) {
    if (value !== undefined) checkFunction(option, value)
  }
  return {
    ...tripOf(options),
    ...modesOf(options),
    name: checkText('name', name),
    openTimes: new OpenTimes(options.halfOpenAfterMs ?? 60_000, checkRandom(random), (error) => {
      if (onError === undefined) warnOfStrayError(error, 'halfOpenAfterMs')
      else callSafely('onError', () => onError(error))
    }),
    classify,
    onError,
    onEvent,
    clock: checkClock(clock, options.whenHalfOpen === 'wait' ? ['now', 'setTimer'] : ['now']),
  }
}

function tripOf(options: BreakerOptions): Pick<BreakerSettings, 'trip' | 'slowCallMs'> {
  const { slowCallMs = Infinity, trip = consecutive(5) } = options
  if (typeof trip?.createCounter !== 'function') throw new OptionError('trip', trip, 'a trip, such as consecutive(5)')
  checkDuration('slowCallMs', slowCallMs, { infinite: true })
  if (trip.countsSlowCalls && slowCallMs === Infinity) {
    throw new OptionError('slowCallMs', slowCallMs, 'milliseconds, since the trip has a slowRate')
  }
  return { trip, slowCallMs }
}

function modesOf(
  options: BreakerOptions,
): Pick<BreakerSettings, 'halfOpen' | 'isWaiting' | 'maxWaiting' | 'isReportOnly' | 'isDisabled'> {
  const halfOpen = checkHalfOpen('halfOpen', options.halfOpen)
  const mode = checkOneOf('mode', options.mode ?? 'enforce', ['enforce', 'report-only'])
  const whenHalfOpen = checkOneOf('whenHalfOpen', options.whenHalfOpen ?? 'reject', ['reject', 'wait'])
  const isWaiting = whenHalfOpen === 'wait'
  if (isWaiting && mode === 'report-only') {
    throw new OptionError('whenHalfOpen', whenHalfOpen, "'reject', since a breaker that only reports delays no call")
  }
  if (isWaiting && halfOpen.ramp.length > 0) {
    throw new OptionError('halfOpen.ramp', halfOpen.ramp, "none with whenHalfOpen 'wait', which ramps up by itself")
  }
  return {
    halfOpen,
    isWaiting,
    maxWaiting: checkInteger('maxWaiting', options.maxWaiting ?? 1000, { min: 1 }),
    isReportOnly: mode === 'report-only',
    isDisabled: checkBoolean('disabled', options.disabled ?? false),
  }
}
