import { gunzipSync } from 'node:zlib'

/** What a {@link Field} reads from: one member of a JSON object, with the limits of the file. */
export interface FieldSource {
  /** The member's value; undefined when the object has no such member. */
  readonly value: unknown
  /** Largest number of bytes that a compressed field may hold. */
  readonly maxBytes: number
}

/**
 * Reads one field of a vector. `keys` are the JSON members it may be stored in, the first one present counts; none
 * means the member of the same name.
 */
export interface Field<T> {
  readonly keys: readonly string[]
  readonly isOptional: boolean
  /** Throws an Error whose message says what was expected. */
  read(source: FieldSource, key: string): T
}

/** A string. */
export function text(key?: string): Field<string> {
  return field(key, ({ value }) => (typeof value === 'string' ? value : wrong(value, 'a string')))
}

/** A number. */
export function number(key?: string): Field<number> {
  return field(key, ({ value }) => (typeof value === 'number' ? value : wrong(value, 'a number')))
}

/** A boolean. */
export function boolean(key?: string): Field<boolean> {
  return field(key, ({ value }) => (typeof value === 'boolean' ? value : wrong(value, 'true or false')))
}

/** One of the given strings. */
export function oneOf<const T extends string>(...choices: readonly T[]): Field<T> {
  return field(
    undefined,
    ({ value }) => choices.find((choice) => choice === value) ?? wrong(value, `one of ${choices.join(', ')}`),
  )
}

/** Any JSON value, taken as `T` without a check: for expectations that a test compares. */
export function json<T = unknown>(key?: string): Field<T> {
  return field(key, ({ value }) => (value === undefined ? wrong(value, 'a value') : (value as T)))
}

/** Bytes written in hexadecimal, of either case, with or without spaces. */
export function hex(key?: string): Field<Uint8Array> {
  return field(key, ({ value }) => decodeHex(value))
}

/** Bytes written in base64. */
export function base64(key?: string): Field<Uint8Array> {
  return field(key, ({ value }) => decodeBase64(value))
}

/**
 * Bytes in whichever of the members is there; how they are written is told by the end of its name: `_hex`, `_b64`, or
 * `_gz_b64` for gzip in base64. A bare `hex` or `base64` counts as well.
 *
 * @example bytes('xml_b64', 'xml_gz_b64')
 */
export function bytes(...keys: readonly string[]): Field<Uint8Array> {
  return {
    keys,
    isOptional: false,
    read: ({ value, maxBytes }, key) => {
      if (/(^|_)gz_(b64|base64)$/.test(key)) return gunzip(decodeBase64(value), maxBytes)
      if (/(^|_)(b64|base64)$/.test(key)) return decodeBase64(value)
      if (/(^|_)hex$/.test(key)) return decodeHex(value)
      throw new Error(`the name ${key} does not tell how the bytes are written; end it with _hex, _b64 or _gz_b64`)
    },
  }
}

/** A list whose elements are read by `element`. */
export function list<T>(element: Field<T>, key?: string): Field<readonly T[]> {
  return field(key, ({ value, maxBytes }, name) => {
    if (!Array.isArray(value)) return wrong(value, 'a list')
    return value.map((item: unknown) => element.read({ value: item, maxBytes }, name))
  })
}

/** A field that may be missing or null, which reads as undefined. */
export function optional<T>(inner: Field<T>): Field<T | undefined> {
  return {
    keys: inner.keys,
    isOptional: true,
    read: (source, key) =>
      source.value === undefined || source.value === null ? undefined : inner.read(source, key),
  }
}

function field<T>(key: string | undefined, read: Field<T>['read']): Field<T> {
  return { keys: key === undefined ? [] : [key], isOptional: false, read }
}

function decodeHex(value: unknown): Uint8Array {
  const digits = typeof value === 'string' ? value.replaceAll(/\s/g, '') : wrong(value, 'hexadecimal text')
  const bad = digits.search(/[^0-9a-fA-F]/)
  if (bad !== -1) throw new Error(`no hexadecimal digit at position ${bad}`)
  if (digits.length % 2 !== 0) throw new Error(`${digits.length} hexadecimal digits; an even number is needed`)
  return exactLength(Buffer.from(digits, 'hex'))
}

function decodeBase64(value: unknown): Uint8Array {
  const encoded = typeof value === 'string' ? value : wrong(value, 'base64 text')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded) || encoded.length % 4 !== 0) throw new Error('not base64')
  return exactLength(Buffer.from(encoded, 'base64'))
}

function gunzip(compressed: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return exactLength(gunzipSync(compressed, { maxOutputLength: maxBytes }))
  } catch (error) {
    throw new Error(`not gzip, or more than ${maxBytes} bytes`, { cause: error })
  }
}

/** A small Buffer is a view into a shared pool; a vector's bytes stand alone. */
function exactLength(buffer: Buffer): Uint8Array {
  return Uint8Array.from(buffer)
}

function wrong(value: unknown, expected: string): never {
  const shown = JSON.stringify(value) ?? 'nothing'
  throw new Error(`expected ${expected}, found ${shown.length > 60 ? `${shown.slice(0, 57)}…` : shown}`)
}
