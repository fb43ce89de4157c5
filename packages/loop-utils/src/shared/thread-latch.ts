import { checkInteger } from '../errors/option-checks.ts'
import { AtomicMemory, FIRST_CELL, type MemoryKind } from './atomic-memory.ts'
import { blockOn, checkBlocking } from './block-on.ts'
import { awaitOpen, COUNT, countDown } from './latch-protocol.ts'
import { LoopWaits, type ThreadWaitOptions, type ThreadWaitStats } from './loop-waits.ts'
import { runSteps } from './run-steps.ts'
import { checkThreadPrimitive, type ThreadPrimitiveOptions, TIME_IS_UP, unlessTimeIsUp } from './thread-primitive.ts'

const KIND: MemoryKind = { name: 'ThreadLatch', tag: 0x780a_7c01, bytes: (FIRST_CELL + 2) * 4 }

/**
 * Opens when it has been counted down to 0, and stays open. Every thread that has its buffer may count down and wait:
 * on its loop, or, in a worker, by blocking.
 *
 * A thread that dies does not count down: whoever starts it should do so at its exit.
 *
 * @example
 * ```ts
 * const ready = new ThreadLatch(2)
 * for (const entry of entries) new Worker(entry, { workerData: { ready: ready.buffer } })
 * await ready.wait({ timeoutMs: 5000 })
 * // in the workers: new ThreadLatch(workerData.ready).countDown()
 * ```
 */
export class ThreadLatch {
  readonly #memory: AtomicMemory
  readonly #waits: LoopWaits<true>

  /**
   * @param source how many times it must be counted down (a whole number, at most 2³¹−1), or the `buffer` of a latch
   * @throws OptionError
   */
  constructor(source: number | SharedArrayBuffer, options: ThreadPrimitiveOptions = {}) {
    const { name, maxWaiting, clock, onEvent } = checkThreadPrimitive(options, 'thread latch')
    if (typeof source === 'object') {
      this.#memory = AtomicMemory.attach(source, KIND)
    } else {
      checkInteger('count', source, { min: 0, max: 2 ** 31 - 1 })
      this.#memory = AtomicMemory.create(KIND)
      this.#memory.store(COUNT, source)
    }
    this.#waits = new LoopWaits({
      memory: this.#memory,
      cell: COUNT,
      isInOrder: false,
      clock,
      maxWaiting,
      name,
      onEvent,
    })
  }

  /** To be given to other threads, which make their own object of it. */
  get buffer(): SharedArrayBuffer {
    return this.#memory.buffer
  }

  /** How many times it must still be counted down. */
  get count(): number {
    return this.#memory.load(COUNT)
  }

  get isOpen(): boolean {
    return this.count === 0
  }

  /** How many wait on this thread's loop. */
  get waiting(): number {
    return this.#waits.size
  }

  /** What this thread's loop has waited for; waits that block are not counted. */
  stats(): ThreadWaitStats {
    return this.#waits.stats()
  }

  /**
   * Counts down by `n` (default 1), to 0 at the least, which wakes all who wait. Returns what is left.
   *
   * @throws OptionError when `n` is not a whole number of at least 1
   */
  countDown(n = 1): number {
    return runSteps(countDown(this.#memory, checkInteger('n', n, { min: 1 })))
  }

  /**
   * Resolves with true when the latch is open, or with false when the time is over. Rejects with `signal.reason` at the
   * abort, with QueueOverflowError when too many wait on this loop, and with OptionError.
   */
  async wait(options: ThreadWaitOptions = {}): Promise<boolean> {
    return (
      (await unlessTimeIsUp(
        this.#waits.wait(
          () => awaitOpen(this.#memory),
          options,
          () => TIME_IS_UP,
        ),
      )) ?? false
    )
  }

  /**
   * Blocks this worker's thread until the latch is open; returns false when `timeoutMs` (default `Infinity`) are over
   * before.
   *
   * @throws WrongThreadError on the main thread
   * @throws OptionError
   */
  waitSync(timeoutMs: number = Infinity): boolean {
    checkBlocking('waitSync', timeoutMs, 'wait()')
    return blockOn(this.#memory, () => awaitOpen(this.#memory), timeoutMs).isInTime
  }
}
