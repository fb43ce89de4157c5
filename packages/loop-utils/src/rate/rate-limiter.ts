import type { Clock } from '../clock/clock.ts'
import type { WaitingBound } from '../concurrency/waiting-bound.ts'
import type { Observer } from '../observe/observer.ts'

/** What all rate limiters have in common at construction. */
export interface RateLimiterOptions extends WaitingBound, Observer {
  /** Names it in errors and events. */
  readonly name?: string
  /** Default: the system's. Only its monotonic time counts. */
  readonly clock?: Clock
}

export interface RateAcquireOptions {
  /** Its abort ends the wait at once with `signal.reason`; nothing is taken then. */
  readonly signal?: AbortSignal | undefined
  /**
   * How long to wait at most, in milliseconds; a wait that is known to be longer is not begun. Default `Infinity`.
   */
  readonly maxWaitMs?: number
}

export interface ReserveOptions {
  /** How far ahead the turn may lie, in milliseconds. Default `Infinity`. */
  readonly maxDelayMs?: number
}

/** A turn in the future that is already paid for. */
export interface Reservation {
  /** How long after the reservation the turn comes, in milliseconds; 0 for at once. */
  readonly delayMs: number
  /** Gives the turn back. Returns false when its time has come: it then counts as used. */
  cancel(): boolean
}

/** What a limiter did so far. */
export interface RateLimiterStats {
  readonly waiting: number
  /**
   * Tokens that were taken, those of reservations included and those given back not; of a limiter that is part of a
   * combined one, those taken through that, too.
   */
  readonly taken: number
  /** How often `tryAcquire`, `acquire` or `reserve` was refused. */
  readonly refused: number
}

/**
 * Limits how often something happens. Strictly first come first served: nobody overtakes one who waits, not even by
 * asking for less. Of limiters that share a part, each lets its eldest stand in the part's line. An `n` is a whole
 * number of tokens, from 1 to the most that may be taken together; another one is an OptionError.
 */
export interface RateLimiter extends Disposable {
  /** Takes `n` tokens (default 1) now; returns false, and takes nothing, when there are too few or others wait. */
  tryAcquire(n?: number): boolean
  /**
   * Waits for its turn and takes `n` tokens (default 1). Rejects with `signal.reason` at the abort, with a
   * RateLimitedError when it would take or took longer than `maxWaitMs`, and with a QueueOverflowError when too many
   * wait already.
   */
  acquire(n?: number, options?: RateAcquireOptions): Promise<void>
  /**
   * Pays for a turn that the caller then times itself. Nobody who comes later is served before that turn. Returns
   * undefined when the turn would lie beyond `maxDelayMs`, when others wait (whose turns are not fixed yet, so no time
   * can be promised behind them), or when `maxWaiting` turns are reserved.
   */
  reserve(n?: number, options?: ReserveOptions): Reservation | undefined
  /**
   * How long until `tryAcquire(n)` could succeed if nobody else came, in milliseconds. Exact while nobody waits;
   * otherwise it takes at least that long.
   */
  retryAfterMs(n?: number): number
  /** How many tokens there are now, a part of one included, whoever waits for them; 0 while turns are reserved. */
  readonly tokens: number
  /** How many wait. */
  readonly waiting: number
  /** Rejects all who wait, as on shutdown; returns how many there were. */
  rejectWaiting(reason: unknown): number
  /** Rejects all who wait with a CancelledError, and refuses from now on; `acquire` rejects with the same. */
  [Symbol.dispose](): void
  stats(): RateLimiterStats
}
