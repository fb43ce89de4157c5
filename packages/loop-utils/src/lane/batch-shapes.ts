/** What an item that was taken apart looks like: a tuple's length or a record's keys, and which fields are items. */
export interface Shape {
  /** The keys of a record; null for a tuple. */
  readonly keys: readonly string[] | null
  readonly length: number
  /** Bit i is set when field i is an item of its own and not a scalar. */
  readonly mask: number
}

/** A mask bit for each field must fit a small integer. */
export const MOST_FIELDS = 24

/** What one lane remembers; shapes beyond go to structured clone as they are. */
const MOST_SHAPES = 256

/** The shapes that one lane has met, each with a number. */
export class ShapeTable {
  readonly shapes: Shape[] = []
  readonly #tuples = new Map<number, number>()
  readonly #records = new Map<string, RecordShape>()
  #lastTuple = -1
  #lastTupleId = -1

  /** The id of a tuple shape, or -1 when the table is full. */
  tuple(length: number, mask: number): number {
    const key = mask * (MOST_FIELDS + 1) + length
    if (key === this.#lastTuple) return this.#lastTupleId
    let id = this.#tuples.get(key)
    if (id === undefined) {
      id = this.#add({ keys: null, length, mask })
      if (id === -1) return id
      this.#tuples.set(key, id)
    }
    this.#lastTuple = key
    this.#lastTupleId = id
    return id
  }

  /** The shape with the keys of `record`; undefined for one that is not worth it, or when the table is full. */
  record(record: object): RecordShape | undefined {
    const keys = Object.keys(record)
    if (keys.length > MOST_FIELDS || keys.includes('__proto__')) return undefined
    const name = JSON.stringify(keys)
    let shape = this.#records.get(name)
    if (shape === undefined) {
      const id = this.#add({ keys, length: keys.length, mask: 0 })
      if (id === -1) return undefined
      shape = new RecordShape(keys, id)
      this.#records.set(name, shape)
    }
    return shape
  }

  /** The id of a record shape with items in it, or -1 when the table is full. */
  mixed(shape: RecordShape, mask: number): number {
    let id = shape.mixed.get(mask)
    if (id === undefined) {
      id = this.#add({ keys: shape.keys, length: shape.keys.length, mask })
      if (id !== -1) shape.mixed.set(mask, id)
    }
    return id
  }

  #add(shape: Shape): number {
    return this.shapes.length < MOST_SHAPES ? this.shapes.push(shape) - 1 : -1
  }
}

/** The keys of a record, and the ids of the shapes that have them. */
export class RecordShape {
  readonly keys: readonly string[]
  /** The shape in which every field is a scalar. */
  readonly id: number
  /** The others, by mask. */
  readonly mixed: Map<number, number> = new Map()

  constructor(keys: readonly string[], id: number) {
    this.keys = keys
    this.id = id
  }
}
