import { BatchDecoder } from './batch-decoder.ts'
import { type Batch, HEADER_CELLS, RAW } from './batch.ts'
import { MOST_FIELDS, type RecordShape, ShapeTable } from './batch-shapes.ts'

/** Collects items into a batch. */
export class BatchEncoder {
  #cells: Batch = [0, null]
  #count = 0
  #isMoving = false
  readonly #table = new ShapeTable()
  /** How many shapes the other end has been told of. */
  #told = 0
  /** The record shapes met last as an item, and within one: mostly the next one is the same. */
  #lastItem: RecordShape | undefined
  #lastField: RecordShape | undefined

  /** Items collected since the last {@link take}. */
  get count(): number {
    return this.#count
  }

  /** `isMoving` says that buffers in it are going to be transferred, so that no part of one may be copied before. */
  add(item: unknown, isMoving = false): void {
    const { length } = this.#cells
    this.#isMoving = isMoving
    try {
      this.#addItem(item)
    } catch (error) {
      // a getter of the item threw
      this.#cells.length = length
      throw error
    }
    this.#count++
  }

  /** The batch so far; the encoder begins a new one. */
  take(): Batch {
    const cells = this.#cells
    const { shapes } = this.#table
    cells[0] = this.#count
    if (this.#told < shapes.length) cells[1] = shapes.slice(this.#told)
    this.#cells = [0, null]
    this.#count = 0
    return cells
  }

  /** The batch taken last has reached the port, so its definitions are known at the other end. */
  sent(): void {
    this.#told = this.#table.shapes.length
  }

  /** The items of a batch that this encoder made. */
  decode(batch: Batch): unknown[] {
    const decoder = new BatchDecoder(this.#table.shapes)
    decoder.load([batch[0], null, ...batch.slice(HEADER_CELLS)])
    const items: unknown[] = []
    while (decoder.remaining > 0) items.push(decoder.next())
    return items
  }

  #addItem(item: unknown): void {
    if (typeof item !== 'object' || item === null) this.#cells.push(RAW, item)
    else if (Array.isArray(item)) this.#addTuple(item)
    else if (!isPlainRecord(item) || !this.#addRecord(item as Record<string, unknown>)) this.#addWhole(item)
  }

  #addTuple(tuple: readonly unknown[]): void {
    const cells = this.#cells
    const start = cells.length
    const { length } = tuple
    if (length <= MOST_FIELDS) {
      let mask = 0
      cells.push(RAW)
      for (let i = 0; i < length; i++) {
        const value = tuple[i]
        if (isScalar(value)) {
          cells.push(value)
        } else {
          mask |= 1 << i
          this.#addField(value)
        }
      }
      const id = this.#table.tuple(length, mask)
      if (id !== -1) {
        cells[start] = id
        return
      }
      cells.length = start
    }
    cells.push(RAW, tuple)
  }

  /** An item whose fields may be items; false when it was not taken apart. */
  #addRecord(record: Readonly<Record<string, unknown>>): boolean {
    const last = this.#lastItem
    if (last !== undefined && this.#tryScalars(record, last)) return true
    const shape = last !== undefined && hasKeys(record, last.keys) ? last : this.#table.record(record)
    if (shape === undefined) return false
    this.#lastItem = shape
    const cells = this.#cells
    const start = cells.push(RAW) - 1
    let mask = 0
    for (let i = 0; i < shape.keys.length; i++) {
      const value = record[shape.keys[i] as string]
      if (isScalar(value)) {
        cells.push(value)
      } else {
        mask |= 1 << i
        this.#addField(value)
      }
    }
    const id = mask === 0 ? shape.id : this.#table.mixed(shape, mask)
    if (id === -1) cells.length = start
    else cells[start] = id
    return id !== -1
  }

  /** A field that is not a scalar. */
  #addField(value: unknown): void {
    if (isPlainRecord(value)) {
      const record = value as Record<string, unknown>
      const last = this.#lastField
      if (last !== undefined && this.#tryScalars(record, last)) return
      const shape = this.#table.record(record)
      this.#lastField = shape
      if (shape !== undefined && shape !== last && this.#tryScalars(record, shape)) return
    }
    this.#addWhole(value)
  }

  /** Structured clone copies the whole buffer behind a view, which for a small Buffer is the pool of many. */
  #addWhole(value: unknown): void {
    const isPart =
      !this.#isMoving && value instanceof Uint8Array && value.byteLength < value.buffer.byteLength && !isShared(value)
    this.#cells.push(RAW, isPart ? new Uint8Array(value) : value)
  }

  /** Takes a record apart that has the keys of `shape`, in their order, and nothing but scalars. */
  #tryScalars(record: Readonly<Record<string, unknown>>, shape: RecordShape): boolean {
    const cells = this.#cells
    const { keys } = shape
    const start = cells.push(shape.id) - 1
    let i = 0
    for (const key in record) {
      const value = record[key]
      if (key !== keys[i] || !isScalar(value)) {
        cells.length = start
        return false
      }
      cells.push(value)
      i++
    }
    if (i === keys.length) return true
    cells.length = start
    return false
  }
}

/** Whether it is one value by itself; the rest structured clone must look into, or refuse. */
function isScalar(value: unknown): boolean {
  const type = typeof value
  return type === 'object' ? value === null : type !== 'function' && type !== 'symbol'
}

function isPlainRecord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function hasKeys(record: object, keys: readonly string[]): boolean {
  let i = 0
  for (const key in record) {
    if (key !== keys[i++]) return false
  }
  return i === keys.length
}

function isShared(view: Uint8Array): boolean {
  return view.buffer instanceof SharedArrayBuffer
}
