import { threadId, type Worker } from 'node:worker_threads'
import type { CancelledError } from '../concurrency/cancelled-error.ts'
import { disposedError } from '../concurrency/disposed-error.ts'
import { HeldPermit } from '../concurrency/held-permit.ts'
import { runHolding } from '../concurrency/run-holding.ts'
import { checkInteger } from '../errors/option-checks.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import { ServiceStateError } from '../errors/service-state-error.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { onWorkerExit } from '../host/worker-exit.ts'
import { AtomicMemory, type MemoryKind } from './atomic-memory.ts'
import { blockOn, checkBlocking } from './block-on.ts'
import { LoopWaits, type ThreadWaitOptions, type ThreadWaitStats } from './loop-waits.ts'
import { runSteps } from './run-steps.ts'
import { cellsFor, claimLine, FREE, give, LINES, reclaim, take, TOTAL, tryTake } from './semaphore-protocol.ts'
import { checkThreadPrimitive, type ThreadPrimitiveOptions } from './thread-primitive.ts'

const KIND: MemoryKind = { name: 'ThreadSemaphore', tag: 0x780a_7c03, bytes: cellsFor(1) * 4 }

export interface ThreadSemaphoreOptions extends ThreadPrimitiveOptions {
  /** How many threads may use it, this one included; only for who makes it. Default 64. */
  readonly maxThreads?: number
}

/** How to wait on a loop for permits. */
export interface ThreadAcquireOptions extends ThreadWaitOptions {
  /** How many permits to take together. Default 1. */
  readonly permits?: number
}

/** How to block for permits. */
export interface ThreadAcquireSyncOptions {
  /** How many permits to take together. Default 1. */
  readonly permits?: number
  /** Longest wait in milliseconds. Default `Infinity`. */
  readonly timeoutMs?: number
}

/**
 * Lets at most `capacity` permits be held at a time, by all threads that have its buffer.
 *
 * On one loop it is strictly first come first served. Between threads, and for one that blocks, there is no order:
 * whoever comes upon a free permit takes it, so that no permit waits for a thread that is busy or dead.
 *
 * The permits of a thread that dies stay taken until somebody gives them back by {@link reclaim}; who starts a worker
 * has that done by {@link reclaimAtExit}. A thread that is terminated in the very middle of an acquisition may take
 * those permits with it: capacity is lost then, never exceeded.
 *
 * @example
 * ```ts
 * const semaphore = new ThreadSemaphore(4)
 * const worker = new Worker(entry, { workerData: { semaphore: semaphore.buffer } })
 * semaphore.reclaimAtExit(worker)
 * await semaphore.run(() => handshake(device))
 * ```
 */
export class ThreadSemaphore implements Disposable {
  readonly #memory: AtomicMemory
  readonly #name: string
  /** This thread's line in the ledger. */
  readonly #line: number
  readonly #waits: LoopWaits<true>
  #isDisposed = false

