import { reconnectBackoff, type Backoff } from '@x/loop-utils/backoff'
import { systemClock, type Clock, type Random } from '@x/loop-utils/clock'
import {
  checkBoolean,
  checkClock,
  checkDuration,
  checkFunction,
  checkInteger,
  checkRandom,
  checkText,
  OptionError,
} from '@x/loop-utils/errors'
import { checkTls, type ClientTlsOptions } from '../client/client-options.ts'
import { XmlRpcClient } from '../client/xml-rpc-client.ts'
import { MAX_INTERFACE_ID } from '../homematic/interface-id.ts'
import { checkOptionNames, type OptionNames } from '../option-names.ts'

/** Options of a registration. `ccu`, `interfaceId` and `callbackUrl` are needed. */
export interface CcuRegistrationOptions {
  /** The interface to register with, such as `http://192.168.1.5:2001`, or a client of it, which stays yours. */
  readonly ccu: string | URL | XmlRpcClient
  /** What the CCU is to put first into each callback; has to be unlike that of every other program. */
  readonly interfaceId: string
  /** Where the CCU is to call, as it sees this machine. A function is asked at each registration. */
  readonly callbackUrl: string | (() => string)
  /** Whether pings are sent and a lost registration is made again. Default true. */
  readonly watchdog?: boolean
  /** After how long without any callback a ping is sent, in milliseconds. Default 60,000. */
  readonly pingAfterMs?: number
  /** How long a PONG may take, in milliseconds. Default 15,000. */
  readonly pongTimeoutMs?: number
  /** After how many pings in a row without a PONG the registration is taken for lost. Default 2. */
  readonly maxMissedPongs?: number
  /** How long `init` may take, in milliseconds. Default 60,000: an interface that boots takes its time. */
  readonly initTimeoutMs?: number
  /** In how much time after `init` something has to come back, in milliseconds. Default 30,000. */
  readonly firstCallbackTimeoutMs?: number
  /** How long taking the registration back may take, in milliseconds. Default 5000. */
  readonly deregisterTimeoutMs?: number
  /** The delays between attempts. Default: 1 s doubling to 60 s, spread by a tenth. */
  readonly backoff?: Backoff
  /** For `https:` URLs in `ccu`. */
  readonly tls?: ClientTlsOptions
  /** Told of what nobody awaits: what listeners throw, a registration that could not be taken back. */
  readonly onError?: (error: unknown) => void
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default `Math.random`. */
  readonly random?: Random
}

/** {@link CcuRegistrationOptions} with every default filled in. */
export interface RegistrationRules {
  readonly interfaceId: string
  readonly callbackUrl: () => string
  readonly watchdog: boolean
  readonly pingAfterMs: number
  readonly pongTimeoutMs: number
  readonly maxMissedPongs: number
  readonly initTimeoutMs: number
  readonly firstCallbackTimeoutMs: number
  readonly deregisterTimeoutMs: number
  readonly backoff: Backoff
  readonly onError: ((error: unknown) => void) | undefined
  readonly clock: Clock
  readonly random: Random
}

const NAMES: OptionNames<CcuRegistrationOptions> = {
  ccu: true,
  interfaceId: true,
  callbackUrl: true,
  watchdog: true,
  pingAfterMs: true,
  pongTimeoutMs: true,
  maxMissedPongs: true,
  initTimeoutMs: true,
  firstCallbackTimeoutMs: true,
  deregisterTimeoutMs: true,
  backoff: true,
  tls: true,
  onError: true,
  clock: true,
  random: true,
}

const DURATIONS = {
  pingAfterMs: 60_000,
  pongTimeoutMs: 15_000,
  initTimeoutMs: 60_000,
  firstCallbackTimeoutMs: 30_000,
  deregisterTimeoutMs: 5000,
} as const

/**
 * Checks options and fills in the defaults.
 *
 * @throws OptionError naming the option that is not usable
 */
export function registrationRules(options: CcuRegistrationOptions): RegistrationRules {
  checkOptionNames(options, NAMES)
  const { callbackUrl, onError, backoff = reconnectBackoff(), clock = systemClock, random = Math.random } = options
  if (onError !== undefined) checkFunction('onError', onError)
  if (options.tls !== undefined) checkTls(options.tls)
  checkClock(clock)
  checkRandom(random)
  if (typeof backoff?.delays !== 'function')
    throw new OptionError('backoff', backoff, 'a Backoff, such as exponential()')
  const duration = (name: keyof typeof DURATIONS): number =>
    checkDuration(name, options[name] ?? DURATIONS[name], { min: 1 })
  return {
    interfaceId: checkText('interfaceId', options.interfaceId, { maxLength: MAX_INTERFACE_ID }),
    callbackUrl: typeof callbackUrl === 'function' ? () => checkUrl(callbackUrl()) : urlOf(checkUrl(callbackUrl)),
    watchdog: checkBoolean('watchdog', options.watchdog ?? true),
    maxMissedPongs: checkInteger('maxMissedPongs', options.maxMissedPongs ?? 2, { min: 1 }),
    pingAfterMs: duration('pingAfterMs'),
    pongTimeoutMs: duration('pongTimeoutMs'),
    initTimeoutMs: duration('initTimeoutMs'),
    firstCallbackTimeoutMs: duration('firstCallbackTimeoutMs'),
    deregisterTimeoutMs: duration('deregisterTimeoutMs'),
    backoff,
    onError,
    clock,
    random,
  }
}

/** The client of a registration, and whether it ends with it. */
export function clientOf({ ccu, tls }: CcuRegistrationOptions): { client: XmlRpcClient; isOwn: boolean } {
  if (ccu instanceof XmlRpcClient) return { client: ccu, isOwn: false }
  return { client: new XmlRpcClient({ url: ccu, ...(tls === undefined ? {} : { tls }) }), isOwn: true }
}

function urlOf(url: string): () => string {
  return () => url
}

/** A CCU calls plain HTTP. */
function checkUrl(url: unknown): string {
  if (typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  throw new OptionError('callbackUrl', url, 'the http: URL at which the CCU reaches the callback server')
}
