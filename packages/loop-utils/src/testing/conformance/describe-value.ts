import { KeyObject } from 'node:crypto'

/**
 * A value in words: types, prototypes, lengths of bytes and of the buffer under them. Both ends of a channel describe
 * what arrived, and a law compares the words.
 */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'object' || value === null) return String(value)
  return describeObject(value)
}

function describeObject(value: object): string {
  if (ArrayBuffer.isView(value)) {
    const bytes = [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
    return `${value.constructor.name}(${bytes.join(' ')}) of ${value.buffer.byteLength}`
  }
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (value instanceof KeyObject) {
    return `KeyObject(${value.type} ${value.type === 'secret' ? value.export().toString('hex') : ''})`
  }
  if (Array.isArray(value)) return `[${Array.from(value, describeValue).join(', ')}]`
  const prototype: unknown = Object.getPrototypeOf(value)
  const kind = prototype === Object.prototype ? '' : prototype === null ? 'null-prototype ' : value.constructor.name
  const parts = Object.entries(value).map(([key, item]) => `${key}: ${describeValue(item)}`)
  return `${kind}{${parts.join(', ')}}`
}
