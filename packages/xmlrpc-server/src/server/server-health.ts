import type { OverflowCount } from './overflow-counts.ts'

/** What waits for the handlers of one interface, and what became of what did. */
export interface InterfaceBacklog extends OverflowCount {
  readonly interfaceId: string
  /** Callbacks that were acknowledged and are not handled yet. */
  readonly waiting: number
}

/** What a server tells about itself. */
export interface ServerHealthStatus {
  readonly started: boolean
  /** Where its engine runs now. */
  readonly mode: 'loop' | 'thread'
  /** Requests that were answered since the server was made, whatever the answer. */
  readonly requestCount: number
  /** Requests that were answered with an HTTP error or a fault. */
  readonly errorCount: number
  /** `errorCount / requestCount`, and 0 before the first request. */
  readonly errorRate: number
  /** When the last request was answered, by the wall clock. */
  readonly lastRequest: Date | undefined
  /** Requests that were refused for who sent them: HTTP 401 and 403. */
  readonly deniedRequests: number
  /** Connections that are open. */
  readonly connections: number
  readonly centralsRegistered: number
  readonly centralNames: readonly string[]
  /** Callbacks that named an interface that no central has. */
  readonly unknownInterfaceIds: number
  /** Callbacks that were acknowledged and are not handled yet. */
  readonly waitingCallbacks: number
  /** Answers that were held back because too many callbacks waited. */
  readonly delayedAnswers: number
  /** Callbacks that were dropped because too many waited; 0 with the policy `'wait'`. */
  readonly droppedCallbacks: number
  /** Events that were left out because a newer one of the same data point had come. */
  readonly coalescedEvents: number
  /** The interfaces for which callbacks wait, or of which some were dropped or left out; the first 256 of the latter. */
  readonly interfaces: readonly InterfaceBacklog[]
  /** Callbacks whose handlers failed, or whose parameters make no sense. */
  readonly failedCallbacks: number
  /** How often the engine was started again after its worker died. */
  readonly engineRestarts: number
  /** How often the server went over to the other implementation. */
  readonly switches: number
  /** Whether failures in a row have degraded the server. It takes requests in any state. */
  readonly breaker: 'closed' | 'open' | 'half-open' | 'disabled'
}

/** Puts together what waits and what was counted, by interface. */
export function backlogs(
  waiting: ReadonlyMap<string, number>,
  counts: ReadonlyMap<string, OverflowCount>,
): InterfaceBacklog[] {
  const ids = new Set([...waiting.keys(), ...counts.keys()])
  return Array.from(ids, (interfaceId) => {
    const { dropped = 0, coalesced = 0 } = counts.get(interfaceId) ?? {}
    return { interfaceId, waiting: waiting.get(interfaceId) ?? 0, dropped, coalesced }
  })
}
