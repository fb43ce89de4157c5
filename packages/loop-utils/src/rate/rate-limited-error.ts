import { XError } from '../errors/x-error.ts'

/** A rate limiter would have let the caller wait for longer than that wants to. Nothing was taken. */
export class RateLimitedError extends XError {
  override readonly name = 'RateLimitedError'
  readonly code = 'LOOP_RATE_LIMITED'
  /** After how long it is worth asking again, in milliseconds. */
  readonly retryAfterMs: number

  /** `limiter` names it in the message. */
  constructor(limiter: string, retryAfterMs: number) {
    super(`${limiter} is exhausted; try again in ${Math.ceil(retryAfterMs)} ms, or allow a longer maxWaitMs`)
    this.retryAfterMs = retryAfterMs
  }
}
