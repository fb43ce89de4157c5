import { performance } from 'node:perf_hooks'

/** Each word has a cache line of its own, so that the two threads do not slow each other down. */
const WORDS_PER_LINE = 16

const COMMITTED = 0
const DELIVERED = WORDS_PER_LINE
const WRITER_WAITS = 2 * WORDS_PER_LINE
const WRITER_WAKE = 3 * WORDS_PER_LINE
const READER_WAITS = 4 * WORDS_PER_LINE
const READER_WAKE = 5 * WORDS_PER_LINE
const STATE = 6 * WORDS_PER_LINE
const BATCH_LIMIT = 7 * WORDS_PER_LINE
const BYTES = 8 * WORDS_PER_LINE * Int32Array.BYTES_PER_ELEMENT

/**
 * A thread that is to block looks for its condition in a busy loop for this long first, in milliseconds: an answer that
 * comes at once is worth more than the time, since putting a thread to sleep and waking it may take longer.
 */
const SPIN_MS = 0.05

const WRITER_CLOSED = 1
const READER_CLOSED = 2

const BY_MESSAGE = 1
const BY_NOTIFY = 2

/** Items of a batch that the reader takes in well under a slice; the reader lowers it for heavy items. */
export const LARGEST_BATCH = 256

/**
 * What the two ends of a port lane share besides the port: sequence numbers modulo 2³², who waits for what, and
 * whether an end has closed. The batches themselves travel through the port, so a number here never promises an item
 * that the port does not already hold.
 */
export class LaneControl {
  readonly #words: Int32Array<SharedArrayBuffer>

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.#words = new Int32Array(buffer)
    if (Atomics.load(this.#words, BATCH_LIMIT) === 0) Atomics.store(this.#words, BATCH_LIMIT, LARGEST_BATCH)
  }

  get buffer(): SharedArrayBuffer {
    return this.#words.buffer
  }

  get committed(): number {
    return Atomics.load(this.#words, COMMITTED)
  }

  get delivered(): number {
    return Atomics.load(this.#words, DELIVERED)
  }

  get batchLimit(): number {
    return Atomics.load(this.#words, BATCH_LIMIT)
  }

  set batchLimit(items: number) {
    Atomics.store(this.#words, BATCH_LIMIT, items)
  }

  get isWriterClosed(): boolean {
    return (Atomics.load(this.#words, STATE) & WRITER_CLOSED) !== 0
  }

  get isReaderClosed(): boolean {
    return (Atomics.load(this.#words, STATE) & READER_CLOSED) !== 0
  }

  /** Counts items that the port holds now, and wakes a reader that blocks its thread. */
  addCommitted(count: number): void {
    Atomics.add(this.#words, COMMITTED, count)
    if (Atomics.load(this.#words, READER_WAITS) !== 0) this.#ring(READER_WAKE)
  }

  /**
   * Counts items that the handler had. True when the writer asked to be told by message that the depth fell below
   * `lowWaterMark`, and it did.
   */
  addDelivered(count: number, lowWaterMark: number): boolean {
    const delivered = (Atomics.add(this.#words, DELIVERED, count) + count) | 0
    if (Atomics.load(this.#words, WRITER_WAITS) === 0) return false
    if (((this.committed - delivered) | 0) >= lowWaterMark) return false
    const waits = Atomics.exchange(this.#words, WRITER_WAITS, 0)
    if ((waits & BY_NOTIFY) !== 0) this.#ring(WRITER_WAKE)
    return (waits & BY_MESSAGE) !== 0
  }

  /** The writer wants a message once the depth is low; it must look at the depth again after this. */
  askForMessage(): void {
    Atomics.or(this.#words, WRITER_WAITS, BY_MESSAGE)
  }

  /**
   * Blocks the writer's thread until the depth falls below the low-water mark, the lane closes or the time is over.
   * `isDone` is asked after the wish is visible to the reader, so no wake-up is lost.
   */
  blockWriter(isDone: () => boolean, timeoutMs: number): void {
    const seen = Atomics.load(this.#words, WRITER_WAKE)
    Atomics.or(this.#words, WRITER_WAITS, BY_NOTIFY)
    if (!isDone()) Atomics.wait(this.#words, WRITER_WAKE, seen, timeoutMs)
  }

  /** Blocks the reader's thread until something is committed, the lane closes or the time is over. */
  blockReader(isDone: () => boolean, timeoutMs: number): void {
    if (spinUntil(isDone)) return
    const seen = Atomics.load(this.#words, READER_WAKE)
    Atomics.store(this.#words, READER_WAITS, BY_NOTIFY)
    if (!isDone()) Atomics.wait(this.#words, READER_WAKE, seen, timeoutMs)
    Atomics.store(this.#words, READER_WAITS, 0)
  }

  closeWriter(): void {
    this.#close(WRITER_CLOSED)
  }

  closeReader(): void {
    this.#close(READER_CLOSED)
  }

  #close(bit: number): void {
    Atomics.or(this.#words, STATE, bit)
    this.#ring(WRITER_WAKE)
    this.#ring(READER_WAKE)
  }

  #ring(word: number): void {
    Atomics.add(this.#words, word, 1)
    Atomics.notify(this.#words, word)
  }
}

function spinUntil(isDone: () => boolean): boolean {
  const until = performance.now() + SPIN_MS
  do {
    if (isDone()) return true
  } while (performance.now() < until)
  return false
}
