import type { CcuEndpoint } from '../endpoints/ccu-endpoint.ts'
import type { Endpoint } from '../endpoints/endpoint.ts'
import type { EventLog } from '../events/event-log.ts'
import type { EventStreams } from '../events/event-stream.ts'
import type { ObservationLog } from '../observers/observation-log.ts'

/** What the routes of the control API work on. */
export interface ApiContext {
  readonly endpoints: readonly Endpoint[]
  readonly ccu: CcuEndpoint
  readonly events: EventLog
  readonly streams: EventStreams
  readonly observations: ObservationLog
  /** Largest body, in bytes. */
  readonly maxBodyBytes: number
  /** How long a request waits for the fake CCU to come to rest, in milliseconds. */
  readonly settleTimeoutMs: number
  readonly version: string
}
