import { types } from 'node:util'
import { NotPlainError } from '../errors/not-plain-error.ts'

/** How deep arrays and objects may lie inside one another; a cycle meets this bound too. */
const MAX_DEPTH = 256

/**
 * The value as it crosses a channel, the same in both modes. What is plain already is returned itself, uncopied; a
 * `Buffer` or a view of a larger buffer becomes an exact-length `Uint8Array`, an object without prototype an ordinary
 * one, a subclass of `Date` a `Date`. The argument is never changed.
 *
 * Symbol keys and getters are not looked for, as that would double the cost: a thread leaves the former out and reads
 * the latter, a loop hands both over.
 *
 * @param path names the value in the error
 * @throws NotPlainError naming the path of the first function, symbol, class instance, map, set, signal, proxy or error
 */
export function asPlain(value: unknown, path: string): unknown {
  try {
    return walk(value, 0)
  } catch (error) {
    if (error !== refusal) throw error
  }
  const fault = findFault(value, path, 0)
  throw new NotPlainError(fault.path, fault.found)
}

/** Thrown inside, where the path is not known: paths are only worked out for what is refused. */
const refusal: unique symbol = Symbol('not plain')

function walk(value: unknown, depth: number): unknown {
  if (typeof value === 'object') return value === null ? null : walkObject(value, depth)
  if (typeof value === 'function' || typeof value === 'symbol') throw refusal
  return value
}

function walkObject(value: object, depth: number): unknown {
  // a proxy has the prototype of what is behind it, and no thread takes one
  if (depth >= MAX_DEPTH || types.isProxy(value)) throw refusal
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return walkRecord(value as Record<string, unknown>, depth)
  if (prototype === Array.prototype) return walkArray(value as readonly unknown[], depth)
  if (value instanceof Uint8Array) return exactBytes(value)
  if (prototype === null) return walkRecord({ ...value }, depth)
  if (types.isDate(value)) return prototype === Date.prototype ? value : new Date(value.getTime())
  if (types.isKeyObject(value)) return value
  throw refusal
}

function walkRecord(record: Record<string, unknown>, depth: number): object {
  let copy: Record<string, unknown> | undefined
  for (const key in record) {
    const item = record[key]
    if (typeof item !== 'object') {
      if (typeof item === 'function' || typeof item === 'symbol') throw refusal
      continue
    }
    if (item === null) continue
    const plain = walkObject(item, depth + 1)
    if (plain === item) continue
    copy ??= { ...record } // an own `__proto__` stays an own property
    copy[key] = plain
  }
  return copy ?? record
}

function walkArray(items: readonly unknown[], depth: number): object {
  let copy: unknown[] | undefined
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    if (typeof item !== 'object') {
      if (typeof item === 'function' || typeof item === 'symbol') throw refusal
      continue
    }
    if (item === null) continue
    const plain = walkObject(item, depth + 1)
    if (plain === item) continue
    copy ??= items.slice()
    copy[index] = plain
  }
  return copy ?? items
}

/** A view crosses with the whole buffer under it, and an empty view of a detached buffer not at all. */
function exactBytes(bytes: Uint8Array): Uint8Array {
  const { buffer, byteLength } = bytes
  const isExact =
    byteLength === buffer.byteLength &&
    byteLength > 0 &&
    buffer instanceof ArrayBuffer &&
    Object.getPrototypeOf(bytes) === Uint8Array.prototype
  if (isExact) return bytes
  return byteLength === 0 ? new Uint8Array(0) : new Uint8Array(bytes)
}

interface Fault {
  readonly path: string
  readonly found: string
}

function findFault(value: unknown, path: string, depth: number): Fault {
  return faultIn(value, path, depth) ?? { path, found: 'a value that changed while it was read' }
}

function faultIn(value: unknown, path: string, depth: number): Fault | undefined {
  const found = kindAtFault(value)
  if (found !== undefined) return { path, found }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth >= MAX_DEPTH) return { path, found: `nested more than ${MAX_DEPTH} levels deep, or cyclic,` }
  if (Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype) {
    return firstFault(
      value.map((item: unknown, index) => [`${path}[${index}]`, item] as const),
      depth,
    )
  }
  if (isRecord(value)) {
    return firstFault(
      Object.entries(value).map(([key, item]) => [`${path}.${key}`, item] as const),
      depth,
    )
  }
  if (value instanceof Uint8Array || types.isDate(value) || types.isKeyObject(value)) return undefined
  return { path, found: describe(value) }
}

/** What no thread takes, whatever is in it. */
function kindAtFault(value: unknown): string | undefined {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  return types.isProxy(value) ? 'a proxy' : undefined
}

function firstFault(parts: readonly (readonly [string, unknown])[], depth: number): Fault | undefined {
  for (const [path, item] of parts) {
    const fault = faultIn(item, path, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

function isRecord(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function describe(value: object): string {
  if (types.isNativeError(value)) return 'an error'
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object with a prototype'
}
