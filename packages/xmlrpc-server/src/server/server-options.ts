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
import { checkLogger, type Logger } from '@x/loop-utils/log'
import type { SingleByteEncoding } from '../codec/single-byte.ts'
import type { AccessOptions, AnswerEncoding, XmlRpcEngineOptions } from '../engine/contract.ts'
import { checkOptionNames, type OptionNames } from '../option-names.ts'
import { accessOptions, type CredentialsCheck, type ServerAccessOptions } from './access-options.ts'
import { breakerSettings, type BreakerSettings, type ServerBreakerOptions } from './breaker-settings.ts'
import { checkQueueSettings, QUEUE_DEFAULTS, type QueueSettings, type ServerQueueOptions } from './queue-options.ts'

/** Options of the callback server. All of them are optional. */
export interface XmlRpcServerOptions extends ServerQueueOptions, ServerAccessOptions {
  /** Address to bind. Default `'0.0.0.0'`: a CCU has to reach it. */
  readonly host?: string
  /** Port to bind, or 0 for any that is free. Default 0. */
  readonly port?: number
  /** Whether to bind at all; without, calls come by `requestHandler()` alone. Default true. */
  readonly listen?: boolean
  /**
   * Whether `switchImplementation()` may bind the port before it is free, so that no connection is refused meanwhile
   * (SO_REUSEPORT; Node.js ≥ 22.12 on Linux and others that can). Other programs of the same user could then bind it,
   * too. Default false.
   */
  readonly sharePort?: boolean
  /** Whether sockets and decoding share the owner's loop or have a worker thread of their own. Default `'loop'`. */
  readonly mode?: 'loop' | 'thread'
  /** Where a bundler has put the entry `@x/xmlrpc-server/thread`, for `mode: 'thread'`. Default: found by itself. */
  readonly threadEntry?: URL
  /** Longest request body, in bytes. Default 10 MiB; a CCU with all its devices sends about 5. */
  readonly maxBodyBytes?: number
  /** How deep arrays and structs may be nested, 200 at most. Default 64; Homematic needs 5. */
  readonly maxDepth?: number
  /** How many values a document may hold. Default 1,000,000. */
  readonly maxNodes?: number
  /** How many calls a `system.multicall` may hold. Default 10,000. */
  readonly maxMulticallCalls?: number
  /** How many connections may be open at once; more are refused. Default 20,000. */
  readonly maxConnections?: number
  /** How long an idle connection is kept open. Default 300,000 ms: the Java side of a CCU does not expect it to end. */
  readonly keepAliveTimeoutMs?: number
  /** How long the headers of a request may take. Default 20,000 ms, or `requestTimeoutMs` where that is less. */
  readonly headersTimeoutMs?: number
  /** How long a whole request may take to arrive, and a peer may read nothing of its answers. Default 60,000 ms. */
  readonly requestTimeoutMs?: number
  /** How long a registered method may take before its caller gets a fault. Default 10,000 ms. */
  readonly handlerTimeoutMs?: number
  /** The forms of the answers: `'ccu'` is what all devices of the Homematic family read. Default `'ccu'`. */
  readonly dialect?: 'standard' | 'ccu'
  /**
   * How answers write an empty string: `'untyped'` as `<value></value>`, `'typed'` as `<value><string></string></value>`,
   * `'omit'` leaves out struct members that are one. Default `'untyped'` in the ccu dialect, else `'typed'`.
   */
  readonly emptyString?: 'typed' | 'untyped' | 'omit'
  /**
   * The encoding of the answers; `'as-request'` is the one that the request had. An answer with characters that it
   * lacks is written in UTF-8. Default `'utf-8'`.
   */
  readonly answerEncoding?: AnswerEncoding
  /** What requests of no declared encoding that are not UTF-8 are read as, for old firmware. Default: they get 400. */
  readonly encodingFallback?: SingleByteEncoding
  /** Admits `true` and `false` in `<boolean>`, as some add-ons send them. Default false. */
  readonly lenientBooleans?: boolean
  /** Whether a document that is no call is answered with HTTP 400 or with a fault. Default `'http-400'`. */
  readonly parseErrorAs?: 'http-400' | 'fault'
  /** Whether a fault shows the message of what a registered method threw. Default true. */
  readonly exposeErrors?: boolean
  /** Watches for failures of the server itself; false for no such watch. Default: five in a row degrade its health. */
  readonly breaker?: ServerBreakerOptions | false
  /** Told of errors that nobody awaits: a handler that threw, a callback whose parameters make no sense. */
  readonly onError?: (error: unknown) => void
  /** Gets what is worth a line: refused requests, interfaces that no central has, switches. Default: silent. */
  readonly logger?: Logger
  /** Runs the engine in place of the host that `mode` makes; it is not closed by the server. For tests. */
  readonly engineHost?: EngineHost
}

