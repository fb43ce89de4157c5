import { OptionError } from '@x/loop-utils/errors'
import xmlrpc from 'xmlrpc'
import type { ParameterType, ParameterValue } from '../catalogue/parameter.ts'

/** A value as the records and the control API show it: plain data; bytes as `{ base64 }`, dates as ISO text. */
export type PlainWireValue =
  | boolean
  | number
  | string
  | null
  | readonly PlainWireValue[]
  | { readonly [member: string]: PlainWireValue }

/** Deepest nesting of lists and structs in either direction. */
export const MAX_WIRE_DEPTH = 32

/** A number that goes over the wire as a double, also when it is whole. */
export class WireDouble {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** Marks a number to go over the wire as a double, also when it is whole. */
export function double(value: number): WireDouble {
  return new WireDouble(value)
}

/** A parameter's value in the type that its interface sends: a FLOAT is a double even when it is whole. */
export function typedValue(type: ParameterType, value: ParameterValue): ParameterValue | WireDouble {
  return type === 'FLOAT' && typeof value === 'number' ? new WireDouble(value) : value
}

/** A number or truth value that goes over the wire as text without a type. */
export class WireUntyped {
  readonly text: string

  constructor(value: ParameterValue | WireDouble) {
    this.text = String(value instanceof WireDouble ? value.value : value)
  }
}

/** The element that marks a text to be left without a type; it is taken out of the document. */
export const UNTYPED_TAG = 'untyped'

class UntypedText extends xmlrpc.CustomType {
  override tagName = UNTYPED_TAG
}

/** The library would write some texts as CDATA, which the interface processes never do. */
class EscapedText extends xmlrpc.CustomType {
  override tagName = 'string'
}

class DoubleText extends xmlrpc.CustomType {
  override tagName = 'double'
}

/** Turns a value into what the library serializes: doubles written as `%f` does, bytes as Buffer. */
export function toWire(value: unknown, depth = 0): unknown {
  if (depth > MAX_WIRE_DEPTH)
    throw new OptionError('value', value, `at most ${MAX_WIRE_DEPTH} levels of lists and structs`)
  if (value === undefined || value === null) return ''
  if (typeof value === 'number') return Number.isInteger(value) ? value : new DoubleText(value.toFixed(6))
  if (typeof value === 'string') return /[<&>]/.test(value) ? new EscapedText(value) : value
  return typeof value === 'object' ? compoundToWire(value, depth) : value
}

function compoundToWire(value: object, depth: number): unknown {
  if (value instanceof WireDouble) return new DoubleText(value.value.toFixed(6))
  if (value instanceof WireUntyped) return new UntypedText(value.text)
  if (value instanceof Date) return value
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return value.map((item: unknown) => toWire(item, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toWire(member, depth + 1)]))
}

/** Makes plain data of what the library read. */
export function toPlain(value: unknown, depth = 0): PlainWireValue {
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return null
  if (depth > MAX_WIRE_DEPTH) return '…'
  return compoundToPlain(value, depth)
}

function compoundToPlain(value: object, depth: number): PlainWireValue {
  if (value instanceof WireDouble) return value.value
  if (value instanceof WireUntyped) return value.text
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString()
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map((item: unknown) => toPlain(item, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toPlain(member, depth + 1)]))
}
