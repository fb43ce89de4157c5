/** What a server tells about itself. */
export interface ServerHealthStatus {
  readonly started: boolean
  /** Requests that were answered since the server was made, whatever the answer. */
  readonly requestCount: number
  /** Requests that were answered with an HTTP error or a fault. */
  readonly errorCount: number
  /** `errorCount / requestCount`, and 0 before the first request. */
  readonly errorRate: number
  /** When the last request was answered, by the wall clock. */
  readonly lastRequest: Date | undefined
  readonly centralsRegistered: number
  readonly centralNames: readonly string[]
  /** Callbacks that named an interface that no central has. */
  readonly unknownInterfaceIds: number
  /** Callbacks that were acknowledged and wait for their handlers. */
  readonly waitingCallbacks: number
  /** Callbacks whose handlers failed, or whose parameters make no sense. */
  readonly failedCallbacks: number
  /** How often the engine was started again after its worker died. */
  readonly engineRestarts: number
}
