import type { Shape } from './batch-shapes.ts'
import { type Batch, HEADER_CELLS, RAW } from './batch.ts'
import { makeRecord } from './record-makers.ts'

/** Takes batches apart, one item at a time. */
export class BatchDecoder {
  readonly #shapes: Shape[]
  #cells: Batch = []
  #position = 0
  #remaining = 0

  constructor(shapes: Shape[] = []) {
    this.#shapes = shapes
  }

  /** Items left in the batch that was loaded last. */
  get remaining(): number {
    return this.#remaining
  }

  load(batch: Batch): void {
    this.#cells = batch
    this.#remaining = batch[0] as number
    this.#position = HEADER_CELLS
    const definitions = batch[1] as readonly Shape[] | null
    if (definitions !== null) this.#shapes.push(...definitions.map(internalised))
  }

  next(): unknown {
    const item = this.#read()
    if (--this.#remaining === 0) this.#cells = []
    return item
  }

  #read(): unknown {
    const cells = this.#cells
    const number = cells[this.#position++] as number
    if (number === RAW) return cells[this.#position++]
    const shape = this.#shapes[number] as Shape
    const { keys } = shape
    if (keys === null) return this.#readTuple(shape)
    if (shape.mask !== 0) return this.#readMixed(keys, shape.mask)
    const start = this.#position
    this.#position = start + keys.length
    return makeRecord(keys, cells, start)
  }

  /** A literal of known size needs no array that grows. */
  #readTuple({ length, mask }: Shape): unknown[] {
    switch (length) {
      case 2:
        return [this.#field(mask & 1), this.#field(mask & 2)]
      case 3:
        return [this.#field(mask & 1), this.#field(mask & 2), this.#field(mask & 4)]
      case 4:
        return [this.#field(mask & 1), this.#field(mask & 2), this.#field(mask & 4), this.#field(mask & 8)]
      default: {
        const tuple: unknown[] = []
        for (let i = 0; i < length; i++) tuple.push(this.#field(mask & (1 << i)))
        return tuple
      }
    }
  }

  #field(isItem: number): unknown {
    return isItem === 0 ? this.#cells[this.#position++] : this.#read()
  }

  #readMixed(keys: readonly string[], mask: number): Record<string, unknown> {
    const record: Record<string, unknown> = {}
    for (let i = 0; i < keys.length; i++) {
      record[keys[i] as string] = this.#field(mask & (1 << i))
    }
    return record
  }
}

/** A key that comes out of structured clone is a new string each time; one that has been a key is known to the engine. */
function internalised(shape: Shape): Shape {
  if (shape.keys === null) return shape
  return { ...shape, keys: Object.keys(Object.fromEntries(shape.keys.map((key) => [key, null]))) }
}
