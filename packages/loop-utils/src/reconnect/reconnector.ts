import { RetryExhaustedError } from '../errors/retry-exhausted-error.ts'
import { ServiceStateError } from '../errors/service-state-error.ts'
import { WaitingList } from '../events/waiting-list.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import { checkAnswer } from '../observe/predicate-answer.ts'
import { callReporting, callSafely, warnOfStrayError } from '../observe/stray-error.ts'
import type { CallContext, Policy } from '../policy/policy.ts'
import { timeoutPolicy } from '../policy/timeout-policy.ts'
import { timeout } from '../timeout/timeout.ts'
import { linkFault } from './link-fault.ts'
import {
  reconnectorPlan,
  type Link,
  type ReconnectorChange,
  type ReconnectorOptions,
  type ReconnectorPlan,
  type ReconnectorState,
} from './reconnector-options.ts'

const changed = new ObservationPoint('x:loop-utils:reconnector:change')

/** What a reconnector shows of itself. */
export interface ReconnectorSnapshot {
  readonly state: ReconnectorState
  /** How long it has been in that state, in milliseconds. */
  readonly forMs: number
  /** How often the link came up. */
  readonly connects: number
  /** Attempts that have failed, and links that were lost, since the link was last stable. */
  readonly failures: number
  /** When waiting: until the next attempt, in milliseconds. */
  readonly retryInMs: number | undefined
  /** Why the last attempt or link failed. */
  readonly lastError: unknown
}

/** The loop between two calls of `start`, `resume`, `pause` and `stop`. */
interface Session {
  readonly controller: AbortController
  done: Promise<void>
}

/**
 * The one loop that keeps a link up: connects, waits for the link to go, and connects again after a backoff. The backoff
 * begins anew only after a link was up for `stableAfterMs`, so that a link that flaps is not hammered.
 *
 * One attempt or one link exists at a time: a link that comes too late is closed at once.
 */
export class Reconnector<L extends Link = Link> implements AsyncDisposable {
  readonly #plan: ReconnectorPlan<L>
  readonly #attemptPolicy: Policy
  readonly #ups = new WaitingList<L>()
  #state: ReconnectorState = 'idle'
  #since: number
  #session: Session | undefined
  #link: L | undefined
  #delays: Iterator<number> | undefined
  #backoffAt = 0
  #failures = 0
  #connects = 0
  #lastError: unknown
  /** Why it closed, when not by `stop()`. */
  #failure: { readonly error: unknown } | undefined
  #retryAt: number | undefined
  #wake: (() => void) | undefined
  /** The attempt that was last begun. */
  #attempt: Promise<unknown> = Promise.resolve()
  /** The end of links that were lost or came too late; bounded by `closeTimeoutMs`. */
  #closing: Promise<void> = Promise.resolve()

