import { checkBoolean, checkInteger, checkOneOf } from '@x/loop-utils/errors'
import { decodeRules, type DecodeOptions } from '../codec/decode-options.ts'
import { encodeRules, type EncodeOptions } from '../codec/encode-options.ts'

/** The part of a logger that the dispatcher calls. */
export interface DispatcherLogger {
  debug(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Options of a dispatcher. All of them are optional. */
export interface DispatcherOptions {
  /** How calls are read. Default: strict, with the bounds of the codec. */
  readonly decode?: DecodeOptions
  /** How answers are written. Default: the standard dialect in UTF-8. */
  readonly encode?: EncodeOptions
  /** What a document that is no call leads to: `throw` its XmlRpcProtocolError, or a `fault`. Default `throw`. */
  readonly parseErrorAs?: 'throw' | 'fault'
  /** Whether a fault carries the message of what a handler threw. Default true. */
  readonly exposeErrors?: boolean
  /** How many calls one `system.multicall` may hold. Default 10,000. */
  readonly maxMulticallCalls?: number
  /** Default: silent. */
  readonly logger?: DispatcherLogger
}

/** {@link DispatcherOptions} with all defaults filled in. */
export interface DispatcherRules extends Required<Omit<DispatcherOptions, 'logger' | 'decode' | 'encode'>> {
  readonly decode: DecodeOptions | undefined
  readonly encode: EncodeOptions | undefined
  readonly logger: DispatcherLogger | undefined
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws OptionError naming the option that is not usable
 */
export function dispatcherRules(options: DispatcherOptions): DispatcherRules {
  const { decode, encode, logger } = options
  decodeRules(decode)
  encodeRules(encode)
  return {
    decode,
    encode,
    logger,
    parseErrorAs: checkOneOf('parseErrorAs', options.parseErrorAs ?? 'throw', ['throw', 'fault']),
    exposeErrors: checkBoolean('exposeErrors', options.exposeErrors ?? true),
    maxMulticallCalls: checkInteger('maxMulticallCalls', options.maxMulticallCalls ?? 10_000, { min: 1 }),
  }
}