/** Options that have no default but their absence. */
type Optional =
  | 'threadEntry'
  | 'engineHost'
  | 'onError'
  | 'emptyString'
  | 'encodingFallback'
  | 'logger'
  | 'breaker'
  | 'headersTimeoutMs'
  | 'allow'
  | 'credentials'
  | 'tls'
type Defaulted = Required<Omit<XmlRpcServerOptions, Optional>>

const OPTIONAL: OptionNames<Pick<XmlRpcServerOptions, Optional>> = {
  threadEntry: true,
  engineHost: true,
  onError: true,
  emptyString: true,
  encodingFallback: true,
  logger: true,
  breaker: true,
  headersTimeoutMs: true,
  allow: true,
  credentials: true,
  tls: true,
}

const DEFAULTS: Defaulted = {
  ...QUEUE_DEFAULTS,
  host: '0.0.0.0',
  port: 0,
  listen: true,
  sharePort: false,
  mode: 'loop',
  maxBodyBytes: 10 * 1024 * 1024,
  maxDepth: 64,
  maxNodes: 1_000_000,
  maxMulticallCalls: 10_000,
  maxConnections: 20_000,
  keepAliveTimeoutMs: 300_000,
  requestTimeoutMs: 60_000,
  handlerTimeoutMs: 10_000,
  dialect: 'ccu',
  answerEncoding: 'utf-8',
  lenientBooleans: false,
  parseErrorAs: 'http-400',
  exposeErrors: true,
}

