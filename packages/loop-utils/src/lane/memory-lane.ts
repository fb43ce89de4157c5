import { LaneClosedError } from '../errors/index.ts'
import { cloneAndFreeze } from './clone-and-freeze.ts'
import { ItemQueue } from './item-queue.ts'
import { type ItemSource, LaneDelivery } from './lane-delivery.ts'
import { type LaneLimits, laneLimits } from './lane-limits.ts'
import type { LaneEnd, LaneHandler, LaneOptions, LaneReader, LaneWriter } from './lane.ts'
import { WritableWaiters } from './writable-waiters.ts'

export interface MemoryLaneOptions extends LaneOptions {
  /**
   * `none` (default) hands the very object over; `clone-and-freeze` gives the reader a frozen structured clone, so that
   * sharing by mistake shows.
   */
  readonly copy?: 'none' | 'clone-and-freeze'
  /** Share of this lane against others that are busy at the same time. Default 1. */
  readonly weight?: number
}

/** The two ends of a lane. */
export interface LaneEnds<T> {
  readonly writer: LaneWriter<T>
  readonly reader: LaneReader<T>
}

/**
 * Makes a lane within this loop: ordered, bounded and sliced like one between threads.
 *
 * @throws OptionError
 */
export function createMemoryLane<T>(options: MemoryLaneOptions = {}): LaneEnds<T> {
  const core = new MemoryLaneCore<T>(laneLimits(options), options)
  return { writer: new MemoryLaneWriter(core), reader: new MemoryLaneReader(core) }
}

/** What both ends share. */
class MemoryLaneCore<T> implements ItemSource<T> {
  readonly limits: LaneLimits
  readonly isCopying: boolean
  readonly delivery: LaneDelivery<T>
  readonly waiters: WritableWaiters = new WritableWaiters()
  ending: LaneEnd | undefined
  readonly #queue = new ItemQueue<T>()
  /** Items at the end of the queue that are not committed yet. */
  #staged = 0
  readonly #autoCommit = (): void => {
    this.commit()
  }

  constructor(limits: LaneLimits, options: MemoryLaneOptions) {
    this.limits = limits
    this.isCopying = options.copy === 'clone-and-freeze'
    this.delivery = new LaneDelivery<T>(this, { sliceMs: limits.sliceMs, weight: options.weight ?? 1 })
  }

  get depth(): number {
    return this.#queue.length
  }

  get closedError(): LaneClosedError {
    return new LaneClosedError(this.ending ?? 'reader-closed')
  }

  get committedDepth(): number {
    return this.depth - this.#staged
  }

  write(item: T): void {
    this.#queue.push(item)
    if (this.#staged++ === 0) queueMicrotask(this.#autoCommit)
  }

  commit(): void {
    if (this.#staged === 0 || this.ending === 'writer-died') return
    this.#staged = 0
    this.delivery.wake()
  }

  hasNext(): boolean {
    return this.#queue.length > this.#staged
  }

  take(): T {
    return this.#queue.shift()
  }

  delivered(): void {
    if (this.depth < this.limits.lowWaterMark) this.waiters.resolveAll()
  }

  ended(): void {
    this.#queue.clear()
    this.#staged = 0
    this.waiters.rejectAll(this.closedError)
  }
}

class MemoryLaneWriter<T> implements LaneWriter<T> {
  readonly #core: MemoryLaneCore<T>

  constructor(core: MemoryLaneCore<T>) {
    this.#core = core
  }

  get depth(): number {
    return this.#core.depth
  }

  get isOpen(): boolean {
    return this.#core.ending === undefined && !this.#core.delivery.isOver
  }

  write(item: T, transfer?: readonly ArrayBuffer[]): boolean {
    if (!this.isOpen) throw this.#core.closedError
    const core = this.#core
    core.write(core.isCopying ? cloneAndFreeze(item, transfer) : item)
    return core.depth < core.limits.highWaterMark
  }

  commit(): void {
    this.#core.commit()
  }

  writable(signal?: AbortSignal): Promise<void> {
    if (!this.isOpen) return Promise.reject(this.#core.closedError)
    if (this.depth < this.#core.limits.lowWaterMark) return Promise.resolve()
    return this.#core.waiters.add(signal)
  }

  close(): void {
    if (!this.isOpen) return
    this.#core.commit()
    this.#core.ending = 'writer-closed'
    this.#core.waiters.rejectAll(this.#core.closedError)
    this.#core.delivery.wake()
  }
}

class MemoryLaneReader<T> implements LaneReader<T> {
  readonly #core: MemoryLaneCore<T>

  constructor(core: MemoryLaneCore<T>) {
    this.#core = core
  }

  get depth(): number {
    return this.#core.committedDepth
  }

  open(handler: LaneHandler<T>): void {
    this.#core.delivery.open(handler)
  }

  pause(): void {
    this.#core.delivery.pause()
  }

  resume(): void {
    this.#core.delivery.resume()
  }

  writerDied(): void {
    const core = this.#core
    if (core.ending !== undefined || core.delivery.isOver) return
    // what was not committed goes down with the writer
    core.ending = 'writer-died'
    core.waiters.rejectAll(core.closedError)
    core.delivery.wake()
  }

  close(): number {
    this.#core.commit()
    const discarded = this.depth
    this.#core.delivery.end('reader-closed')
    return discarded
  }

  /** A lane within one loop has nothing to wait for: only work that is ready holds the process, whatever is asked. */
  ref(): void {
    // nothing to reference
  }

  unref(): void {
    // nothing to reference
  }
}
