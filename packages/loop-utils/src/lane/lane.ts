/**
 * A lane is an ordered, bounded, one-way stream of plain values between two loops (or within one). The dispatcher and
 * the engine channel are built on lanes; a lane knows nothing of calls, events or errors.
 *
 * Items are delivered in order, never inline in `write`, each at most once. What `commit()` covered survives the death
 * of the writer's thread: the reader gets a prefix of what was written, at least up to the last commit.
 */
export interface LaneWriter<T> {
  /**
   * Accepts an item. It leaves at the next {@link commit}, which happens by itself at the end of the microtask queue or
   * when a batch is full. Returns false once the high-water mark is reached: the item is accepted all the same, and the
   * caller should wait for {@link writable}.
   *
   * @throws LaneClosedError after either end has closed
   */
  write(item: T, transfer?: readonly ArrayBuffer[]): boolean

  /** Hands everything accepted so far to the transport, synchronously. */
  commit(): void

  /** Resolves once the depth is below the low-water mark; rejects with `signal.reason`, or when the lane closes. */
  writable(signal?: AbortSignal): Promise<void>

  /** Items accepted and not yet delivered by the other end. */
  readonly depth: number

  readonly isOpen: boolean

  /** Commits, then ends the lane: the reader delivers everything, then sees the end. Idempotent. */
  close(): void
}

/** Why a lane ended: the writer closed it, this reader did, or the writer's thread died. */
export type LaneEnd = 'writer-closed' | 'reader-closed' | 'writer-died'

export interface LaneHandler<T> {
  /** Takes one item. Must not throw. */
  item(value: T): void
  /** Called once, after the last item. */
  end(reason: LaneEnd): void
}

export interface LaneReader<T> {
  /** Starts delivering, in slices: between two slices I/O and timers of this loop run. */
  open(handler: LaneHandler<T>): void

  /** Holds delivery back; the writer meets its high-water mark in time. */
  pause(): void
  resume(): void

  /**
   * Tells the reader that the writer's thread is gone: it delivers what was committed, then ends with `writer-died`.
   */
  writerDied(): void

  /** Items known to be written and not yet delivered. */
  readonly depth: number

  /** Ends the lane from this side: nothing more is delivered. Returns how many known items were discarded. */
  close(): number

  /** Whether a lane with nothing to do keeps the process alive. Default: unreferenced. */
  ref(): void
  unref(): void
}

export interface LaneOptions {
  /** Depth at which `write` begins to return false. Default 1024 items. */
  readonly highWaterMark?: number
  /** Longest time in which items are delivered without giving I/O and timers a turn. Default 4 ms. */
  readonly sliceMs?: number
}
