import { XmlRpcDateTime } from '../codec/date-time.ts'
import { XmlRpcDouble } from '../codec/double.ts'
import { emptyStruct, isStruct, type XmlRpcInput, type XmlRpcStruct, type XmlRpcValue } from '../codec/value.ts'

/** Array indexes and member names from the value itself down to a part of it. */
type Path = readonly (string | number)[]

/** A part that is an instance of a class: where it is, and what it is made again from. */
export type Special =
  | { readonly kind: 'dateTime'; readonly path: Path; readonly text: string }
  | { readonly kind: 'double'; readonly path: Path; readonly number: number }

/** Plain data, as it may cross a thread. */
export type PlainData =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly PlainData[]
  | { readonly [member: string]: PlainData }

/**
 * An XML-RPC value on its way between facade and engine: plain data, and beside it what the plain data cannot say.
 * Nearly no value of a CCU has specials.
 */
export interface Crossing {
  readonly data: PlainData
  readonly specials?: readonly Special[]
}

/** Writes a value plainly. Members that are `undefined` are left out. @throws TypeError for what is no value */
export function toCrossing(value: XmlRpcInput): Crossing {
  if (isFlat(value)) return { data: value.slice() }
  const writer = new CrossingWriter()
  const data = writer.write(value)
  return writer.specials.length === 0 ? { data } : { data, specials: writer.specials }
}

/** Makes the value again: structs have no prototype, dates and doubles their class. */
export function fromCrossing({ data, specials }: Crossing): XmlRpcValue {
  if (specials === undefined) return isFlat(data) ? data : rebuild(data)
  let root = rebuild(data)
  for (const special of specials) {
    const value = special.kind === 'dateTime' ? new XmlRpcDateTime(special.text) : new XmlRpcDouble(special.number)
    if (special.path.length === 0) root = value
    else put(root, special.path, value)
  }
  return root
}

/** Whether it is an array of nothing but texts, numbers and booleans, as the parameters of most callbacks are. */
function isFlat(value: unknown): value is (string | number | boolean)[] {
  if (!Array.isArray(value)) return false
  for (const item of value as unknown[]) {
    if (typeof item !== 'string' && typeof item !== 'number' && typeof item !== 'boolean') return false
  }
  return true
}

class CrossingWriter {
  readonly specials: Special[] = []
  readonly #path: (string | number)[] = []

  write(value: XmlRpcInput): PlainData {
    if (typeof value !== 'object') return checkScalar(value)
    if (value === null || value instanceof Uint8Array) return value
    if (value instanceof XmlRpcDateTime) {
      this.specials.push({ kind: 'dateTime', path: [...this.#path], text: value.text })
      return null
    }
    if (value instanceof XmlRpcDouble) {
      this.specials.push({ kind: 'double', path: [...this.#path], number: value.value })
      return null
    }
    if (isStruct(value)) return this.#writeStruct(value)
    return value.map((item, index) => this.#writeAt(index, item))
  }

  #writeStruct(struct: { readonly [member: string]: XmlRpcInput | undefined }): PlainData {
    const plain: { [member: string]: PlainData } = {}
    for (const name of Object.keys(struct)) {
      const member = struct[name]
      if (member === undefined) continue
      const written = this.#writeAt(name, member)
      if (name === '__proto__') {
        Object.defineProperty(plain, name, { value: written, enumerable: true, configurable: true, writable: true })
      } else plain[name] = written
    }
    return plain
  }

  #writeAt(key: string | number, value: XmlRpcInput): PlainData {
    if (typeof value !== 'object') return checkScalar(value)
    this.#path.push(key)
    const written = this.write(value)
    this.#path.pop()
    return written
  }
}

/** What a handler gives is checked by nobody before. */
function checkScalar<T extends string | number | bigint | boolean>(value: T): T {
  if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) return value
  throw new TypeError(`a ${typeof value} has no form in XML-RPC`)
}

function rebuild(data: PlainData): XmlRpcValue {
  if (typeof data !== 'object' || data === null || data instanceof Uint8Array) return data
  if (Array.isArray(data)) return data.map((item: PlainData) => rebuild(item))
  const struct = emptyStruct()
  for (const [name, member] of Object.entries(data as { readonly [member: string]: PlainData })) {
    struct[name] = rebuild(member)
  }
  return struct
}

function put(root: XmlRpcValue, path: Path, value: XmlRpcValue): void {
  let parent = root as XmlRpcStruct
  for (const key of path.slice(0, -1)) parent = parent[key] as XmlRpcStruct
  parent[path.at(-1) as string | number] = value
}
