/**
 * The memory that threads share, as the protocols of this folder see it: cells of 32 bits and longs of 64. Every
 * operation is atomic and sequentially consistent.
 */
export interface SharedMemory {
  load(cell: number): number
  /** Adds and returns the value before, modulo 2³². */
  add(cell: number, delta: number): number
  /** Returns the value before. */
  exchange(cell: number, value: number): number
  /** Replaces the value when it is `expected`; returns the value before. */
  compareExchange(cell: number, expected: number, replacement: number): number
  /** Wakes every thread that is parked on the cell. */
  notify(cell: number): void
  loadLong(long: number): bigint
  /** Replaces the value when it is `expected`; returns the value before. */
  compareExchangeLong(long: number, expected: bigint, replacement: bigint): bigint
}

/** Memory on which a loop can sleep without blocking its thread. */
export interface LoopMemory extends SharedMemory {
  /** Resolves when the cell is notified; undefined when it is not `expected` even now. */
  waitAsync(cell: number, expected: number): Promise<unknown> | undefined
}

/**
 * The wish of a protocol to sleep until its cell is notified. Whoever grants it compares the cell with `expected` and
 * falls asleep in one atomic step, and does not sleep when they differ.
 */
export interface Park {
  readonly cell: number
  readonly expected: number
}

/**
 * The steps of one thread in a protocol over shared memory. It yields before each operation on the memory, and there
 * another thread may come in between; it yields a {@link Park} where it can do nothing until a cell changes. After a
 * park it begins anew, so whoever runs it may as well start it again from the top.
 *
 * Production code runs through the yields (`runSteps`, `blockOn`, `LoopWaits`); the tests interleave the very same steps
 * of several threads in every possible order.
 */
export type Protocol<R> = Generator<Park | undefined, R, undefined>
