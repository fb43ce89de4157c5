import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkBoolean, checkDuration, checkOneOf, checkText } from '../errors/option-checks.ts'
import { ServiceStateError } from '../errors/service-state-error.ts'
import {
  TypedEmitter,
  type EventArguments,
  type EventGate,
  type ListenerErrorHandler,
} from '../events/typed-emitter.ts'
import { WaitingList } from '../events/waiting-list.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer, OnEvent } from '../observe/observer.ts'
import { callReporting, callSafely, warnOfStrayError } from '../observe/stray-error.ts'
import { timeout } from '../timeout/timeout.ts'
import { HealthRecord } from './health-record.ts'
import type { HealthReport, LinkHealth } from './health.ts'
import type { RequestStats } from './request-stats.ts'
import type {
  Service,
  ServiceEvents,
  ServiceListening,
  ServiceState,
  StateChange,
  StopOptions,
  StopReport,
} from './service.ts'

const changed = new ObservationPoint('x:loop-utils:service:change')

/** What every service can be given. */
export interface ServiceCoreOptions extends Observer {
  /** For logs and reports. Default: the name of the class. */
  readonly name?: string
  /**
   * Told what listeners throw, with event `'stop'` what ending a failed incarnation does, and with `'health'` what the
   * figures of a report do. Default: a warning.
   */
  readonly onError?: ListenerErrorHandler
  /**
   * What makes the service ready: `'start'` (default) that it has started, `'manual'` that the subclass says so by
   * `setReady(true)`.
   */
  readonly readiness?: 'start' | 'manual'
  /** How long stopping may take beyond its `deadlineMs`, in milliseconds; then the service has failed. Default 10 000. */
  readonly stopGraceMs?: number
  /** Default: the system's. */
  readonly clock?: Clock
}

/** What a subclass is given to start with. */
export interface StartContext {
  /** Aborted when the incarnation is to end. */
  readonly signal: AbortSignal
  readonly incarnation: number
}

/** How an incarnation is to end. */
export interface StopRequest {
  readonly drain: boolean
  readonly deadlineMs: number
  /** Why it ends, when it has failed. */
  readonly failure?: { readonly error: unknown }
}

interface Incarnation {
  readonly number: number
  readonly controller: AbortController
  /** Whether the start hook was called, so that the stop hook has something to end. */
  hasBegun: boolean
  /** Settles when the start hook is over, whatever came of it. */
  hook: Promise<void>
  started: Promise<void>
  /** The end by `stop()`. */
  stopped?: Promise<StopReport>
  /** The end after a failure; never rejects. */
  cleaned?: Promise<void>
}

const NOTHING_LEFT: StopReport = Object.freeze({ delivered: 0, discarded: Object.freeze({}), rejectedCalls: 0 })

/**
 * The lifecycle of a service, to be extended: what starts and stops lies in {@link onStart} and {@link onStop}, which
 * are called in turn, once each for every incarnation, whatever calls and failures cross one another.
 *
 * @example
 * class Beacon extends ServiceCore {
 *   protected override async onStart({ signal }: StartContext): Promise<void> { this.#socket = await open(signal) }
 *   protected override async onStop(): Promise<void> { this.#socket?.close() }
 * }
 */
