import type { EngineDefinition } from '@x/loop-utils/channel'
import type { Crossing } from './crossing.ts'

/** One decoded call as it crosses to the facade: the method's name and its parameters. */
export interface CrossingCall {
  readonly method: string
  readonly params: Crossing
}

/** Calls of one HTTP request that were acknowledged before anybody handled them, in their order on the wire. */
export interface AcknowledgedCalls {
  readonly calls: readonly CrossingCall[]
}

/** How a call that the facade answers ended. */
export type CallOutcome =
  | { readonly kind: 'result'; readonly value: Crossing }
  | { readonly kind: 'fault'; readonly faultCode: number; readonly faultString: string }

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** What the engine has counted since it was made. */
export interface EngineCounters {
  /** Requests that were answered, whatever the answer. */
  readonly requests: number
  /** Requests that were answered with an HTTP error or a fault. */
  readonly errors: number
  /** Wall-clock milliseconds of the last request, or null before the first. */
  readonly lastRequestAt: number | null
  /** Connections that are open now. */
  readonly connections: number
}

/** How a stop went. */
export interface DrainReport {
  /** Requests that were under way and got their answer. */
  readonly drained: number
  /** Requests that were under way when the deadline cut them off. */
  readonly aborted: number
}

/** What the facade and the engine of the server say to each other. */
export interface XmlRpcEngineContract {
  commands: {
    listen: (input: ListenAddress) => ListenAddress
    /** Which methods the facade answers by the question `call`; replaces an earlier list. */
    setMethods: (input: { readonly names: readonly string[] }) => void
    /** What `listDevices` answers for an interface without asking; null forgets it. */
    setDeviceList: (input: { readonly interfaceId: string; readonly devices: Crossing | null }) => void
    drain: (input: { readonly deadlineMs: number }) => DrainReport
    counters: (input: null) => EngineCounters
  }
  events: {
    acknowledged: AcknowledgedCalls
    counters: EngineCounters
  }
  questions: {
    call: (input: CrossingCall) => CallOutcome
  }
}

/** Options of the engine, all plain. */
export interface XmlRpcEngineOptions {
  readonly maxBodyBytes: number
  readonly maxDepth: number
  readonly maxNodes: number
  readonly maxMulticallCalls: number
  readonly maxConnections: number
  readonly keepAliveTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly handlerTimeoutMs: number
  readonly dialect: 'standard' | 'ccu'
  readonly parseErrorAs: 'http-400' | 'fault'
}

export type XmlRpcEngineDefinition = EngineDefinition<XmlRpcEngineContract, XmlRpcEngineOptions>
