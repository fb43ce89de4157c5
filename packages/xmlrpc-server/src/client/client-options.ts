import { checkBoolean, checkClock, checkDuration, checkInteger, checkText, OptionError } from '@x/loop-utils/errors'
import type { Clock } from '@x/loop-utils/clock'
import { decodeRules, type DecodeOptions } from '../codec/decode-options.ts'
import { encodeRules, type EncodeOptions } from '../codec/encode-options.ts'
import { checkOptionNames, type OptionNames } from '../option-names.ts'

/** What a client trusts and presents on `https:` URLs. */
export interface ClientTlsOptions {
  /** Certificates that are trusted, in PEM. Default: those of Node.js. */
  readonly ca?: string | readonly string[]
  /** Whether a certificate that cannot be verified is refused. Default true. */
  readonly rejectUnauthorized?: boolean
}

/** Options of a client. Only `url` is needed. */
export interface XmlRpcClientOptions {
  /** Such as `http://192.168.1.5:2001/`; user and password in it are sent as basic authentication. */
  readonly url: string | URL
  /** How long a call may take, in milliseconds. Default 60,000. `Infinity` for no limit. */
  readonly timeoutMs?: number
  /** How calls are written. Default: the ccu dialect in ISO-8859-1, which all interfaces of a CCU read. */
  readonly encode?: EncodeOptions
  /** How responses are read. Default: strict; bytes that are neither declared nor UTF-8 are ISO-8859-1. */
  readonly decode?: DecodeOptions
  /** How many connections may be open at once; further calls wait. Default 4. */
  readonly maxConnections?: number
  /** How long an idle connection is kept, in milliseconds. Default 15,000; 0 closes it after each call. */
  readonly keepAliveMs?: number
  /** For `https:` URLs. */
  readonly tls?: ClientTlsOptions
  /** Default: the system's. */
  readonly clock?: Clock
}

/** {@link XmlRpcClientOptions} with all defaults filled in. */
export interface ClientRules {
  /** Without credentials. */
  readonly url: URL
  /** `user:password`, if there are any. */
  readonly auth: string | undefined
  readonly timeoutMs: number
  readonly encode: EncodeOptions
  readonly decode: DecodeOptions
  readonly maxConnections: number
  readonly keepAliveMs: number
  readonly tls: ClientTlsOptions
  readonly clock: Clock | undefined
}

const NAMES: OptionNames<XmlRpcClientOptions> = {
  url: true,
  timeoutMs: true,
  encode: true,
  decode: true,
  maxConnections: true,
  keepAliveMs: true,
  tls: true,
  clock: true,
}

const TLS: OptionNames<ClientTlsOptions> = { ca: true, rejectUnauthorized: true }

const ENCODE: EncodeOptions = { dialect: 'ccu', encoding: 'iso-8859-1' }
const DECODE: DecodeOptions = { encodingFallback: 'iso-8859-1' }

/**
 * Checks options and fills in the defaults.
 *
 * @throws OptionError naming the option that is not usable
 */
export function clientRules(options: XmlRpcClientOptions): ClientRules {
  checkOptionNames(options, NAMES)
  const { encode = ENCODE, decode = DECODE, tls = {}, clock } = options
  checkTls(tls)
  if (clock !== undefined) checkClock(clock)
  encodeRules(encode)
  decodeRules(decode)
  return {
    ...parseUrl(options.url),
    encode,
    decode,
    tls,
    clock,
    timeoutMs: checkDuration('timeoutMs', options.timeoutMs ?? 60_000, { min: 1, infinite: true }),
    maxConnections: checkInteger('maxConnections', options.maxConnections ?? 4, { min: 1 }),
    keepAliveMs: checkDuration('keepAliveMs', options.keepAliveMs ?? 15_000),
  }
}

function parseUrl(given: string | URL): Pick<ClientRules, 'url' | 'auth'> {
  const text = String(given)
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new OptionError('url', text, 'an http: or https: URL')
  }
  const url = new URL(text)
  const auth = credentialsOf(url)
  url.username = ''
  url.password = ''
  url.hash = ''
  return { url, auth }
}

function credentialsOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  } catch {
    // shown without what may be a password
    throw new OptionError('url', '(with credentials)', 'user and password percent-encoded, a % itself as %25')
  }
}

/** @throws OptionError naming what is not usable of what a client trusts */
export function checkTls(tls: ClientTlsOptions): void {
  checkOptionNames(tls, TLS, 'tls.')
  const { ca = [], rejectUnauthorized = true } = tls
  checkBoolean('tls.rejectUnauthorized', rejectUnauthorized)
  if (typeof ca === 'string') return
  if (!Array.isArray(ca)) throw new OptionError('tls.ca', ca, 'certificates in PEM: a text or an array of texts')
  for (const [index, certificate] of ca.entries()) checkText(`tls.ca[${index}]`, certificate)
}