export abstract class ServiceCore<E extends EventArguments<E> & ServiceEvents = ServiceEvents>
  extends TypedEmitter<E>
  implements Omit<Service, keyof ServiceListening>
{
  readonly name: string
  readonly #clock: Clock
  readonly #readiness: 'start' | 'manual'
  readonly #stopGraceMs: number
  readonly #onError: ListenerErrorHandler
  readonly #onEvent: OnEvent | undefined
  readonly #gate: EventGate
  readonly #health: HealthRecord
  readonly #readyWaiters = new WaitingList<void>()
  readonly #changes: StateChange[] = []
  #state: ServiceState = 'idle'
  #current: Incarnation | undefined
  #isReady = false
  #isEmitting = false

  /** @throws OptionError when an option is out of range */
  constructor(options: ServiceCoreOptions = {}) {
    const gate = { isOpen: true }
    const onError = options.onError ?? ((error, event) => warnOfStrayError(error, `a handler of '${String(event)}'`))
    super({ onError, gate })
    this.#gate = gate
    this.#onError = onError
    this.#onEvent = options.onEvent
    this.name = checkText('name', options.name ?? this.constructor.name)
    this.#readiness = checkOneOf('readiness', options.readiness ?? 'start', ['start', 'manual'])
    this.#stopGraceMs = checkDuration('stopGraceMs', options.stopGraceMs ?? 10_000)
    this.#clock = options.clock ?? systemClock
    this.#health = new HealthRecord(this.#clock)
  }

  get state(): ServiceState {
    return this.#state
  }

  get incarnation(): number {
    return this.#current?.number ?? 0
  }

  /** Starts what the service consists of. When it rejects, {@link onStop} ends what it had begun. */
  protected abstract onStart(context: StartContext): void | PromiseLike<void>

  /** Ends everything that {@link onStart} began, also when that was not completed. */
  protected abstract onStop(request: StopRequest): Partial<StopReport> | void | PromiseLike<Partial<StopReport> | void>

  /** The figures of a health report. */
  protected counters(): Readonly<Record<string, number>> {
    return {}
  }

  /** How much it serves, for a health report: see {@link RequestCounter}. */
  protected requestStats(): RequestStats | undefined {
    return undefined
  }

  /** The link of a health report. */
  protected linkHealth(): LinkHealth | undefined {
    return undefined
  }

  start(): Promise<void> {
    const current = this.#current
    if (this.#state === 'stopping') {
      return Promise.reject(new ServiceStateError('start', 'stopping', 'wait for stop() first'))
    }
    if (current !== undefined && this.#isActive) return current.started
    return this.#begin(current)
  }

  ready(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    if (this.#state === 'running' && this.#isReady) return Promise.resolve()
    if (this.#isActive) return this.#readyWaiters.wait(signal)
    return Promise.reject(new ServiceStateError('become ready', this.#state, 'call start() first'))
  }

  stop(options: StopOptions = {}): Promise<StopReport> {
    const drain = checkBoolean('drain', options.drain ?? true)
    const deadlineMs = checkDuration('deadlineMs', options.deadlineMs ?? 5000)
    const current = this.#current
    if (current === undefined) {
      if (this.#state === 'idle') this.#setState('stopped')
      return Promise.resolve(NOTHING_LEFT)
    }
    current.stopped ??= this.#end(current, { drain, deadlineMs })
    return current.stopped
  }

  health(): HealthReport {
    const { status, reason, since, lastError } = this.#health
    return {
      service: this.name,
      status,
      reason,
      since,
      state: this.#state,
      isReady: this.#isReady,
      incarnation: this.incarnation,
      counters: { ...this.counters() },
      requests: this.requestStats(),
      lastError,
      link: this.linkHealth(),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Says whether the service is usable; `cause` tells why it is not, or not any more. */
  protected setReady(isReady: boolean, cause?: unknown): void {
    if (!this.#isActive) return
    this.#health.noteUnready(isReady ? undefined : cause)
    this.#isReady = isReady
    this.#refreshHealth()
    this.#releaseReady()
  }

  /** Says that the service works with a restriction; undefined takes it back. */
  protected setRestriction(reason: string | undefined, cause?: unknown): void {
    this.#health.noteRestriction(reason, cause)
    this.#refreshHealth()
  }

  /** Says that the service cannot go on: it fails, and what it consists of is ended. */
  protected fail(error: unknown): void {
    if (this.#current !== undefined && this.#isActive) this.#failWith(this.#current, error)
  }

  get #isActive(): boolean {
    return this.#state === 'starting' || this.#state === 'running'
  }

  #begin(previous: Incarnation | undefined): Promise<void> {
    const current: Incarnation = {
      number: this.incarnation + 1,
      controller: new AbortController(),
      hasBegun: false,
      hook: Promise.resolve(),
      started: Promise.resolve(),
    }
    this.#current = current
    this.#gate.isOpen = true
    this.#health.beginAnew()
    current.hook = this.#runStartHook(current, previous)
    current.started = this.#complete(current)
    // the caller of start() sees the rejection; nobody has to when the service is watched by its events
    current.started.catch(() => {})
    this.#setState('starting')
    return current.started
  }

  async #runStartHook(current: Incarnation, previous: Incarnation | undefined): Promise<void> {
    await previous?.cleaned
    const { signal } = current.controller
    if (signal.aborted) throw signal.reason
    current.hasBegun = true
    await this.onStart({ signal, incarnation: current.number })
  }

  async #complete(current: Incarnation): Promise<void> {
    const { signal } = current.controller
    try {
      await timeout(() => current.hook, Infinity, { signal })
    } catch (error) {
      if (!signal.aborted) this.#failWith(current, error)
    }
    if (signal.aborted) {
      await current.cleaned
      throw signal.reason
    }
    if (this.#readiness === 'start') this.#isReady = true
    this.#setState('running')
    this.#releaseReady()
  }

  #failWith(current: Incarnation, error: unknown): void {
    this.#isReady = false
    this.#health.noteFailure(error)
    current.controller.abort(error)
    current.cleaned = this.#cleanUp(current, error)
    this.#readyWaiters.rejectAll(error)
    this.#setState('failed', error)
  }

  /** Ends a failed incarnation in the background; `start()` and `stop()` wait for it. */
  async #cleanUp(current: Incarnation, error: unknown): Promise<void> {
    try {
      await this.#runStopHook(current, { drain: false, deadlineMs: 0, failure: { error } })
    } catch (thrown) {
      callSafely('onError', () => this.#onError(thrown, 'stop'))
    }
  }

  async #end(current: Incarnation, request: StopRequest): Promise<StopReport> {
    const stopped = new ServiceStateError('go on', 'stopping', 'stop() was called; start() begins a new incarnation')
    this.#isReady = false
    current.controller.abort(stopped)
    this.#readyWaiters.rejectAll(stopped)
    this.#setState('stopping')
    let report: StopReport = NOTHING_LEFT
    try {
      if (current.cleaned === undefined) report = await this.#runStopHook(current, request)
      else await current.cleaned
    } catch (error) {
      this.#health.noteFailure(error)
      this.#settle(current, 'failed', error)
      throw error
    }
    this.#settle(current, 'stopped')
    return report
  }

  /** The last events of an incarnation; a listener may have begun the next one from within. */
  #settle(current: Incarnation, state: 'stopped' | 'failed', cause?: unknown): void {
    this.#setState(state, cause)
    if (this.#current === current) this.#gate.isOpen = false
  }

  /** Lets the start hook end first, so that the two never run at once. */
  #runStopHook(current: Incarnation, request: StopRequest): Promise<StopReport> {
    const run = async (): Promise<StopReport> => {
      await current.hook.catch(() => {})
      return current.hasBegun ? { ...NOTHING_LEFT, ...(await this.onStop(request)) } : NOTHING_LEFT
    }
    const limitMs = request.deadlineMs + this.#stopGraceMs
    return timeout(run, limitMs, { clock: this.#clock, what: `stopping ${this.name}` })
  }

  #releaseReady(): void {
    if (this.#state === 'running' && this.#isReady) this.#readyWaiters.resolveAll()
  }

  #setState(state: ServiceState, cause?: unknown): void {
    const change = { state, previous: this.#state, incarnation: this.incarnation }
    this.#changes.push(cause === undefined ? change : { ...change, cause })
    this.#state = state
    if (!this.#isEmitting) this.#emitChanges()
  }

  /** What a listener brings about is told after what it was told of, so that all see the same order. */
  #emitChanges(): void {
    this.#isEmitting = true
    for (let change = this.#changes.shift(); change !== undefined; change = this.#changes.shift()) {
      const observer = { onEvent: this.#onEvent }
      if (changed.isObserved(observer)) changed.publish({ service: this.name, ...change }, observer)
      this.#emit('state', change)
      this.#refreshHealth()
    }
    this.#isEmitting = false
  }

  #refreshHealth(): void {
    if (!this.#health.judge(this.#state, this.#isReady)) return
    // the figures are the subclass's; what they throw must not stop it from living
    callReporting(
      () => this.#emit('health', this.health()),
      (error) => callSafely('onError', () => this.#onError(error, 'health')),
    )
  }

  /** The events of a service are known here, those of the subclass are not. */
  #emit<K extends keyof ServiceEvents>(event: K, ...args: ServiceEvents[K]): void {
    const emitter = this as unknown as TypedEmitter<ServiceEvents>
    emitter.emit(event, ...(args as never))
  }
}
