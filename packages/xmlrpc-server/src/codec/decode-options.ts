import { checkBoolean, checkInteger, checkOneOf, OptionError } from '@x/loop-utils/errors'
import type { SingleByteEncoding } from './single-byte.ts'

/** What the decoder admits. All of it is optional; the defaults are strict. */
export interface DecodeOptions {
  /** Longest document, in bytes. Default 10 MiB. */
  readonly maxBytes?: number
  /** How deep arrays and structs may be nested. Default 128 (Homematic needs 5). */
  readonly maxDepth?: number
  /** How many values a document may hold. Default 1,000,000. */
  readonly maxNodes?: number
  /** The encoding that the transport states, used when neither byte order mark nor declaration does. */
  readonly charset?: string
  /** What undeclared bytes that are not UTF-8 are read as, for old device firmware. Default: they are refused. */
  readonly encodingFallback?: SingleByteEncoding
  /** Admits `true` and `false` in `<boolean>`. Default false. */
  readonly lenientBooleans?: boolean
  /** Admits `inf` and `nan` in `<double>`, and doubles too big for one. Default false. */
  readonly nonFiniteDoubles?: boolean
  /** Admits method names of other characters than letters, digits and `_.:/`. Default false. */
  readonly lenientMethodNames?: boolean
  /** What a member name that comes twice in a struct means: the last one counts, or an error. Default `last`. */
  readonly duplicateMembers?: 'last' | 'reject'
  /** Whether doubles become plain numbers, or an XmlRpcDouble each so that 5.0 and 5 differ. Default `number`. */
  readonly doubles?: 'number' | 'tagged'
}

/** What the decoder of responses admits besides. */
export interface DecodeResponseOptions extends DecodeOptions {
  /** Takes an empty document, or a response without a result, for the result null, as void methods of a CCU answer. Default false. */
  readonly emptyAsVoid?: boolean
}

type Checked<T> = { readonly [K in keyof T]-?: T[K] }

/** {@link DecodeOptions} with all defaults filled in. */
export type DecodeRules = Checked<Omit<DecodeOptions, 'charset' | 'encodingFallback'>> &
  Pick<DecodeOptions, 'charset' | 'encodingFallback'>

const DEFAULTS: DecodeRules = {
  maxBytes: 10 * 1024 * 1024,
  maxDepth: 128,
  maxNodes: 1_000_000,
  lenientBooleans: false,
  nonFiniteDoubles: false,
  lenientMethodNames: false,
  duplicateMembers: 'last',
  doubles: 'number',
}

/** The encodings that undeclared bytes may be read as. */
const FALLBACKS = ['iso-8859-1', 'iso-8859-15', 'windows-1252'] as const

/**
 * Checks options and fills in the defaults.
 *
 * @throws OptionError naming the option that is not usable
 */
export function decodeRules(options: DecodeOptions | undefined): DecodeRules {
  if (options === undefined) return DEFAULTS
  const known = checked.get(options)
  if (known !== undefined) return known
  const rules = checkRules(options)
  // what cannot change need not be checked with each document
  if (Object.isFrozen(options)) checked.set(options, rules)
  return rules
}

/** The rules of frozen options. */
const checked = new WeakMap<DecodeOptions, DecodeRules>()

function checkRules(options: DecodeOptions): DecodeRules {
  const rules = { ...DEFAULTS, ...withoutUndefined(options) }
  checkInteger('maxBytes', rules.maxBytes, { min: 1 })
  checkInteger('maxDepth', rules.maxDepth, { min: 1, max: 100_000 })
  checkInteger('maxNodes', rules.maxNodes, { min: 1 })
  for (const name of ['lenientBooleans', 'nonFiniteDoubles', 'lenientMethodNames'] as const) {
    checkBoolean(name, rules[name])
  }
  checkOneOf('duplicateMembers', rules.duplicateMembers, ['last', 'reject'])
  checkOneOf('doubles', rules.doubles, ['number', 'tagged'])
  if (rules.encodingFallback !== undefined) checkOneOf('encodingFallback', rules.encodingFallback, FALLBACKS)
  if (rules.charset !== undefined && typeof rules.charset !== 'string') {
    throw new OptionError('charset', rules.charset, 'the name of an encoding')
  }
  return rules
}

function withoutUndefined(options: DecodeOptions): Partial<DecodeRules> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
