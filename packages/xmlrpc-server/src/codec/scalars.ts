import { trimWhite } from './char-data.ts'
import { XmlRpcDateTime } from './date-time.ts'
import { XmlRpcDouble } from './double.ts'
import type { ScalarType } from './grammar.ts'
import type { XmlRpcValue } from './value.ts'

/** How texts of scalars are read. */
export interface ScalarRules {
  readonly lenientBooleans: boolean
  readonly nonFiniteDoubles: boolean
  readonly doubles: 'number' | 'tagged'
}

/** The text of a scalar that is none of its type. */
export class BadScalar extends Error {
  override readonly name = 'BadScalar'
}

const INTEGER = /^[+-]?[0-9]+$/
const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/
const NON_FINITE: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['infinity', Infinity],
  ['nan', NaN],
])
const ALPHABET = /^[A-Za-z0-9+/]*(={0,2})$/
const WHITE = /[\t\n\r ]+/g
const I64 = 2n ** 63n
/** Longest text of a number: a double printed in full has 1,080 characters. */
const MAX_NUMBER = 2048

type Reader = (text: string, rules: ScalarRules) => XmlRpcValue

const readI64: Reader = (text) => readInteger(text, 64n)
const readI8: Reader = (text) => readInteger(text, 8n)
const readI16: Reader = (text) => readInteger(text, 16n)
const readBigInteger: Reader = (text) => readInteger(text, undefined)

/** What reads the text of each type, without the white space around it. */
const READERS: Readonly<Record<Exclude<ScalarType, 'string'>, Reader>> = {
  int: readI64,
  i4: readI64,
  i8: readI64,
  i1: readI8,
  i2: readI16,
  biginteger: readBigInteger,
  double: readDouble,
  float: readDouble,
  bigdecimal: readDouble,
  boolean: readBoolean,
  base64: readBase64,
  nil: readNil,
  'dateTime.iso8601': readDateTime,
  'ex:i1': readI8,
  'ex:i2': readI16,
  'ex:i4': readI64,
  'ex:i8': readI64,
  'ex:biginteger': readBigInteger,
  'ex:float': readDouble,
  'ex:bigdecimal': readDouble,
  'ex:nil': readNil,
  'ex:dateTime': readDateTime,
}

/**
 * The value of a scalar element.
 *
 * @throws BadScalar when the text is none of the type
 */
export function readScalar(type: ScalarType, text: string, rules: ScalarRules): XmlRpcValue {
  return type === 'string' ? text : READERS[type](trimWhite(text), rules)
}

/** Reads an integer; `bits` undefined means without bounds. */
function readInteger(text: string, bits: bigint | undefined): number | bigint {
  if (!INTEGER.test(text)) throw new BadScalar(`${shown(text)} is no integer`)
  const number = Number(text)
  if (bits === 64n && Number.isSafeInteger(number)) return number === 0 ? 0 : number
  if (text.length > MAX_NUMBER) throw new BadScalar(`an integer of more than ${MAX_NUMBER} digits`)
  const exact = BigInt(text.startsWith('+') ? text.slice(1) : text)
  const bound = bits === undefined ? undefined : I64 >> (64n - bits)
  if (bound !== undefined && (exact < -bound || exact >= bound)) {
    throw new BadScalar(`${shown(text)} does not fit ${bits} bits`)
  }
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact
}

function readNil(text: string): null {
  if (text !== '') throw new BadScalar('nil with content')
  return null
}

function readBoolean(text: string, { lenientBooleans }: ScalarRules): boolean {
  if (text === '1') return true
  if (text === '0') return false
  const word = lenientBooleans ? text.toLowerCase() : text
  if (lenientBooleans && (word === 'true' || word === 'false')) return word === 'true'
  throw new BadScalar(`${shown(text)} is no boolean, which is 0 or 1`)
}

function readDouble(text: string, { nonFiniteDoubles, doubles }: ScalarRules): number | XmlRpcDouble {
  const number = readNumber(text, nonFiniteDoubles)
  return doubles === 'tagged' ? new XmlRpcDouble(number) : number
}

function readNumber(text: string, mayBeNonFinite: boolean): number {
  if (text.length <= MAX_NUMBER && DECIMAL.test(text)) {
    const number = Number(text)
    if (Number.isFinite(number) || mayBeNonFinite) return number
    throw new BadScalar(`${shown(text)} is beyond the range of a double`)
  }
  const unsigned = /^[+-]/.test(text) ? text.slice(1) : text
  const special = mayBeNonFinite ? NON_FINITE.get(unsigned.toLowerCase()) : undefined
  if (special === undefined) throw new BadScalar(`${shown(text)} is no double`)
  return text.startsWith('-') ? -special : special
}

function readDateTime(text: string): XmlRpcDateTime {
  try {
    return new XmlRpcDateTime(text)
  } catch (error) {
    throw new BadScalar(error instanceof Error ? error.message : 'no date and time', { cause: error })
  }
}

function readBase64(spaced: string): Uint8Array {
  const text = spaced.replace(WHITE, '')
  const padding = ALPHABET.exec(text)?.[1]
  if (padding === undefined) throw new BadScalar('characters that are not base64')
  const rest = (text.length - padding.length) % 4
  if (rest === 1 || padding.length > (4 - rest) % 4) throw new BadScalar('base64 of an impossible length')
  return new Uint8Array(Buffer.from(text, 'base64'))
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text)
}