  /** @throws OptionError when an option is out of range */
  constructor(options: ReconnectorOptions<L>) {
    this.#plan = reconnectorPlan(options)
    const { clock, connectTimeoutMs } = this.#plan
    this.#since = clock.now()
    this.#attemptPolicy = timeoutPolicy(connectTimeoutMs, {
      clock,
      kind: 'attempt',
      what: 'connecting',
      onLate: (late) => {
        if (late.status === 'fulfilled') this.#closeLater(late.value as L)
      },
    })
  }

  get state(): ReconnectorState {
    return this.#state
  }

  /** The link, while it is up. */
  get link(): L | undefined {
    return this.#link
  }

  get snapshot(): ReconnectorSnapshot {
    const now = this.#plan.clock.now()
    return {
      state: this.#state,
      forMs: now - this.#since,
      connects: this.#connects,
      failures: this.#failures,
      retryInMs: this.#retryAt === undefined ? undefined : Math.max(0, this.#retryAt - now),
      lastError: this.#lastError,
    }
  }

  /**
   * Begins to keep the link up. Has no effect when it has begun.
   *
   * @throws ServiceStateError when it is closed
   */
  start(): void {
    if (this.#state === 'closed') throw new ServiceStateError('start', 'closed', 'make a new Reconnector')
    if (this.#state === 'idle') this.#begin(this.#plan.initialSpreadMs * this.#plan.random())
  }

  /** Makes the next attempt now. Has no effect unless it waits for one. */
  kick(): void {
    this.#wake?.()
  }

  /** Ends the link or the attempt and makes no other until `resume()`; resolves when the link is gone. */
  async pause(): Promise<void> {
    if (this.#state === 'idle' || this.#state === 'closed') return
    // who is told of the pause may resume, which begins another session
    const session = this.#session
    this.#interrupt('paused')
    await session?.done
  }

  /** Connects again as soon as the old link is gone, with the backoff begun anew; it is `paused` until then. */
  resume(): void {
    if (this.#state === 'paused' && this.#session?.controller.signal.aborted === true) this.#begin(0)
  }

  /** Ends the link or the attempt for good; resolves when the link is gone, or after `closeTimeoutMs`. */
  async stop(): Promise<void> {
    if (this.#state !== 'closed') {
      this.#interrupt('closed')
      this.#ups.rejectAll(this.#closedError())
    }
    await this.#session?.done
  }

  /**
   * Resolves with the link as soon as it is up; rejects with `signal.reason`, or when the reconnector closes: with a
   * ServiceStateError, or with the error that was not worth another attempt.
   */
  up(options: { readonly signal?: AbortSignal } = {}): Promise<L> {
    if (this.#link !== undefined) return Promise.resolve(this.#link)
    return this.#state === 'closed' ? Promise.reject(this.#closedError()) : this.#ups.wait(options.signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #begin(firstDelayMs: number): void {
    const before = this.#session?.done
    const controller = new AbortController()
    const session: Session = { controller, done: Promise.resolve() }
    this.#session = session
    session.done = this.#run(controller.signal, { before, firstDelayMs }).catch((error: unknown) => this.#break(error))
  }

  #interrupt(state: 'paused' | 'closed'): void {
    this.#session?.controller.abort(new ServiceStateError('connect', state, 'the link is not wanted any more'))
    if (this.#state !== state) this.#setState(state)
  }

  async #run(signal: AbortSignal, from: { before: Promise<void> | undefined; firstDelayMs: number }): Promise<void> {
    if (from.before !== undefined) await from.before
    if (signal.aborted) return
    this.#startBackoff()
    if (from.firstDelayMs > 0) await this.#wait(from.firstDelayMs, signal)
    while (!signal.aborted) {
      const failure = await this.#keepLink(signal)
      if (signal.aborted) break
      const next = failure.isFinal ? undefined : this.#delays?.next()
      // the backoff is the user's, who may have stopped everything there
      if (signal.aborted) break
      if (next === undefined || next.done === true) {
        this.#fail(failure.isFinal ? failure.error : this.#exhausted(failure.error))
        break
      }
      await this.#wait(next.value, signal, failure)
      await this.#closing
    }
    await this.#quietly(() => this.#attempt)
    await this.#closing
  }

  /** One attempt and, if it succeeds, the life of its link. */
  async #keepLink(signal: AbortSignal): Promise<{ readonly error: unknown; readonly isFinal: boolean }> {
    this.#setState('connecting')
    let link: L
    try {
      link = await this.#attemptPolicy.execute((context) => this.#connect(context), { signal })
    } catch (error) {
      if (signal.aborted) return { error, isFinal: false }
      this.#note(error)
      return { error, isFinal: !this.#isWorthwhile(error) }
    }
    const error = await this.#serve(link, signal)
    if (!signal.aborted) this.#note(error)
    return { error, isFinal: false }
  }

  #connect(context: CallContext): PromiseLike<L> {
    const attempt = Promise.resolve(this.#plan.connect(context)).then((link) => this.#checked(link))
    this.#attempt = attempt.catch(() => undefined)
    return attempt
  }

  /** What is not usable as a link is closed if it can be, whether or not its attempt is still waited for. */
  #checked(link: L): L {
    const fault = linkFault(link)
    if (fault === undefined) return link
    const close: unknown = (link as Partial<Link> | null | undefined)?.close
    if (typeof close === 'function')
      callReporting(
        () => Reflect.apply(close, link, []),
        (error) => this.#report(error),
      )
    throw fault
  }

  /** Returns why the link went. */
  async #serve(link: L, signal: AbortSignal): Promise<unknown> {
    const { clock, stableAfterMs } = this.#plan
    const upAt = clock.now()
    if (!signal.aborted) {
      this.#link = link
      this.#connects++
      this.#setState('up')
      this.#ups.resolveAll(link)
    }
    const cause = await untilGone(link, signal)
    this.#closeLater(link)
    if (clock.now() - upAt >= stableAfterMs) this.#startBackoff()
    return cause
  }

  #isWorthwhile(error: unknown): boolean {
    try {
      return checkAnswer('retryIf', this.#plan.retryIf(error))
    } catch (thrown) {
      this.#report(thrown)
      return true
    }
  }

  /** The next attempt, and the end of the session, wait for it; the state does not. */
  #closeLater(link: L): void {
    const before = this.#closing
    this.#closing = this.#closeLink(link).then(() => before)
  }

  /** Ends a link and waits until it is gone, for a bounded time. */
  async #closeLink(link: L): Promise<void> {
    const gone = goneOf(link).then(nothing, nothing)
    try {
      await this.#quietly(async () => {
        await link.close()
        await gone
      })
    } catch (error) {
      this.#report(error)
    }
  }

  /** Waits for something that is to end, but no longer than `closeTimeoutMs`. */
  async #quietly(end: () => Promise<unknown>): Promise<void> {
    const { clock, closeTimeoutMs } = this.#plan
    await timeout(end, closeTimeoutMs, { clock, default: undefined })
  }

  #startBackoff(): void {
    this.#failures = 0
    this.#backoffAt = this.#plan.clock.now()
    this.#delays = this.#plan.backoff.delays(this.#plan.random)
  }

  /** Even a wait of 0 lets the loop turn, so that a link that dies at birth starves nobody. */
  #wait(delayMs: number, signal: AbortSignal, failure?: { readonly error: unknown }): Promise<void> {
    const { clock } = this.#plan
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = clock.setTimer(wake, delayMs)
      const end = (): void => {
        timer[Symbol.dispose]()
        signal.removeEventListener('abort', wake)
        this.#wake = undefined
        this.#retryAt = undefined
        resolve()
      }
      function wake(): void {
        end()
      }
      signal.addEventListener('abort', wake, { once: true })
      this.#wake = wake
      this.#retryAt = clock.now() + delayMs
      this.#setState('waiting', { delayMs, ...(failure === undefined ? {} : { cause: failure.error }) })
    })
  }

  #note(error: unknown): void {
    this.#failures++
    this.#lastError = error
  }

  #fail(error: unknown): void {
    this.#failure = { error }
    this.#setState('closed', { cause: error })
    this.#ups.rejectAll(error)
  }

  /** The backoff, which is the user's, has thrown. */
  async #break(error: unknown): Promise<void> {
    this.#note(error)
    this.#report(error)
    this.#fail(error)
    await this.#closing
  }

  #exhausted(error: unknown): RetryExhaustedError {
    const elapsedMs = this.#plan.clock.now() - this.#backoffAt
    return new RetryExhaustedError({ attempts: this.#failures, elapsedMs, errors: [error], limit: 'backoff' })
  }

  #closedError(): unknown {
    return this.#failure === undefined
      ? new ServiceStateError('wait for the link', 'closed', 'make a new Reconnector')
      : this.#failure.error
  }

  #setState(state: ReconnectorState, more: Pick<ReconnectorChange, 'delayMs' | 'cause'> = {}): void {
    const change: ReconnectorChange = { state, previous: this.#state, failures: this.#failures, ...more }
    this.#state = state
    if (state !== 'up') this.#link = undefined
    this.#since = this.#plan.clock.now()
    if (changed.isObserved(this.#plan)) changed.publish({ ...change }, this.#plan)
    const { onState } = this.#plan
    if (onState !== undefined)
      callReporting(
        () => onState(change),
        (error) => this.#report(error),
      )
  }

  #report(error: unknown): void {
    const { onError } = this.#plan
    if (onError === undefined) warnOfStrayError(error, 'a reconnector')
    else callSafely('onError', () => onError(error))
  }
}

/** A promise in any case: `closed` may be a thenable of another kind. */
function goneOf(link: Link): Promise<unknown> {
  return Promise.resolve(link.closed)
}

/** Why the link went; undefined when it was told to, or gave no reason. */
function untilGone(link: Link, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    const end = (cause?: unknown): void => {
      signal.removeEventListener('abort', abort)
      resolve(cause)
    }
    function abort(): void {
      end()
    }
    goneOf(link).then(() => end(), end)
    if (signal.aborted) end()
    else signal.addEventListener('abort', abort, { once: true })
  })
}

function nothing(): void {}
