import type { Clock } from '../clock/clock.ts'
import { healthErrorOf, type HealthError, type HealthStatus } from './health.ts'
import type { ServiceState } from './service.ts'

/** What a service knows of its own health during one incarnation, and the verdict on it. */
export class HealthRecord {
  readonly #clock: Pick<Clock, 'wall'>
  #status: HealthStatus = 'ok'
  #reason: string | undefined
  #since: number
  #lastError: HealthError | undefined
  #failure: string | undefined
  #unready: string | undefined
  #restriction: string | undefined

  constructor(clock: Pick<Clock, 'wall'>) {
    this.#clock = clock
    this.#since = clock.wall()
  }

  get status(): HealthStatus {
    return this.#status
  }

  get reason(): string | undefined {
    return this.#reason
  }

  /** Wall-clock milliseconds since 1970. */
  get since(): number {
    return this.#since
  }

  get lastError(): HealthError | undefined {
    return this.#lastError
  }

  /** Forgets what held for the incarnation before; the last error stays to be seen. */
  beginAnew(): void {
    this.#failure = undefined
    this.#unready = undefined
    this.#restriction = undefined
  }

  noteFailure(error: unknown): void {
    this.#failure = this.#noteError(error).message
  }

  noteUnready(cause: unknown): void {
    this.#unready = cause === undefined ? undefined : this.#noteError(cause).message
  }

  noteRestriction(reason: string | undefined, cause: unknown): void {
    this.#restriction = reason
    if (cause !== undefined) this.#noteError(cause)
  }

  /** Judges anew; whether the verdict has changed. */
  judge(state: ServiceState, isReady: boolean): boolean {
    const [status, reason] = this.#verdict(state, isReady)
    if (status === this.#status && reason === this.#reason) return false
    this.#status = status
    this.#reason = reason
    this.#since = this.#clock.wall()
    return true
  }

  #verdict(state: ServiceState, isReady: boolean): readonly [HealthStatus, string | undefined] {
    if (state === 'failed') return ['failed', this.#failure]
    if (state === 'starting') return ['degraded', 'starting']
    if (state !== 'running') return ['ok', undefined]
    if (!isReady) return ['degraded', this.#unready ?? 'not ready yet']
    return [this.#restriction === undefined ? 'ok' : 'degraded', this.#restriction]
  }

  #noteError(error: unknown): HealthError {
    this.#lastError = healthErrorOf(error, this.#clock.wall())
    return this.#lastError
  }
}
