import type { MessagePort } from 'node:worker_threads'
import { LaneClosedError } from '../errors/index.ts'
import { BatchEncoder } from './batch-encoder.ts'
import { LaneControl } from './control-words.ts'
import type { LaneLimits } from './lane-limits.ts'
import type { LaneWriter } from './lane.ts'
import { PortLiveness } from './port-liveness.ts'
import { END_OF_LANE, type LaneWriterHandle } from './port-lane.ts'
import { WritableWaiters } from './writable-waiters.ts'

/** A batch of a burst begins with this many items and doubles up to what the reader admits. */
const FIRST_BATCH = 16

export interface LaneWriterOptions<T> {
  /**
   * Told of an item that cannot cross a thread (a function in it, say), in its place in the order: what it returns goes
   * instead, or nothing does. Without it the item is left out, and `commit` throws the error; a commit that happens by
   * itself makes that an uncaught exception.
   */
  readonly onRefused?: (item: T, error: unknown) => T | undefined
}

/** Opens the writing end in this thread. */
export function openLaneWriter<T>(handle: LaneWriterHandle, options: LaneWriterOptions<T> = {}): PortLaneWriter<T> {
  return new PortLaneWriter<T>(handle, options)
}

interface Transfer {
  /** The item of the batch that the buffers belong to. */
  readonly index: number
  readonly buffers: readonly ArrayBuffer[]
}

/** The writing end of a lane between threads. */
export class PortLaneWriter<T> implements LaneWriter<T> {
  readonly #port: MessagePort
  readonly #control: LaneControl
  readonly #limits: LaneLimits
  readonly #onRefused: ((item: T, error: unknown) => T | undefined) | undefined
  readonly #encoder = new BatchEncoder()
  readonly #waiters = new WritableWaiters()
  #transfers: Transfer[] = []
  /** Items accepted so far, as the counters count: modulo 2³². */
  #accepted: number
  #batchSize = FIRST_BATCH
  #isCommitDue = false
  #isClosed = false
  readonly #autoCommit = (): void => {
    this.#isCommitDue = false
    // a burst has ended: the next one starts with small batches again
    if (this.#encoder.count < FIRST_BATCH) this.#batchSize = Math.min(FIRST_BATCH, this.#control.batchLimit)
    this.commit()
  }

  constructor(handle: LaneWriterHandle, options: LaneWriterOptions<T>) {
    this.#port = handle.port
    this.#control = new LaneControl(handle.control)
    this.#limits = handle.limits
    this.#onRefused = options.onRefused
    this.#accepted = this.#control.committed
    this.#port.on('close', () => {
      this.#shut()
    })
    this.#port.on('message', () => {
      this.#settleWaiters()
    })
    this.#port.unref()
  }

  get depth(): number {
    return (this.#accepted - this.#control.delivered) | 0
  }

  get isOpen(): boolean {
    if (this.#isClosed) return false
    if (!this.#control.isReaderClosed) return true
    this.#shut()
    return false
  }

  write(item: T, transfer?: readonly ArrayBuffer[]): boolean {
    if (!this.isOpen) throw this.#closedError()
    const encoder = this.#encoder
    const isMoving = transfer !== undefined && transfer.length > 0
    encoder.add(item, isMoving)
    if (isMoving) this.#transfers.push({ index: encoder.count - 1, buffers: transfer })
    this.#accepted = (this.#accepted + 1) | 0
    if (encoder.count >= this.#batchSize) {
      this.#batchSize = Math.min(this.#batchSize * 2, this.#control.batchLimit)
      this.commit()
    } else if (!this.#isCommitDue) {
      this.#isCommitDue = true
      queueMicrotask(this.#autoCommit)
    }
    return this.depth < this.#limits.highWaterMark
  }

  commit(): void {
    const { count } = this.#encoder
    if (count === 0) return
    const transfers = this.#transfers
    if (transfers.length > 0) this.#transfers = []
    const batch = this.#encoder.take()
    if (this.#isClosed) return
    try {
      if (transfers.length === 0) this.#port.postMessage(batch)
      else this.#port.postMessage(batch, buffersOf(transfers))
    } catch {
      this.#commitSingly(this.#encoder.decode(batch) as T[], transfers)
      return
    }
    this.#encoder.sent()
    this.#control.addCommitted(count)
  }

  writable(signal?: AbortSignal): Promise<void> {
    if (!this.isOpen) return Promise.reject(this.#closedError())
    if (this.#isLow()) return Promise.resolve()
    this.commit()
    this.#control.askForMessage()
    if (this.#isLow()) return Promise.resolve()
    // somebody of this thread waits for the other one: the wait must not be cut short by an idle loop
    this.#port.ref()
    return this.#waiters.add(signal).finally(() => {
      this.#unrefIfUnused()
    })
  }

  /**
   * Blocks this thread until the depth is below the low-water mark, the lane closes or `timeoutMs` is over; tells
   * whether it is. Only for workers: a blocked main thread would stop the process.
   */
  writableSync(timeoutMs: number = Number.POSITIVE_INFINITY): boolean {
    this.commit()
    const isDone = (): boolean => this.#isLow() || !this.isOpen
    const until = performance.now() + timeoutMs
    const liveness = new PortLiveness(this.#port)
    while (!isDone()) {
      const left = until - performance.now()
      if (left <= 0) break
      this.#control.blockWriter(isDone, Math.min(left, liveness.intervalMs))
      if (!isDone() && liveness.isPeerGone()) this.#shut()
    }
    return this.#isLow() && this.isOpen
  }

  close(): void {
    if (!this.isOpen) return
    this.commit()
    this.#control.closeWriter()
    this.#port.postMessage(END_OF_LANE)
    this.#shut()
  }

  #closedError(): LaneClosedError {
    return new LaneClosedError(this.#control.isWriterClosed ? 'writer-closed' : 'reader-closed')
  }

  #isLow(): boolean {
    return this.depth < this.#limits.lowWaterMark
  }

  #settleWaiters(): void {
    if (this.#waiters.size === 0) return
    this.#control.askForMessage()
    if (this.#isLow()) this.#waiters.resolveAll()
  }

  #unrefIfUnused(): void {
    if (this.#waiters.size === 0) this.#port.unref()
  }

  #shut(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#port.close()
    this.#waiters.rejectAll(this.#closedError())
  }

  /** Some item of the batch cannot cross: finds it by posting each alone. */
  #commitSingly(items: readonly T[], transfers: readonly Transfer[]): void {
    let failure: { readonly error: unknown } | undefined
    for (const [index, item] of items.entries()) {
      try {
        this.#commitOne(item, buffersOf(transfers.filter((transfer) => transfer.index === index)))
      } catch (error) {
        const substitute = this.#onRefused?.(item, error)
        if (this.#onRefused === undefined) failure ??= { error }
        if (substitute === undefined) this.#accepted = (this.#accepted - 1) | 0
        else this.#commitOne(substitute, [])
      }
    }
    if (failure !== undefined) throw failure.error
  }

  #commitOne(item: T, buffers: readonly ArrayBuffer[]): void {
    this.#encoder.add(item, true)
    this.#port.postMessage(this.#encoder.take(), buffers)
    this.#encoder.sent()
    this.#control.addCommitted(1)
  }
}

function buffersOf(transfers: readonly Transfer[]): ArrayBuffer[] {
  return transfers.flatMap((transfer) => transfer.buffers)
}
