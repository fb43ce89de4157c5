import type { RequestStats } from './request-stats.ts'
import type { ServiceState } from './service.ts'

/** How well a service does its work: as it should, with restrictions, or not at all. */
export type HealthStatus = 'ok' | 'degraded' | 'failed'

/** An error as a report shows it. */
export interface HealthError {
  readonly name: string
  readonly message: string
  readonly code: string | undefined
  /** When it happened: wall-clock milliseconds since 1970. */
  readonly at: number
}

/** The state of the link that a service keeps, as the link's own field names it. */
export interface LinkHealth {
  readonly state: string
  /** Attempts that have failed since it was last stable. */
  readonly failures?: number
  /** Until the next attempt, in milliseconds. */
  readonly retryInMs?: number | undefined
}

/** How a service is, as a plain value. */
export interface HealthReport {
  readonly service: string
  readonly status: HealthStatus
  /** Why the status is not `ok`. */
  readonly reason: string | undefined
  /** Since when it has been so: wall-clock milliseconds since 1970. */
  readonly since: number
  readonly state: ServiceState
  readonly isReady: boolean
  /** How often the service was started. */
  readonly incarnation: number
  readonly counters: Readonly<Record<string, number>>
  /** How much it serves, and how well, if it serves requests and counts them. */
  readonly requests: RequestStats | undefined
  readonly lastError: HealthError | undefined
  readonly link: LinkHealth | undefined
}

/** Writes an error for a report. */
export function healthErrorOf(error: unknown, at: number): HealthError {
  if (!(error instanceof Error)) return { name: 'Error', message: shown(error), code: undefined, at }
  const { code } = error as { code?: unknown }
  return { name: error.name, message: error.message, code: typeof code === 'string' ? code : undefined, at }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : `something was thrown that is not an error: ${typeof value}`
}
