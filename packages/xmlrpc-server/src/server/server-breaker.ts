import { CircuitBreaker, consecutive } from '@x/loop-utils/breaker'
import type { BreakerSettings } from './breaker-settings.ts'
import type { TallyProgress } from './request-tally.ts'

/** Told when the server has become degraded by failures in a row, with the last one, or is well again. */
export type BreakerChangeHandler = (isOpen: boolean, cause: unknown) => void

/** Failures beyond these of one report tell nothing more. */
const MOST_AT_ONCE = 1000

/**
 * Counts how requests end and tells when too many failed in a row. It only reports: a callback that was refused would be
 * lost, and there is nobody to protect from it.
 */
export class ServerBreaker {
  readonly #breaker: CircuitBreaker | undefined
  #isOpen = false

  constructor(settings: BreakerSettings | undefined, onChange: BreakerChangeHandler) {
    if (settings === undefined) return
    this.#breaker = new CircuitBreaker({
      name: 'xmlrpc-server',
      mode: 'report-only',
      trip: consecutive(settings.failureThreshold),
      halfOpenAfterMs: settings.resetTimeoutMs,
    })
    this.#breaker.on('change', ({ to, lastError }) => {
      const isOpen = to !== 'closed'
      if (isOpen === this.#isOpen) return
      this.#isOpen = isOpen
      onChange(isOpen, isOpen ? lastError : undefined)
    })
  }

  get state(): 'closed' | 'open' | 'half-open' | 'disabled' {
    const state = this.#breaker?.state ?? 'disabled'
    return state === 'isolated' ? 'open' : state
  }

  /** Notes what became of requests. */
  note({ requests, failures }: TallyProgress): void {
    if (failures > 0) {
      for (let count = Math.min(failures, MOST_AT_ONCE); count > 0; count--) this.fail(new Error('a request failed'))
    } else if (requests > 0) this.#breaker?.tryAcquire()?.success()
  }

  /** Notes a failure. */
  fail(cause: unknown): void {
    this.#breaker?.tryAcquire()?.failure(cause)
  }
}
