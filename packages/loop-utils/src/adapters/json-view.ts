import { types } from 'node:util'
import { withoutUserinfo, type SecretTest } from './secret-keys.ts'

/** How much of a value is shown. */
export interface ViewBounds {
  /** How deep objects are followed. */
  readonly maxDepth: number
  /** How many entries of one object or list are shown. */
  readonly maxEntries: number
  /** How many UTF-16 units of one text are shown. */
  readonly maxTextLength: number
  /** How many values are shown altogether. */
  readonly maxValues: number
}

/** What JSON can hold. */
type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/**
 * A value as JSON can hold it, whatever it is: secrets left out by the names of their keys, everything bounded, and
 * nothing that a hostile getter or proxy throws comes through. Serves one value.
 */
export class JsonView {
  readonly #bounds: ViewBounds
  readonly #isSecret: SecretTest
  readonly #path = new Set<object>()
  #values = 0

  constructor(bounds: ViewBounds, isSecret: SecretTest) {
    this.#bounds = bounds
    this.#isSecret = isSecret
  }

  of(value: unknown): Json {
    try {
      return this.#show(value)
    } catch (error) {
      return `[unreadable: ${describe(error)}]`
    }
  }

  #show(value: unknown): Json {
    if (++this.#values > this.#bounds.maxValues) return '[too much]'
    switch (typeof value) {
      case 'string':
        return this.#text(value)
      case 'number':
        return Number.isFinite(value) ? value : String(value)
      case 'boolean':
        return value
      case 'object':
        return value === null ? null : this.#object(value)
      case 'function':
        return '[function]'
      case 'undefined':
        return null
      case 'bigint':
      case 'symbol':
        break
    }
    return this.#text(String(value))
  }

  #text(text: string): string {
    const { maxTextLength } = this.#bounds
    if (text.length <= maxTextLength) return withoutUserinfo(text)
    return `${withoutUserinfo(text.slice(0, maxTextLength), true)}… (${text.length} characters)`
  }

  #object(value: object): Json {
    const short = shortForm(value)
    if (short !== undefined) return this.#text(short)
    if (this.#path.has(value)) return '[circular]'
    if (this.#path.size >= this.#bounds.maxDepth) return Array.isArray(value) ? `[list of ${value.length}]` : '[object]'
    this.#path.add(value)
    try {
      return this.#container(value)
    } finally {
      this.#path.delete(value)
    }
  }

  #container(value: object): Json {
    if (value instanceof Error) return this.#error(value)
    if (Array.isArray(value)) return this.#list(value, value.length)
    if (value instanceof Set) return this.#list(value, value.size)
    if (value instanceof Map) return this.#entries(mapEntries(value), value.size)
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON === 'function') return this.of((value as { toJSON: () => unknown }).toJSON())
    const keys = Object.keys(value)
    if (keys.length === 0 && !isPlain(value)) return `[${classOf(value)}]`
    return this.#entries(lazyEntries(value, keys), keys.length)
  }

  /** Its own fields, too, such as `code`. */
  #error(error: Error): Json {
    const { name, message, stack, cause } = error
    const shown: [string, () => unknown][] = [
      ['name', () => name],
      ['message', () => message],
      ['stack', () => stack],
    ]
    if (cause !== undefined) shown.push(['cause', () => cause])
    if (error instanceof AggregateError) shown.push(['errors', () => error.errors])
    const known = new Set(shown.map(([key]) => key))
    const keys = Object.keys(error).filter((key) => !known.has(key))
    return this.#entries([...shown, ...lazyEntries(error, keys)], shown.length + keys.length)
  }

  #list(values: Iterable<unknown>, length: number): Json {
    const shown: Json[] = []
    for (const value of values) {
      if (shown.length >= this.#bounds.maxEntries) {
        shown.push(`… (${length})`)
        break
      }
      shown.push(this.of(value))
    }
    return shown
  }

  #entries(entries: Iterable<readonly [string, () => unknown]>, size: number): Json {
    const shown: [string, Json][] = []
    for (const [key, read] of entries) {
      if (shown.length >= this.#bounds.maxEntries) {
        shown.push(['…', size])
        break
      }
      const value = this.#entry(key, read)
      if (value !== undefined) shown.push([this.#text(key), value])
    }
    // not by assignment: a key may be __proto__
    return Object.fromEntries(shown)
  }

  #entry(key: string, read: () => unknown): Json | undefined {
    if (this.#isSecret(key)) return '[redacted]'
    try {
      const value = read()
      return value === undefined ? undefined : this.#show(value)
    } catch (error) {
      return `[unreadable: ${describe(error)}]`
    }
  }
}

/** What is shown as a text. Bytes are counted only: they may be a key. */
function shortForm(value: object): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString()
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return `[${value.byteLength} bytes]`
  return value instanceof RegExp || value instanceof URL ? String(value) : undefined
}

function* mapEntries(map: ReadonlyMap<unknown, unknown>): Generator<[string, () => unknown], void, undefined> {
  for (const [key, value] of map)
    yield [typeof key === 'object' && key !== null ? classOf(key) : String(key), () => value]
}

function* lazyEntries(value: object, keys: readonly string[]): Generator<[string, () => unknown], void, undefined> {
  for (const key of keys) yield [key, () => (value as Record<string, unknown>)[key]]
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function classOf(value: object): string {
  const { constructor } = value as { constructor?: { name?: unknown } }
  return typeof constructor?.name === 'string' && constructor.name !== '' ? constructor.name : 'object'
}

function describe(error: unknown): string {
  try {
    return error instanceof Error ? error.message.slice(0, 200) : typeof error
  } catch {
    return 'an error'
  }
}