  /**
   * @param source the number of permits (at least 1, at most 2³¹−1), or the `buffer` of a semaphore
   * @throws OptionError
   * @throws QueueOverflowError when as many threads use it as may
   */
  constructor(source: number | SharedArrayBuffer, options: ThreadSemaphoreOptions = {}) {
    const { name, maxWaiting, clock, onEvent } = checkThreadPrimitive(options, 'thread semaphore')
    this.#memory = typeof source === 'object' ? AtomicMemory.attach(source, KIND) : create(source, options.maxThreads)
    this.#name = name
    const line = runSteps(claimLine(this.#memory, ownerId(threadId)))
    if (line === undefined) {
      throw new QueueOverflowError({ queue: `threads of ${name}`, capacity: this.#memory.load(LINES) })
    }
    this.#line = line
    this.#waits = new LoopWaits({ memory: this.#memory, cell: FREE, isInOrder: true, clock, maxWaiting, name, onEvent })
  }

  /** To be given to other threads, which make their own object of it. */
  get buffer(): SharedArrayBuffer {
    return this.#memory.buffer
  }

  get capacity(): number {
    return this.#memory.load(TOTAL)
  }

  /** Permits that nobody holds. */
  get available(): number {
    return this.#memory.load(FREE)
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
   * Takes permits now, or returns undefined when there are too few, others wait on this loop, or it is disposed of.
   *
   * @throws OptionError when it asks for more permits than there are
   */
  tryAcquire(permits?: number): HeldPermit | undefined {
    const n = this.#checkPermits(permits)
    if (this.#isDisposed || this.#waits.size > 0) return undefined
    return runSteps(tryTake(this.#memory, this.#line, n)) ? this.#hold(n) : undefined
  }

  /**
   * Waits for permits on this loop. Rejects with `signal.reason` at the abort, with TimeoutError when the time is over,
   * with QueueOverflowError when too many wait on this loop, with CancelledError once it is disposed of, and with
   * OptionError.
   */
  async acquire(options: ThreadAcquireOptions = {}): Promise<HeldPermit> {
    this.#checkUsable()
    const n = this.#checkPermits(options.permits)
    await this.#waits.wait(
      () => take(this.#memory, this.#line, n),
      options,
      () => this.#timeoutError(options.timeoutMs),
    )
    return this.#hold(n)
  }

  /**
   * Blocks this worker's thread until it has permits. It goes before those who wait on the loop of this thread, since
   * they cannot run meanwhile.
   *
   * @throws WrongThreadError on the main thread
   * @throws TimeoutError when the time is over
   * @throws CancelledError once it is disposed of
   * @throws OptionError
   */
  acquireSync(options: ThreadAcquireSyncOptions = {}): HeldPermit {
    this.#checkUsable()
    const { permits, timeoutMs = Infinity } = options
    checkBlocking('acquireSync', timeoutMs, 'acquire()')
    const n = this.#checkPermits(permits)
    const outcome = blockOn(this.#memory, () => take(this.#memory, this.#line, n), timeoutMs)
    if (!outcome.isInTime) throw this.#timeoutError(timeoutMs)
    return this.#hold(n)
  }

  /** Waits for permits, calls `fn`, and releases when that has settled. After an abort `fn` is not called. */
  run<T>(fn: () => T | PromiseLike<T>, options: ThreadAcquireOptions = {}): Promise<T> {
    return runHolding(() => this.acquire(options), fn, options)
  }

  /**
   * Gives back all permits that a thread held which has ended, and its place among `maxThreads`. Returns how many those
   * were.
   *
   * @param deadThreadId its `worker.threadId`, read before its exit
   * @throws ServiceStateError for this thread itself, which is alive
   * @throws OptionError when it is no thread id
   */
  reclaim(deadThreadId: number): number {
    checkInteger('deadThreadId', deadThreadId, { min: 0, max: 2 ** 31 - 2 })
    if (deadThreadId === threadId) {
      throw new ServiceStateError(
        'reclaim permits',
        'their thread runs',
        'release them, or reclaim those of a dead thread',
      )
    }
    return runSteps(reclaim(this.#memory, ownerId(deadThreadId)))
  }

  /** Reclaims the permits of `worker` when it exits. Disposing what is returned calls that off. */
  reclaimAtExit(worker: Worker): Disposable {
    const { threadId: id } = worker
    return onWorkerExit(worker, () => {
      this.reclaim(id)
    })
  }

  /** Rejects all who wait on this loop, as on shutdown; returns how many there were. */
  rejectWaiting(reason: unknown): number {
    return this.#waits.rejectAll(reason)
  }

  /**
   * Rejects all who wait on this loop, and who asks here from now on, with a CancelledError. For this thread alone:
   * others go on, and permits that are held stay so.
   */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.rejectWaiting(this.#disposedError())
  }

  #checkUsable(): void {
    if (this.#isDisposed) throw this.#disposedError()
  }

  #disposedError(): CancelledError {
    return disposedError(this.#name, 'make a new one of its buffer')
  }

  #hold(n: number): HeldPermit {
    return new HeldPermit(() => runSteps(give(this.#memory, this.#line, n)))
  }

  #checkPermits(permits = 1): number {
    return checkInteger('permits', permits, { min: 1, max: this.capacity })
  }

  #timeoutError(timeoutMs = Infinity): TimeoutError {
    return new TimeoutError(timeoutMs, 'total', { what: `acquisition of ${this.#name}` })
  }
}

function create(capacity: number, maxThreads = 64): AtomicMemory {
  checkInteger('capacity', capacity, { min: 1, max: 2 ** 31 - 1 })
  const lines = checkInteger('maxThreads', maxThreads, { min: 1, max: 65_536 })
  const memory = AtomicMemory.create({ ...KIND, bytes: cellsFor(lines) * 4 })
  memory.store(TOTAL, capacity)
  memory.store(FREE, capacity)
  memory.store(LINES, lines)
  return memory
}

/** A line of the ledger is empty at 0, and the main thread's id is 0. */
function ownerId(id: number): number {
  return id + 1
}