/** Options with every default filled in. */
export interface ServerSettings
  extends
    Defaulted,
    QueueSettings,
    Pick<XmlRpcServerOptions, 'threadEntry' | 'engineHost' | 'onError' | 'encodingFallback'> {
  readonly emptyString: 'typed' | 'untyped' | 'omit'
  readonly headersTimeoutMs: number
  readonly logger: Logger
  readonly breaker: BreakerSettings | undefined
  readonly access: AccessOptions
  readonly checkCredentials: CredentialsCheck | undefined
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws OptionError naming the option that is not usable
 */
export function serverSettings(options: XmlRpcServerOptions): ServerSettings {
  checkOptionNames(options, { ...DEFAULTS, ...OPTIONAL })
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const { credentials, emptyString, breaker, logger, ...rest } = {
    ...DEFAULTS,
    ...modeOf(options),
    ...given,
  } as XmlRpcServerOptions & Defaulted
  checkPlace(rest)
  checkForms(rest)
  checkQueueSettings(rest)
  for (const name of COUNTS) checkInteger(name, rest[name], { min: 1 })
  checkInteger('maxDepth', rest.maxDepth, { min: 1, max: DEEPEST })
  checkCount('maxConnections', rest.maxConnections)
  checkDuration('handlerTimeoutMs', rest.handlerTimeoutMs)
  if (rest.onError !== undefined) checkFunction('onError', rest.onError)
  return {
    ...rest,
    ...httpTimes(rest),
    emptyString: checkOneOf(
      'emptyString',
      emptyString ?? (rest.dialect === 'ccu' ? 'untyped' : 'typed'),
      EMPTY_STRINGS,
    ),
    logger: checkLogger(logger),
    breaker: breakerSettings(breaker),
    access: accessOptions(options),
    checkCredentials: typeof credentials === 'function' ? credentials : undefined,
  }
}

/** A given host says where the engine runs. */
function modeOf({ engineHost }: XmlRpcServerOptions): Pick<Defaulted, 'mode'> {
  return { mode: engineHost?.mode ?? DEFAULTS.mode }
}

const EMPTY_STRINGS = ['typed', 'untyped', 'omit'] as const

const COUNTS = ['maxBodyBytes', 'maxNodes', 'maxMulticallCalls'] as const

/** What crosses to a thread may not be nested much deeper. */
const DEEPEST = 200

/** What the timers of Node.js take: longer ones would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

const HEADERS_TIMEOUT_MS = 20_000

type HttpTimes = Pick<ServerSettings, 'keepAliveTimeoutMs' | 'headersTimeoutMs' | 'requestTimeoutMs'>

/** Node.js takes whole milliseconds, and no more of them for the headers than for the whole request. */
function httpTimes(settings: Defaulted & Pick<XmlRpcServerOptions, 'headersTimeoutMs'>): HttpTimes {
  const { keepAliveTimeoutMs, requestTimeoutMs } = settings
  checkInteger('keepAliveTimeoutMs', keepAliveTimeoutMs, { min: 1, max: MAX_TIMER_MS })
  checkInteger('requestTimeoutMs', requestTimeoutMs, { min: 1, max: MAX_TIMER_MS })
  const headersTimeoutMs = settings.headersTimeoutMs ?? Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs)
  checkInteger('headersTimeoutMs', headersTimeoutMs, { min: 1, max: requestTimeoutMs })
  return { keepAliveTimeoutMs, requestTimeoutMs, headersTimeoutMs }
}

function checkPlace({ host, port, mode, threadEntry, listen, sharePort }: Defaulted & XmlRpcServerOptions): void {
  checkText('host', host)
  checkInteger('port', port, { min: 0, max: 65_535 })
  checkBoolean('listen', listen)
  checkBoolean('sharePort', sharePort)
  checkOneOf('mode', mode, ['loop', 'thread'])
  if (threadEntry !== undefined && !(threadEntry instanceof URL)) {
    throw new OptionError('threadEntry', threadEntry, 'a URL')
  }
}

function checkForms(settings: Defaulted & XmlRpcServerOptions): void {
  checkOneOf('dialect', settings.dialect, ['standard', 'ccu'])
  checkOneOf('answerEncoding', settings.answerEncoding, ['utf-8', 'iso-8859-1', 'as-request'])
  checkOneOf('parseErrorAs', settings.parseErrorAs, ['http-400', 'fault'])
  checkBoolean('lenientBooleans', settings.lenientBooleans)
  checkBoolean('exposeErrors', settings.exposeErrors)
  if (settings.encodingFallback !== undefined) {
    checkOneOf('encodingFallback', settings.encodingFallback, ['iso-8859-1', 'iso-8859-15', 'windows-1252'])
  }
}

/** The part of the settings that the engine needs. */
export function engineOptions(settings: ServerSettings, mountKey: string | null): XmlRpcEngineOptions {
  const { maxBodyBytes, maxDepth, maxNodes, maxMulticallCalls, maxConnections, maxWaitingCallbacks } = settings
  const { keepAliveTimeoutMs, headersTimeoutMs, requestTimeoutMs, handlerTimeoutMs } = settings
  const { dialect, emptyString, answerEncoding, encodingFallback = null, lenientBooleans, parseErrorAs } = settings
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
    emptyString,
    answerEncoding,
    encodingFallback,
    lenientBooleans,
    parseErrorAs,
    mountKey,
    maxInTransit: maxWaitingCallbacks,
    overflowAfterMs: settings.overflow === 'wait' ? null : settings.overflowAfterMs,
    access: settings.access,
  }
}
