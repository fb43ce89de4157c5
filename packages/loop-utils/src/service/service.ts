import type { EventListener } from '../events/typed-emitter.ts'
import type { HealthReport } from './health.ts'

/**
 * `idle`: never started; `starting`; `running`: has taken charge; `stopping`; `stopped`; `failed`: ended by an error,
 * may be started again.
 */
export type ServiceState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'

/** One step in the life of a service. */
export interface StateChange {
  readonly state: ServiceState
  readonly previous: ServiceState
  readonly incarnation: number
  /** Why it failed. */
  readonly cause?: unknown
}

/** The events that every service has. An interface of a service's own events extends this one. */
export interface ServiceEvents {
  state: [change: StateChange]
  /** The status or its reason has changed. */
  health: [report: HealthReport]
}

/** How a service is to stop. */
export interface StopOptions {
  /** Whether what was accepted is delivered first. Default true. */
  readonly drain?: boolean
  /** For how long at most, in milliseconds. Default 5000. */
  readonly deadlineMs?: number
}

/** What became of what was under way when a service stopped. */
export interface StopReport {
  /** Events that were accepted before and delivered while stopping. */
  readonly delivered: number
  /** Events that were accepted and not delivered, by event name. */
  readonly discarded: Readonly<Record<string, number>>
  /** Calls that were pending and were rejected. */
  readonly rejectedCalls: number
}

/** Listening to the events that every service has, whatever others it has. */
export interface ServiceListening {
  on(event: 'state', listener: EventListener<ServiceEvents, 'state'>): unknown
  on(event: 'health', listener: EventListener<ServiceEvents, 'health'>): unknown
  once(event: 'state', listener: EventListener<ServiceEvents, 'state'>): unknown
  once(event: 'health', listener: EventListener<ServiceEvents, 'health'>): unknown
  off(event: 'state', listener: EventListener<ServiceEvents, 'state'>): unknown
  off(event: 'health', listener: EventListener<ServiceEvents, 'health'>): unknown
}

/** Anything that lives long: a server, a client, a device, a controller. */
export interface Service extends AsyncDisposable, ServiceListening {
  /** For logs and reports. */
  readonly name: string
  readonly state: ServiceState
  /** How often it was started. */
  readonly incarnation: number

  /**
   * Resolves when the service has taken charge: it is bound, or its reconnect loop runs. Calls at the same time share
   * one promise; after a stop or a failure it begins a new incarnation. Rejects with a ServiceStateError while stopping
   * and when `stop()` comes before it is done.
   */
  start(): Promise<void>

  /** Resolves when it is usable; rejects when it fails or stops, and with `signal.reason`. */
  ready(options?: { readonly signal?: AbortSignal }): Promise<void>

  /** Ends everything that it started. Listeners may run until the promise settles, never after. Idempotent. */
  stop(options?: StopOptions): Promise<StopReport>

  health(): HealthReport
}
