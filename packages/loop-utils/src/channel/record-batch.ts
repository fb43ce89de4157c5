import { checkInteger } from '../errors/option-checks.ts'
import { XError } from '../errors/x-error.ts'

/** Bytes of one entry of the table that says where the records end. */
const ENTRY = Uint32Array.BYTES_PER_ELEMENT

/**
 * Many records in one buffer, as they cross: the records from the front, and from the back, record after record, a
 * 32-bit table of where each ends, in the byte order of the machine. Plain, so it may be a part of any message.
 */
export interface RecordBatchData {
  /** All of the buffer. */
  readonly bytes: Uint8Array
  /** How many records there are. */
  readonly count: number
}

/** A batch together with the buffer to move instead of copying: `emit(event, data, { transfer })`. */
export interface TakenBatch {
  readonly data: RecordBatchData
  readonly transfer: readonly ArrayBuffer[]
}

export interface RecordBatchOptions {
  /** Size of the buffer, table included, in bytes. A longer record makes a batch of its own. Default 262144. */
  readonly maxBytes?: number
  /** Records in one batch. Default 4096: an owner is then busy with one batch for about a millisecond. */
  readonly maxRecords?: number
}

/** A batch does not hold what it says. */
export class RecordBatchError extends XError {
  override readonly name = 'RecordBatchError'
  readonly code = 'LOOP_RECORD_BATCH'
  /** The record whose end is wrong, or -1 when the table as a whole does not fit. */
  readonly record: number

  constructor(record: number) {
    super(
      record < 0
        ? 'record batch is shorter than its table; pass on what take() gave, unchanged'
        : `record ${record} of the batch ends outside it; pass on what take() gave, unchanged`,
    )
    this.record = record
  }
}

/** Collects records for one message in wire form: a million of them so cost little more than copying their bytes. */
export class RecordBatch {
  readonly #maxBytes: number
  readonly #maxRecords: number
  #bytes: Uint8Array<ArrayBuffer> | undefined
  #table: Uint32Array = new Uint32Array(0)
  #end = 0
  #count = 0

  /** @throws OptionError */
  constructor(options: RecordBatchOptions = {}) {
    const { maxBytes = 262_144, maxRecords = 4096 } = options
    this.#maxBytes = alignUp(checkInteger('maxBytes', maxBytes, { min: 64, max: 2 ** 30 }))
    this.#maxRecords = checkInteger('maxRecords', maxRecords, { min: 1, max: 2 ** 24 })
  }

  /** Records that wait to be taken. */
  get count(): number {
    return this.#count
  }

  /**
   * Copies a record in. Returns false, and does nothing, when the batch has no room for it: take it and append again.
   * An empty batch has room for any record.
   */
  append(record: Uint8Array): boolean {
    if (this.#count >= this.#maxRecords) return false
    const bytes = this.#bytes ?? this.#allocate(record.byteLength)
    const end = this.#end + record.byteLength
    if (end > bytes.byteLength - (this.#count + 1) * ENTRY) return false
    bytes.set(record, this.#end)
    this.#count++
    this.#table[this.#table.length - this.#count] = end
    this.#end = end
    return true
  }

  /** Gives the batch away and begins a new one. */
  take(): TakenBatch {
    const bytes = this.#bytes ?? new Uint8Array(0)
    const count = this.#count
    const whole = this.#isMostlyUsed(bytes) ? bytes : this.#compact(bytes)
    this.#bytes = undefined
    this.#end = 0
    this.#count = 0
    return { data: { bytes: whole, count }, transfer: whole.byteLength === 0 ? [] : [whole.buffer] }
  }

  #allocate(firstLength: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.max(this.#maxBytes, alignUp(firstLength) + ENTRY))
    this.#bytes = bytes
    this.#table = new Uint32Array(bytes.buffer)
    return bytes
  }

  #isMostlyUsed(bytes: Uint8Array): boolean {
    return this.#end + this.#count * ENTRY >= bytes.byteLength / 2
  }

  #compact(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const tableBytes = this.#count * ENTRY
    const compact = new Uint8Array(alignUp(this.#end) + tableBytes)
    compact.set(bytes.subarray(0, this.#end))
    compact.set(bytes.subarray(bytes.byteLength - tableBytes), compact.byteLength - tableBytes)
    return compact
  }
}

/**
 * The records of a batch as views of its buffer, in the order of appending.
 *
 * @throws RecordBatchError
 */
export function* readRecords({ bytes, count }: RecordBatchData): Generator<Uint8Array, void, undefined> {
  const { buffer, byteLength, byteOffset } = bytes
  const room = byteLength - count * ENTRY
  if (!(count >= 0) || room < 0 || !Number.isInteger(count) || byteLength % ENTRY !== 0) throw new RecordBatchError(-1)
  const table = new Uint32Array(buffer, byteOffset, byteLength / ENTRY)
  let start = 0
  for (let index = 0; index < count; index++) {
    const end = table[table.length - 1 - index] as number
    if (end < start || end > room) throw new RecordBatchError(index)
    yield bytes.subarray(start, end)
    start = end
  }
}

function alignUp(length: number): number {
  return Math.ceil(length / ENTRY) * ENTRY
}
