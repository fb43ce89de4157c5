import { systemClock, type Clock } from '@x/loop-utils/clock'
import { checkDuration, checkFunction, checkInteger, checkText, OptionError } from '@x/loop-utils/errors'

/** What is recorded, where and how much of it. `file` and `target` are needed. */
export interface CallbackRecorderOptions {
  /** The file to write. It must not be there yet; only its owner may read it. */
  readonly file: string
  /** The callback server that requests are handed on to, such as `http://127.0.0.1:9120`. */
  readonly target: string | URL
  /** Where to listen. Default 127.0.0.1; give an address that the CCU reaches when it is another machine. */
  readonly host?: string
  /** Default 0: any that is free. */
  readonly port?: number
  /** Largest file, in bytes; what comes then is handed on and not recorded. Default 256 MiB. */
  readonly maxFileBytes?: number
  /** Longest request, in bytes; a longer one gets 413. Default 10 MiB. */
  readonly maxBodyBytes?: number
  /** Longest answer that is read, in bytes; a longer one counts as none. Default 10 MiB. */
  readonly maxAnswerBytes?: number
  /** Most connections at once. Default 1000. */
  readonly maxConnections?: number
  /** How long the callback server may take to answer, in milliseconds; then the caller gets 502. Default 60,000. */
  readonly answerTimeoutMs?: number
  /** Told why from now on nothing is recorded, and of what listeners throw. */
  readonly onError?: (error: unknown) => void
  /** What offsets are taken by. Default: the system's. */
  readonly clock?: Clock
}

/** The options with their defaults filled in. */
export interface RecorderRules {
  readonly file: string
  readonly target: URL
  readonly host: string
  readonly port: number
  readonly maxFileBytes: number
  readonly maxBodyBytes: number
  readonly maxAnswerBytes: number
  readonly maxConnections: number
  readonly answerTimeoutMs: number
  readonly onError: ((error: unknown) => void) | undefined
  readonly clock: Clock
}

const MEBIBYTE = 1024 * 1024

/** @throws OptionError */
export function recorderRules(options: CallbackRecorderOptions): RecorderRules {
  const { onError, clock = systemClock } = options
  if (onError !== undefined) checkFunction('onError', onError)
  const count = (option: 'maxBodyBytes' | 'maxAnswerBytes' | 'maxConnections', missing: number): number =>
    checkInteger(option, options[option] ?? missing, { min: 1 })
  return {
    file: checkText('file', options.file),
    target: checkHttpUrl('target', options.target),
    host: checkText('host', options.host ?? '127.0.0.1'),
    port: checkInteger('port', options.port ?? 0, { min: 0, max: 65_535 }),
    maxFileBytes: checkInteger('maxFileBytes', options.maxFileBytes ?? 256 * MEBIBYTE, { min: 1024, max: 2 ** 31 - 1 }),
    maxBodyBytes: count('maxBodyBytes', 10 * MEBIBYTE),
    maxAnswerBytes: count('maxAnswerBytes', 10 * MEBIBYTE),
    maxConnections: count('maxConnections', 1000),
    answerTimeoutMs: checkDuration('answerTimeoutMs', options.answerTimeoutMs ?? 60_000, { min: 1 }),
    onError,
    clock,
  }
}

/** @throws OptionError for what is no http or https URL */
export function checkHttpUrl(option: string, value: unknown): URL {
  const text = value instanceof URL ? value.href : value
  if (typeof text === 'string' && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text)
  throw new OptionError(option, text, 'the http: URL of a callback server')
}
