import { types } from 'node:util'
import { builtinNameOf, type BuiltinErrorName } from './builtin-error.ts'
import { checkInteger } from './option-checks.ts'
import { notPlain, setOwn, toPlainValue, type PlainValue } from './plain-value.ts'

/** An error written as plain data. An `ErrorRevival` makes it an error again. */
export interface PlainError {
  readonly name: string
  readonly message: string
  /** Its `code`, when that is a string. */
  readonly code?: string
  readonly stack?: string
  /** Present when the error had one, even if undefined. */
  readonly cause?: PlainThrown
  /** The parts of an aggregate. */
  readonly errors?: readonly PlainThrown[]
  /** Its other own enumerable properties, as far as they are plain. */
  readonly fields: Readonly<Record<string, PlainValue>>
  /** Its own enumerable properties that hold errors. */
  readonly nested?: Readonly<Record<string, PlainThrown>>
  /** The class of the language that it is an instance of, if it is none of a package. */
  readonly builtin?: BuiltinErrorName
}

/** Something thrown that is not an error. */
export interface PlainThrownValue {
  readonly thrown: PlainValue
}

/** Whatever was thrown, as plain data. */
export type PlainThrown = PlainError | PlainThrownValue

/** How much of an error is written. */
export interface PlainErrorOptions {
  /** Levels of causes, aggregated errors and error fields that are kept. Default 8. */
  readonly depth?: number
}

/** How many errors one plain error may hold in all. */
const MAX_ERRORS = 256
/** What has a place of its own in {@link PlainError}. */
const OWN_PLACE: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'code'])

/**
 * Writes whatever was thrown as plain data that can cross a thread. Never throws: what cannot be read or lies too deep,
 * and an error that contains itself, become a remark in its place.
 *
 * @throws OptionError when `depth` is not a whole number of at least 0
 */
export function toPlainError(thrown: unknown, options: PlainErrorOptions = {}): PlainThrown {
  const depth = checkInteger('depth', options.depth ?? 8, { min: 0 })
  return new ErrorCopy(depth).copy(thrown, 0)
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

class ErrorCopy {
  readonly #maxDepth: number
  readonly #path = new Set<object>()
  #count = 0

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth
  }

  copy(thrown: unknown, depth: number): PlainThrown {
    try {
      return isError(thrown) ? this.#copyError(thrown, depth) : copyThrownValue(thrown)
    } catch {
      return remark('a thrown value could not be read')
    }
  }

  #copyError(error: Error, depth: number): PlainThrown {
    if (this.#path.has(error)) return remark('this error contains itself; left out')
    if (depth > this.#maxDepth) return remark(`errors nested deeper than ${this.#maxDepth} are left out`)
    if (++this.#count > MAX_ERRORS) return remark(`errors beyond the first ${MAX_ERRORS} are left out`)
    this.#path.add(error)
    try {
      return this.#describe(error, depth)
    } finally {
      this.#path.delete(error)
    }
  }

  #describe(error: Error, depth: number): PlainError {
    const code = read(error, 'code')
    const stack = read(error, 'stack')
    const plain: Writable<PlainError> = {
      name: text(read(error, 'name')),
      message: text(read(error, 'message')),
      fields: {},
    }
    if (typeof code === 'string') plain.code = code
    if (typeof stack === 'string') plain.stack = stack
    const builtin = builtinNameOf(error, plain.code)
    if (builtin !== undefined) plain.builtin = builtin
    if (Object.hasOwn(error, 'cause')) plain.cause = this.copy(read(error, 'cause'), depth + 1)
    const errors = Object.hasOwn(error, 'errors') ? read(error, 'errors') : undefined
    if (Array.isArray(errors)) {
      plain.errors = errors.slice(0, MAX_ERRORS).map((part: unknown) => this.copy(part, depth + 1))
    }
    this.#copyFields(error, plain, depth)
    return plain
  }

  #copyFields(error: Error, plain: Writable<PlainError>, depth: number): void {
    const fields = {}
    const nested = {}
    for (const key of Object.keys(error)) {
      const value = read(error, key)
      if (isPlaced(key, value)) continue
      if (isError(value)) {
        setOwn(nested, key, this.copy(value, depth + 1))
      } else {
        const copy = toPlainValue(value)
        if (copy !== notPlain) setOwn(fields, key, copy)
      }
    }
    plain.fields = fields
    if (Object.keys(nested).length > 0) plain.nested = nested
  }
}

/** Whether another place than `fields` holds the property. */
function isPlaced(key: string, value: unknown): boolean {
  if (key === 'errors') return Array.isArray(value)
  if (key === 'code') return typeof value === 'string'
  return OWN_PLACE.has(key)
}

function copyThrownValue(thrown: unknown): PlainThrown {
  const value = toPlainValue(thrown)
  return value === notPlain ? remark(`a value that is not an error was thrown: ${shown(thrown)}`) : { thrown: value }
}

function remark(message: string): PlainError {
  return { name: 'Error', message, fields: {}, builtin: 'Error' }
}

function shown(thrown: unknown): string {
  if (typeof thrown === 'symbol') return thrown.toString()
  return typeof thrown === 'function' ? 'a function' : Object.prototype.toString.call(thrown)
}

function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error
}

function read(target: object, key: string): unknown {
  try {
    return (target as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : String(value)
}
