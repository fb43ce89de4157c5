import type { EngineDefinition } from '@x/loop-utils/channel'
import type { SingleByteEncoding } from '../codec/single-byte.ts'
import type { CallCells } from './call-cells.ts'
import type { Crossing } from './crossing.ts'
import type { ServerNotice } from './server-notice.ts'

/** One decoded call as it crosses to the facade: the method's name and its parameters. */
export interface CrossingCall {
  readonly method: string
  readonly params: Crossing
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

/** Where a server is to listen. */
export interface ListenRequest extends ListenAddress {
  /** Whether another listener of this process may have the port at the same time, where the platform can do that. */
  readonly isShared: boolean
  /** Whether to make sure that nobody has a shared port yet. */
  readonly isFirst: boolean
  /** For how long to try again while somebody else has the port, in milliseconds. Default 0. */
  readonly patienceMs?: number
}

/** Where a server listens, and since when: a moment of the clock that all threads share. */
export interface BoundAddress extends ListenAddress {
  readonly atMs: number
}

/** What the engine has counted since it was made. */
export interface EngineCounters {
  /** Requests that were answered, whatever the answer. */
  readonly requests: number
  /** Requests that were answered with an HTTP error or a fault. */
  readonly errors: number
  /** Of the errors, those for which the server is to blame: HTTP 500, or nobody answered in time. */
  readonly failures: number
  /** Requests that were refused for who sent them: HTTP 401 and 403. */
  readonly denied: number
  /** Calls whose acknowledgement was held back because callbacks wait for their handlers. */
  readonly delayed: number
  /** Wall-clock milliseconds of the last request, or null before the first. */
  readonly lastRequestAt: number | null
  /** Connections that are open now. */
  readonly connections: number
}

/** How an engine lets go of its connections. */
export interface DrainRequest {
  readonly deadlineMs: number
  /** How long connections without a request are kept, so that nobody sends one into a closing connection. */
  readonly idleGraceMs: number
}

/** How a drain went. */
export interface DrainReport {
  /** Requests that were under way, or came meanwhile, and got their answer. */
  readonly drained: number
  /** Requests that were under way when the deadline cut them off. */
  readonly aborted: number
}

/** Who sent a request, for the facade to judge. */
export interface GivenCredentials {
  readonly user: string
  readonly password: string
  readonly remoteAddress: string
}

/** What the facade and the engine of the server say to each other. */
export interface XmlRpcEngineContract {
  commands: {
    listen: (input: ListenRequest) => BoundAddress
    /** Takes the connections that wait, then no more, and frees the port; the open ones stay. Tells when. */
    unlisten: (input: null) => number
    /** Which methods the facade answers by the question `call`; replaces an earlier list. */
    setMethods: (input: { readonly names: readonly string[] }) => void
    /** What `listDevices` answers for an interface without asking; null forgets it. */
    setDeviceList: (input: { readonly interfaceId: string; readonly devices: Crossing | null }) => void
    setNotice: (input: ServerNotice) => void
    /** Holds the acknowledgements of an interface back, or of all (null), until it is taken back. */
    hold: (input: { readonly interfaceId: string | null; readonly isHeld: boolean }) => void
    /** How much weight of acknowledged calls the facade has taken out of the stream so far. */
    taken: (input: { readonly weight: number }) => void
    drain: (input: DrainRequest) => DrainReport
    counters: (input: null) => EngineCounters
  }
  events: {
    acknowledged: CallCells
    counters: EngineCounters
  }
  questions: {
    call: (input: CrossingCall) => CallOutcome
    authorize: (input: GivenCredentials) => boolean
  }
}

/** A user name and its password. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

/** The server's side of TLS, in PEM. */
export interface TlsIdentity {
  readonly key: string
  readonly cert: string
  readonly passphrase?: string
  /** Authorities that a client's certificate has to come from; without, clients need none. */
  readonly clientCa?: string
}

/** Who may call. */
export interface AccessOptions {
  /** Addresses and networks that may connect; null for all. */
  readonly allow: readonly string[] | null
  /** Who may call: a list, the facade by the question `authorize`, or null for everybody. */
  readonly credentials: readonly Credentials[] | 'ask' | null
  readonly tls: TlsIdentity | null
}

/** The encoding of the answers: a fixed one, or that of the request where answers can be written in it. */
export type AnswerEncoding = 'utf-8' | 'iso-8859-1' | 'as-request'

/** Options of the engine, all plain. */
export interface XmlRpcEngineOptions {
  readonly maxBodyBytes: number
  readonly maxDepth: number
  readonly maxNodes: number
  readonly maxMulticallCalls: number
  readonly maxConnections: number
  /** Weight of acknowledged calls that may be on their way to the facade before answers are delayed. */
  readonly maxInTransit: number
  /** After how long a held acknowledgement is given all the same; null for never. */
  readonly overflowAfterMs: number | null
  readonly keepAliveTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly handlerTimeoutMs: number
  readonly dialect: 'standard' | 'ccu'
  readonly emptyString: 'typed' | 'untyped' | 'omit'
  readonly answerEncoding: AnswerEncoding
  readonly encodingFallback: SingleByteEncoding | null
  readonly lenientBooleans: boolean
  readonly parseErrorAs: 'http-400' | 'fault'
  readonly access: AccessOptions
  /** Under which key the engine is to be found by a request handler of the same thread; null for none. */
  readonly mountKey: string | null
}

export type XmlRpcEngineDefinition = EngineDefinition<XmlRpcEngineContract, XmlRpcEngineOptions>
