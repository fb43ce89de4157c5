import type { Clock, Timer } from '../clock/index.ts'
import { TimeoutError } from '../errors/index.ts'
import { LazySignal } from './lazy-signal.ts'

export interface CallOptions {
  /** Its abort rejects the call at once with `signal.reason`; a handler that runs sees it as `callSignal`. */
  readonly signal?: AbortSignal
  /** Milliseconds after which the call rejects with a TimeoutError. Default: never. */
  readonly timeoutMs?: number
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
    options: CallOptions & { readonly clock: Clock; readonly what: string },
    onGivenUp: (reason: unknown) => void,
  ): void {
    if (this.#isSettled) return
    const { signal, timeoutMs, clock, what } = options
    const giveUp = (reason: unknown): void => {
      if (this.#isSettled) return
      onGivenUp(reason)
      this.reject(reason)
    }
    const onAbort = (): void => {
      giveUp(signal?.reason)
    }
    let timer: Timer | undefined
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) {
      timer = clock.setTimer(() => giveUp(new TimeoutError(timeoutMs, 'call', { what })), timeoutMs)
    }
    signal?.addEventListener('abort', onAbort)
    this.#release = () => {
      timer?.[Symbol.dispose]()
      signal?.removeEventListener('abort', onAbort)
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
  readonly #signal = new LazySignal()

  /** Aborted when the caller gave up; made when first read. */
  get signal(): AbortSignal {
    return this.#signal.signal
  }

  /** The caller gave up. */
  cancel(reason: unknown): void {
    this.#signal.abort(reason)
  }
}
