import type { KeyObject } from 'node:crypto'
import { types } from 'node:util'

/** A value that any thread can be given: JSON-like data, `bigint`, `undefined`, `Date`, `Uint8Array`, `KeyObject`. */
export type PlainValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | Uint8Array
  | KeyObject
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue }

/** Stands for a value that is not plain. */
export const notPlain: unique symbol = Symbol('not plain')

/** How deep arrays and objects may lie inside one another in a copy. */
const MAX_DEPTH = 8
/** How many values a copy may hold. */
const MAX_VALUES = 1024

/**
 * A plain copy of `value`, or {@link notPlain}. Functions, symbols, class instances, cycles, and what lies too deep or
 * exceeds 1024 values are left out of objects and become null in arrays. Never throws.
 */
export function toPlainValue(value: unknown): PlainValue | typeof notPlain {
  return new PlainCopy().copy(value, 0)
}

class PlainCopy {
  #values = 0
  readonly #path = new Set<object>()

  copy(value: unknown, depth: number): PlainValue | typeof notPlain {
    if (++this.#values > MAX_VALUES) return notPlain
    if (typeof value === 'function' || typeof value === 'symbol') return notPlain
    if (typeof value !== 'object' || value === null) return value as PlainValue
    try {
      return this.#copyObject(value, depth)
    } catch {
      return notPlain // a getter or a proxy threw
    }
  }

  #copyObject(value: object, depth: number): PlainValue | typeof notPlain {
    if (value instanceof Date) return new Date(value.getTime())
    if (value instanceof Uint8Array) return new Uint8Array(value)
    if (types.isKeyObject(value)) return value
    if (depth >= MAX_DEPTH || this.#path.has(value)) return notPlain
    this.#path.add(value)
    try {
      if (Array.isArray(value))
        return value.slice(0, MAX_VALUES).map((item) => nullUnlessPlain(this.copy(item, depth + 1)))
      return isRecord(value) ? this.#copyRecord(value, depth) : notPlain
    } finally {
      this.#path.delete(value)
    }
  }

  #copyRecord(value: object, depth: number): PlainValue {
    const copy: Record<string, PlainValue> = {}
    for (const [key, item] of Object.entries(value)) {
      const plain = this.copy(item, depth + 1)
      if (plain !== notPlain) setOwn(copy, key, plain)
    }
    return copy
  }
}

function nullUnlessPlain(value: PlainValue | typeof notPlain): PlainValue {
  return value === notPlain ? null : value
}

function isRecord(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** Sets an own property even where assignment would call a setter, as with `__proto__`. */
export function setOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}
