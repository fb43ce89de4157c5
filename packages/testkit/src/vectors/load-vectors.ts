import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { checkInteger } from '@x/loop-utils/errors'
import type { Field } from './field.ts'
import { VectorError, type VectorPlace } from './vector-error.ts'

/** The fields of a vector by the name they get. */
export type Shape = { readonly [name: string]: Field<unknown> }

/** What a vector of shape `S` reads as. */
export type VectorOf<S extends Shape> = {
  readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never
}

/** Where in a file the vectors are, and how large it may be. */
export interface LoadVectorsOptions {
  /** Member names that lead to the list, when the file is not a list itself: `['handshakes']`. */
  readonly at?: readonly string[]
  /** Largest file, and largest single field once unpacked, in bytes. Default 64 MiB. */
  readonly maxBytes?: number
}

/**
 * Reads a JSON file of vectors and decodes their fields.
 *
 * It reads synchronously, so that tests can be made of the vectors while a file is being collected.
 *
 * @example
 * const vectors = loadVectors(new URL('vectors/crc.json', import.meta.url), { id: text(), data: hex(), crc: number() })
 * it.each(vectors)('computes the checksum of $id', ({ data, crc }) => expect(crc32(data)).toBe(crc))
 *
 * @throws VectorError naming the file, the vector and the field; also for an empty list, which would test nothing
 */
export function loadVectors<S extends Shape>(
  file: URL | string,
  shape: S,
  options: LoadVectorsOptions = {},
): readonly VectorOf<S>[] {
  const path = typeof file === 'string' ? file : fileURLToPath(file)
  const maxBytes = checkInteger('maxBytes', options.maxBytes ?? 64 * 1024 * 1024, { min: 1 })
  const entries = listAt(parseFile(path, maxBytes), options.at ?? [], path)
  return entries.map((entry, index) => readVector(entry, shape, { place: { file: path, index }, maxBytes }))
}

function parseFile(path: string, maxBytes: number): unknown {
  try {
    const { size } = statSync(path)
    if (size > maxBytes) throw new Error(`${size} bytes; at most ${maxBytes} are read, see maxBytes`)
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new VectorError(`cannot be read: ${(error as Error).message}`, { file: path }, error)
  }
}

function listAt(root: unknown, at: readonly string[], file: string): readonly unknown[] {
  let value = root
  for (const key of at) value = ownMember(value, key)
  const where = at.length === 0 ? 'the file' : `'${at.join('.')}'`
  if (!Array.isArray(value)) throw new VectorError(`${where} holds no list; say where it is with 'at'`, { file })
  if (value.length === 0) throw new VectorError(`${where} holds an empty list`, { file })
  return value
}

interface ReadContext {
  readonly place: VectorPlace
  readonly maxBytes: number
}

function readVector<S extends Shape>(entry: unknown, shape: S, { place, maxBytes }: ReadContext): VectorOf<S> {
  if (typeof entry !== 'object' || entry === null) throw new VectorError('is not an object', place)
  const id = ownMember(entry, 'id') ?? ownMember(entry, 'name')
  const here = typeof id === 'string' ? { ...place, id } : place
  const vector: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(shape)) {
    vector[name] = readField(entry, name, { field, place: here, maxBytes })
  }
  return vector as VectorOf<S>
}

function readField(entry: object, name: string, context: ReadContext & { readonly field: Field<unknown> }): unknown {
  const { field, place, maxBytes } = context
  const keys = field.keys.length === 0 ? [name] : field.keys
  const key = keys.find((candidate) => Object.hasOwn(entry, candidate))
  if (key === undefined && !field.isOptional) {
    throw new VectorError(`is missing (looked for ${keys.join(', ')})`, { ...place, field: name })
  }
  const used = key ?? name
  try {
    return field.read({ value: ownMember(entry, used), maxBytes }, used)
  } catch (error) {
    throw new VectorError((error as Error).message, { ...place, field: used }, error)
  }
}

function ownMember(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
}
