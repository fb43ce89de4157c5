import type { Clock } from '../clock/index.ts'
import { onSignalAbort } from '../concurrency/abort-listeners.ts'
import { checkDeadline, checkDuration, checkObject, checkSignal } from '../errors/index.ts'
import type { Deadline } from '../timeout/deadline.ts'
import { CallFacts } from './call-facts.ts'
import { CallLimit, toSharedTime } from './call-limit.ts'

export interface CallOptions {
  /** Its abort rejects the call at once with `signal.reason`; a handler that runs sees it as `callSignal`. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds after which the call rejects with a TimeoutError. Default: never. */
  readonly timeoutMs?: number | undefined
  /**
   * When it passes, the call rejects with a TimeoutError of kind `deadline`. A handler that runs sees the nearer of both
   * as `callDeadline`, on its own thread. The context of a policy can be given as the options: it has signal and deadline.
   */
  readonly deadline?: Deadline | undefined
}

/** What bounds the wait for a call. */
export interface CallEnd {
  readonly signal: AbortSignal | undefined
  readonly limit: CallLimit
}

/** @throws OptionError */
export function checkCallOptions(options: CallOptions): CallEnd {
  const { timeoutMs } = checkObject(options)
  if (timeoutMs !== undefined) checkDuration('timeoutMs', timeoutMs, { infinite: true })
  const deadline = checkDeadline('deadline', options.deadline)
  return { signal: checkSignal('signal', options.signal), limit: new CallLimit({ timeoutMs, deadline }) }
}

/** A promise that settles once, by an outcome, the caller's signal or the time. Leaves no listener and no timer. */
export class Settlement<R> {
  readonly promise: Promise<R>
  readonly #resolve: (value: R) => void
  readonly #reject: (reason: unknown) => void
  #isSettled = false
  #release: (() => void) | undefined

  constructor() {
    let resolve!: (value: R) => void
    let reject!: (reason: unknown) => void
    this.promise = new Promise<R>((onResolve, onReject) => {
      resolve = onResolve
      reject = onReject
    })
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Rejects by itself when the signal aborts or the time is over, telling `onGivenUp` first. */
  limit(
    { signal, limit, clock, what }: CallEnd & { readonly clock: Clock; readonly what: string },
    onGivenUp: (reason: unknown) => void,
  ): void {
    if (this.#isSettled) return
    const giveUp = (reason: unknown): void => {
      if (this.#isSettled) return
      onGivenUp(reason)
      this.reject(reason)
    }
    const timer = limit.setTimer(clock, () => giveUp(limit.toError(what)))
    const forgetAbort = signal && onSignalAbort(signal, () => giveUp(signal.reason))
    this.#release = () => {
      timer?.[Symbol.dispose]()
      forgetAbort?.()
    }
  }

  resolve(value: R): void {
    if (this.#settle()) this.#resolve(value)
  }

  reject(reason: unknown): void {
    if (this.#settle()) this.#reject(reason)
  }

  #settle(): boolean {
    if (this.#isSettled) return false
    this.#isSettled = true
    this.#release?.()
    return true
  }
}

/** A call of a function on the dispatcher's own loop. */
export class LoopCall {
  readonly settlement: Settlement<unknown> = new Settlement()
  readonly facts: CallFacts

  constructor(limit: CallLimit) {
    this.facts = new CallFacts(toSharedTime(limit.ms))
  }

  /** The caller gave up. */
  cancel(reason: unknown): void {
    this.facts.abort(reason)
  }
}
