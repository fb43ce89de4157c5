import { types } from 'node:util'
import { OptionError } from '../errors/option-error.ts'
import type { LoopMemory } from './shared-memory.ts'

/** What lies in a buffer; written into its first cell, so that one is not taken for another. */
export interface MemoryKind {
  /** The class that it belongs to. */
  readonly name: string
  readonly tag: number
  readonly bytes: number
}

const TAG = 0
const LONG_BYTES = BigInt64Array.BYTES_PER_ELEMENT

/** The first cell and the first long after the tag. */
export const FIRST_CELL = 2
export const FIRST_LONG = 1

/** A SharedArrayBuffer with the operations of `Atomics`. */
export class AtomicMemory implements LoopMemory {
  readonly buffer: SharedArrayBuffer
  readonly #cells: Int32Array<SharedArrayBuffer>
  readonly #longs: BigInt64Array<SharedArrayBuffer>

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#cells = new Int32Array(buffer)
    this.#longs = new BigInt64Array(buffer)
  }

  /** Whether it is a buffer or a view of one, be it shared or not: {@link attach} refuses those that are not. */
  static isBuffer(source: object): source is SharedArrayBuffer {
    return types.isAnyArrayBuffer(source) || ArrayBuffer.isView(source)
  }

  /** New memory of a kind, all zero but for its tag. */
  static create({ tag, bytes }: MemoryKind): AtomicMemory {
    const memory = new AtomicMemory(new SharedArrayBuffer(bytes))
    memory.store(TAG, tag)
    return memory
  }

  /**
   * The memory of a kind that another thread made.
   *
   * @throws OptionError when `buffer` is not of that kind
   */
  static attach(buffer: SharedArrayBuffer, { name, tag, bytes }: MemoryKind): AtomicMemory {
    if (buffer instanceof SharedArrayBuffer && buffer.byteLength >= bytes && buffer.byteLength % LONG_BYTES === 0) {
      const memory = new AtomicMemory(buffer)
      if (memory.load(TAG) === tag) return memory
    }
    throw new OptionError('buffer', buffer, `the buffer of a ${name}`)
  }

  load(cell: number): number {
    return Atomics.load(this.#cells, cell)
  }

  store(cell: number, value: number): void {
    Atomics.store(this.#cells, cell, value)
  }

  add(cell: number, delta: number): number {
    return Atomics.add(this.#cells, cell, delta)
  }

  exchange(cell: number, value: number): number {
    return Atomics.exchange(this.#cells, cell, value)
  }

  compareExchange(cell: number, expected: number, replacement: number): number {
    return Atomics.compareExchange(this.#cells, cell, expected, replacement)
  }

  notify(cell: number): void {
    Atomics.notify(this.#cells, cell)
  }

  loadLong(long: number): bigint {
    return Atomics.load(this.#longs, long)
  }

  storeLong(long: number, value: bigint): void {
    Atomics.store(this.#longs, long, value)
  }

  compareExchangeLong(long: number, expected: bigint, replacement: bigint): bigint {
    return Atomics.compareExchange(this.#longs, long, expected, replacement)
  }

  /** Blocks this thread until the cell is notified, unless it is not `expected`. */
  wait(cell: number, expected: number, timeoutMs: number): void {
    Atomics.wait(this.#cells, cell, expected, timeoutMs)
  }

  waitAsync(cell: number, expected: number): Promise<unknown> | undefined {
    const { async, value } = (Atomics as unknown as AtomicsWithWaitAsync).waitAsync(this.#cells, cell, expected)
    return async ? value : undefined
  }
}

// the ES2023 library has no type of it yet; every supported Node has the function
interface AtomicsWithWaitAsync {
  waitAsync(
    cells: Int32Array,
    cell: number,
    expected: number,
  ):
    | { readonly async: false; readonly value: 'not-equal' | 'timed-out' }
    | { readonly async: true; readonly value: Promise<unknown> }
}
