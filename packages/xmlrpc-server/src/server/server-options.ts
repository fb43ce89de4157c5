import type { EngineHost } from '@x/loop-utils/channel'
import {
  checkBoolean,
  checkCount,
  checkDuration,
  checkFunction,
  checkInteger,
  checkOneOf,
  checkText,
  OptionError,
} from '@x/loop-utils/errors'
import type { XmlRpcEngineOptions } from '../engine/contract.ts'

/** Options of the callback server. All of them are optional. */
export interface XmlRpcServerOptions {
  /** Address to bind. Default `'0.0.0.0'`: a CCU has to reach it. */
  readonly host?: string
  /** Port to bind, or 0 for any that is free. Default 0. */
  readonly port?: number
  /** Whether sockets and decoding share the owner's loop or have a worker thread of their own. Default `'loop'`. */
  readonly mode?: 'loop' | 'thread'
  /** Where a bundler has put the entry `@x/xmlrpc-server/thread`, for `mode: 'thread'`. Default: found by itself. */
  readonly threadEntry?: URL
  /** Longest request body, in bytes. Default 10 MiB; a CCU with all its devices sends about 5. */
  readonly maxBodyBytes?: number
  /** How deep arrays and structs may be nested. Default 64; Homematic needs 5. */
  readonly maxDepth?: number
  /** How many values a document may hold. Default 1,000,000. */
  readonly maxNodes?: number
  /** How many calls a `system.multicall` may hold. Default 10,000. */
  readonly maxMulticallCalls?: number
  /** How many connections may be open at once; more are refused. Default 20,000. */
  readonly maxConnections?: number
  /** How long an idle connection is kept open. Default 300,000 ms: the Java side of a CCU does not expect it to end. */
  readonly keepAliveTimeoutMs?: number
  /** How long the headers of a request may take. Default 20,000 ms. */
  readonly headersTimeoutMs?: number
  /** How long a whole request may take to arrive. Default 60,000 ms. */
  readonly requestTimeoutMs?: number
  /** How long a registered method may take before its caller gets a fault. Default 10,000 ms. */
  readonly handlerTimeoutMs?: number
  /** Acknowledged callbacks that may wait for their handlers before answers are delayed. Default 10,000. */
  readonly maxWaitingCallbacks?: number
  /** The forms of the answers: `'ccu'` is what all devices of the Homematic family read. Default `'ccu'`. */
  readonly dialect?: 'standard' | 'ccu'
  /** Whether a document that is no call is answered with HTTP 400 or with a fault −32700. Default `'http-400'`. */
  readonly parseErrorAs?: 'http-400' | 'fault'
  /** Whether a fault shows the message of what a registered method threw. Default true. */
  readonly exposeErrors?: boolean
  /** Told of errors that nobody awaits: a handler that threw, a callback whose parameters make no sense. */
  readonly onError?: (error: unknown) => void
  /** Runs the engine in place of the host that `mode` makes; it is not closed by the server. For tests. */
  readonly engineHost?: EngineHost
}

type Defaulted = Required<Omit<XmlRpcServerOptions, 'threadEntry' | 'engineHost' | 'onError'>>

const DEFAULTS: Defaulted = {
  host: '0.0.0.0',
  port: 0,
  mode: 'loop',
  maxBodyBytes: 10 * 1024 * 1024,
  maxDepth: 64,
  maxNodes: 1_000_000,
  maxMulticallCalls: 10_000,
  maxConnections: 20_000,
  keepAliveTimeoutMs: 300_000,
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  handlerTimeoutMs: 10_000,
  maxWaitingCallbacks: 10_000,
  dialect: 'ccu',
  parseErrorAs: 'http-400',
  exposeErrors: true,
}

/** Options with every default filled in. */
export type ServerSettings = Defaulted & Pick<XmlRpcServerOptions, 'threadEntry' | 'engineHost' | 'onError'>

/**
 * Checks options and fills in the defaults.
 *
 * @throws OptionError naming the option that is not usable
 */
export function serverSettings(options: XmlRpcServerOptions): ServerSettings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const settings: ServerSettings = { ...DEFAULTS, ...given }
  checkText('host', settings.host)
  checkInteger('port', settings.port, { min: 0, max: 65_535 })
  checkOneOf('mode', settings.mode, ['loop', 'thread'])
  checkOneOf('dialect', settings.dialect, ['standard', 'ccu'])
  checkOneOf('parseErrorAs', settings.parseErrorAs, ['http-400', 'fault'])
  checkBoolean('exposeErrors', settings.exposeErrors)
  for (const name of COUNTS) checkCount(name, settings[name], { min: 1 })
  for (const name of DURATIONS) checkDuration(name, settings[name])
  if (settings.onError !== undefined) checkFunction('onError', settings.onError)
  if (settings.threadEntry !== undefined && !(settings.threadEntry instanceof URL)) {
    throw new OptionError('threadEntry', settings.threadEntry, 'a URL')
  }
  return settings
}

const COUNTS = [
  'maxBodyBytes',
  'maxDepth',
  'maxNodes',
  'maxMulticallCalls',
  'maxConnections',
  'maxWaitingCallbacks',
] as const

const DURATIONS = ['keepAliveTimeoutMs', 'headersTimeoutMs', 'requestTimeoutMs', 'handlerTimeoutMs'] as const

/** The part of the settings that the engine needs. */
export function engineOptions(settings: ServerSettings): XmlRpcEngineOptions {
  const { maxBodyBytes, maxDepth, maxNodes, maxMulticallCalls, maxConnections } = settings
  const { keepAliveTimeoutMs, headersTimeoutMs, requestTimeoutMs, handlerTimeoutMs, dialect, parseErrorAs } = settings
  return {
    maxBodyBytes,
    maxDepth,
    maxNodes,
    maxMulticallCalls,
    maxConnections,
    keepAliveTimeoutMs,
    headersTimeoutMs,
    requestTimeoutMs,
    handlerTimeoutMs,
    dialect,
    parseErrorAs,
  }
}
