import type { Backoff } from '../backoff/backoff.ts'
import { reconnectBackoff } from '../backoff/reconnect-backoff.ts'
import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkClock, checkDuration, checkFunction, checkObject, checkRandom } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { Observer, OnEvent } from '../observe/observer.ts'
import type { CallContext } from '../policy/policy.ts'

/** A link that is up. */
export interface Link {
  /** Settles when the link has gone, for whatever reason; a rejection tells why. */
  readonly closed: Promise<unknown>
  /** Ends the link; `closed` settles in time. Must be harmless on a link that has gone. */
  close(): unknown
}

/**
 * `idle`: not started; `connecting`: an attempt runs; `up`; `waiting`: for the next attempt; `paused`; `closed`: for
 * good, by `stop()`, by an error that is not worth another attempt, or at the end of a finite backoff.
 */
export type ReconnectorState = 'idle' | 'connecting' | 'up' | 'waiting' | 'paused' | 'closed'

/** A step of the loop. */
export interface ReconnectorChange {
  readonly state: ReconnectorState
  readonly previous: ReconnectorState
  /** Attempts that have failed, and links that were lost, since the link was last stable. */
  readonly failures: number
  /** When waiting: for how long, in milliseconds. */
  readonly delayMs?: number
  /** Why the link or the attempt before failed, if it did. */
  readonly cause?: unknown
}

/** How a reconnector makes its link, and when it tries again. */
export interface ReconnectorOptions<L extends Link> extends Observer {
  /**
   * Makes the link; what is none fails the attempt. Its signal aborts when the link is not wanted any more, and when `connectTimeoutMs` has
   * passed.
   */
  readonly connect: (context: CallContext) => L | PromiseLike<L>
  /** Default: 1 s doubling to 60 s, spread by a tenth. */
  readonly backoff?: Backoff
  /** How long a link has to be up for the backoff to begin anew, in milliseconds. Default 30 000. */
  readonly stableAfterMs?: number
  /** How long an attempt may take, in milliseconds. Default 30 000. */
  readonly connectTimeoutMs?: number
  /** How long stopping and pausing wait for a link to be gone, in milliseconds. Default 5000. */
  readonly closeTimeoutMs?: number
  /** The first attempt is made at a random time within this, so that many do not begin together. Default 0. */
  readonly initialSpreadMs?: number
  /** Whether an error of an attempt is worth another, answered at once. Default: always. */
  readonly retryIf?: (error: unknown) => boolean
  /** Told of every step, in order, from within it. */
  readonly onState?: (change: ReconnectorChange) => void
  /** Told what `onState`, `retryIf`, the backoff and closing a link throw. Default: a warning of the process. */
  readonly onError?: (error: unknown) => void
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default `Math.random`. */
  readonly random?: Random
}

/** Checked options with their defaults. */
export interface ReconnectorPlan<L extends Link> {
  readonly connect: (context: CallContext) => L | PromiseLike<L>
  readonly backoff: Backoff
  readonly stableAfterMs: number
  readonly connectTimeoutMs: number
  readonly closeTimeoutMs: number
  readonly initialSpreadMs: number
  readonly retryIf: (error: unknown) => boolean
  readonly onState: ((change: ReconnectorChange) => void) | undefined
  readonly onError: ((error: unknown) => void) | undefined
  readonly onEvent: OnEvent | undefined
  readonly clock: Clock
  readonly random: Random
}

/** Checks the options of a reconnector. */
export function reconnectorPlan<L extends Link>(options: ReconnectorOptions<L>): ReconnectorPlan<L> {
  const { clock = systemClock, random = Math.random } = checkObject(options)
  const { backoff = reconnectBackoff(), retryIf = () => true, onState, onError, onEvent } = options
  for (const [name, value] of Object.entries({ connect: options.connect, retryIf })) checkFunction(name, value)
  for (const [name, value] of Object.entries({ onState, onError, onEvent })) {
    if (value !== undefined) checkFunction(name, value)
  }
  if (typeof backoff?.delays !== 'function')
    throw new OptionError('backoff', backoff, 'a Backoff, such as exponential()')
  return {
    ...durationsOf(options),
    connect: options.connect,
    backoff,
    retryIf,
    onState,
    onError,
    onEvent,
    clock: checkClock(clock),
    random: checkRandom(random),
  }
}

type Durations = 'stableAfterMs' | 'connectTimeoutMs' | 'closeTimeoutMs' | 'initialSpreadMs'

function durationsOf({
  stableAfterMs = 30_000,
  connectTimeoutMs = 30_000,
  closeTimeoutMs = 5000,
  initialSpreadMs = 0,
}: Pick<ReconnectorOptions<Link>, Durations>): Pick<ReconnectorPlan<Link>, Durations> {
  return {
    stableAfterMs: checkDuration('stableAfterMs', stableAfterMs),
    connectTimeoutMs: checkDuration('connectTimeoutMs', connectTimeoutMs, { infinite: true }),
    closeTimeoutMs: checkDuration('closeTimeoutMs', closeTimeoutMs),
    initialSpreadMs: checkDuration('initialSpreadMs', initialSpreadMs),
  }
}
