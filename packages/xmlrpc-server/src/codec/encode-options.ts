import { checkBoolean, checkInteger, checkOneOf } from '@x/loop-utils/errors'
import type { SingleByteEncoding } from './single-byte.ts'

/**
 * Which forms the encoder uses: `standard` (the specification, with nil and i8), or `ccu`: what both the C++ and the
 * Java side of a Homematic CCU read. That is no self-closed tags, no nil, no i8, and of references only the named ones.
 */
export type XmlRpcDialect = 'standard' | 'ccu'

/** The encodings that documents are written in. */
export type XmlRpcOutputEncoding = 'utf-8' | 'us-ascii' | SingleByteEncoding

/** How values are written. All of it is optional. */
export interface EncodeOptions {
  /** Default `standard`. */
  readonly dialect?: XmlRpcDialect
  /** Default `utf-8`. */
  readonly encoding?: XmlRpcOutputEncoding
  /**
   * How an empty string is written: `typed` as `<value><string></string></value>`, `untyped` as `<value></value>`,
   * `omit` as `untyped`, but a struct member that is one is left out. Default `typed`, in the ccu dialect `untyped`.
   */
  readonly emptyString?: 'typed' | 'untyped' | 'omit'
  /** Admits infinities and not-a-number, which the specification lacks. Default false. */
  readonly nonFiniteDoubles?: boolean
  /** What becomes of a character that the encoding or XML has no form for: an error, or `?`. Default `error`. */
  readonly unencodable?: 'error' | 'replace'
  /** How deep arrays and structs may be nested. Default 128, at most 1000. */
  readonly maxDepth?: number
}

/** {@link EncodeOptions} with all defaults filled in. */
export type EncodeRules = { readonly [K in keyof EncodeOptions]-?: NonNullable<EncodeOptions[K]> }

/**
 * Checks options and fills in the defaults.
 *
 * @throws OptionError naming the option that is not usable
 */
export function encodeRules(options: EncodeOptions = {}): EncodeRules {
  const dialect = checkOneOf('dialect', options.dialect ?? 'standard', ['standard', 'ccu'])
  const emptyString = options.emptyString ?? (dialect === 'ccu' ? 'untyped' : 'typed')
  return {
    dialect,
    encoding: checkOneOf('encoding', options.encoding ?? 'utf-8', OUTPUT_ENCODINGS),
    emptyString: checkOneOf('emptyString', emptyString, ['typed', 'untyped', 'omit']),
    nonFiniteDoubles: checkBoolean('nonFiniteDoubles', options.nonFiniteDoubles ?? false),
    unencodable: checkOneOf('unencodable', options.unencodable ?? 'error', ['error', 'replace']),
    maxDepth: checkInteger('maxDepth', options.maxDepth ?? 128, { min: 1, max: 1000 }),
  }
}

const OUTPUT_ENCODINGS = ['utf-8', 'us-ascii', 'iso-8859-1', 'iso-8859-15', 'windows-1252'] as const
