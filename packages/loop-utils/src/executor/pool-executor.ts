import { availableParallelism } from 'node:os'
import type { ResourceLimits } from 'node:worker_threads'
import { type ModuleRef, toPlainModuleRef } from '../channel/module-ref.ts'
import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { type ErrorClass, ErrorRevival } from '../errors/error-revival.ts'
import {
  checkBoolean,
  checkClock,
  checkDeadline,
  checkDuration,
  checkFunction,
  checkInteger,
  checkObject,
  checkOnEvent,
  checkSignal,
} from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import { settlesWithin } from '../host/settles-within.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import { callSafely, warnOfStrayError } from '../observe/stray-error.ts'
import { ExecutorClosedError } from './executor-errors.ts'
import type { Executor, ExecutorCloseOptions, ExecutorCloseReport, ExecutorRunOptions } from './executor.ts'
import { type AcceptedCall, ExecutorJob, type JobEnd, type JobSurroundings, overdue } from './executor-job.ts'
import { openPiscinaPool } from './piscina-pool.ts'
import { TASK_ERROR_CLASSES } from './run-task.ts'
import { checkTransfer } from './transfer-list.ts'
import type { WorkerPool } from './worker-pool.ts'

const refused = new ObservationPoint('x:loop-utils:executor:refuse')
const ended = new ObservationPoint('x:loop-utils:executor:end')

export interface PoolExecutorOptions extends Observer {
  /** How many threads run functions at most. Default: as many as the machine runs at once (`os.availableParallelism`). */
  readonly maxThreads?: number
  /** How many threads are kept when there is nothing to do. Default 0. */
  readonly minThreads?: number
  /** How long a thread beyond `minThreads` is kept without work, in milliseconds. Default 10 000. */
  readonly idleTimeoutMs?: number
  /** Memory limits of each thread; none by default but the engine's. */
  readonly resourceLimits?: ResourceLimits
  /** How many calls may wait for a thread; one more is refused with QueueOverflowError. Default 1024. */
  readonly maxQueue?: number
  /**
   * How long a function may go on after its call was aborted or timed out, in milliseconds, before its thread is ended.
   * It occupies its thread until then. Default 1000.
   */
  readonly graceMs?: number
  /** Error classes by code, so that what functions throw comes back as the same class. `LOOP_*` are known. */
  readonly errors?: Readonly<Record<string, ErrorClass>>
  /** Told when a thread dies that runs no function. Default: a warning of the process. */
  readonly onError?: (error: unknown) => void
  /** Where a bundler has put the entry `@x/loop-utils/piscina-thread`. Default: found by itself. */
  readonly threadEntry?: URL
  /** Makes another pool than the default, one of the `piscina` package. Called at the first call. */
  readonly openPool?: () => WorkerPool | Promise<WorkerPool>
  /** What timeouts are measured by. Default: the system's. */
  readonly clock?: Clock
}

/** How many calls an executor has, and how those ended that it had. */
export interface ExecutorStats {
  readonly queued: number
  /** On a thread, those included whose callers have given up. */
  readonly running: number
  readonly ended: Readonly<Record<JobEnd, number>>
}

/**
 * Runs functions on a pool of worker threads, first come first served, each thread one at a time: what is aborted or
 * crashes takes nobody else's work with it, but what a function has left behind on its thread (a timer that throws) can
 * hit a later one, whose call then rejects with WorkerCrashedError. Threads start when they are needed; a pool without
 * work does not keep the process alive.
 *
 * The threads are those of the `piscina` package, which is to be installed beside this one.
 *
 * @example
 * ```ts
 * await using executor = new PoolExecutor({ maxThreads: 2 })
 * const ref = { module: new URL('./thumbnail.js', import.meta.url), export: 'thumbnail' }
 * const image = await executor.run(ref, [bytes], { timeoutMs: 5000, signal })
 * ```
 */
export class PoolExecutor implements Executor {
  readonly #maxQueue: number
  readonly #maxThreads: number
  readonly #surroundings: JobSurroundings
  readonly #openPool: () => WorkerPool | Promise<WorkerPool>
  /** In the order in which they came. */
  readonly #queue = new Set<ExecutorJob>()
  readonly #onThread = new Map<ExecutorJob, Promise<void>>()
  readonly #ended: Record<JobEnd, number> = {
    completed: 0,
    failed: 0,
    crashed: 0,
    aborted: 0,
    'timed-out': 0,
    closed: 0,
  }
  #pool: Promise<WorkerPool> | undefined
  #closing: Promise<ExecutorCloseReport> | undefined

  /** @throws OptionError */
  constructor(options: PoolExecutorOptions = {}) {
    const { clock = systemClock, errors = {}, graceMs = 1000, maxQueue = 1024, openPool } = checkObject(options)
    const threads = checkThreads(options)
    this.#maxThreads = threads.maxThreads
    this.#maxQueue = checkInteger('maxQueue', maxQueue, { min: 0 })
    this.#surroundings = {
      clock: checkClock(clock),
      observer: { onEvent: checkOnEvent(options.onEvent) },
      revival: new ErrorRevival(TASK_ERROR_CLASSES, errors),
      graceMs: checkDuration('graceMs', graceMs),
      onGivenUp: (job) => {
        this.#queue.delete(job)
      },
    }
    if (openPool !== undefined) checkFunction('openPool', openPool)
    this.#openPool = openPool ?? (() => openPiscinaPool(threads))
  }

  /** @inheritDoc */
  async run(ref: ModuleRef, args: readonly unknown[], options: ExecutorRunOptions = {}): Promise<unknown> {
    const call = checkCall(ref, args, options)
    call.signal?.throwIfAborted()
    if (call.deadline?.isExpired === true) throw overdue(call)
    if (this.#closing !== undefined) throw new ExecutorClosedError(false)
    const isRoom = this.#onThread.size < this.#maxThreads || this.#queue.size < this.#maxQueue
    if (!isRoom) throw this.#overflow(call)
    const job = new ExecutorJob(call, this.#surroundings)
    this.#queue.add(job)
    this.#serve()
    try {
      return await job.promise
    } finally {
      this.#note(job)
    }
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  stats(): ExecutorStats {
    return { queued: this.#queue.size, running: this.#onThread.size, ended: { ...this.#ended } }
  }

  /** @inheritDoc */
  close({ drain = true, deadlineMs = 5000 }: ExecutorCloseOptions = {}): Promise<ExecutorCloseReport> {
    try {
      checkBoolean('drain', drain)
      checkDuration('deadlineMs', deadlineMs, { infinite: true })
    } catch (error) {
      return Promise.reject(error)
    }
    this.#closing ??= this.#close(drain, deadlineMs)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #overflow({ ref }: AcceptedCall): QueueOverflowError {
    const { observer } = this.#surroundings
    if (refused.isObserved(observer)) {
      const data = { task: ref.export, queued: this.#queue.size, running: this.#onThread.size }
      refused.publish(data, observer)
    }
    return new QueueOverflowError({ queue: 'queue of the executor', capacity: this.#maxQueue })
  }

  #note({ end, hasBegun, task }: ExecutorJob): void {
    if (end === undefined) return
    this.#ended[end]++
    const { observer } = this.#surroundings
    if (ended.isObserved(observer)) ended.publish({ task, end, hasBegun }, observer)
  }

  #serve(): void {
    for (const job of this.#queue) {
      if (this.#onThread.size >= this.#maxThreads) return
      this.#queue.delete(job)
      this.#onThread.set(job, this.#occupy(job))
    }
  }

  async #occupy(job: ExecutorJob): Promise<void> {
    try {
      // asynchronous even if it throws at once, so that the job is noted before it ends
      this.#pool ??= Promise.resolve().then(this.#openPool)
      await job.occupy(await this.#pool)
    } catch (error) {
      // there is no pool; the next call tries again
      this.#pool = undefined
      job.giveUp('failed', error)
    } finally {
      this.#onThread.delete(job)
      this.#serve()
    }
  }

  async #close(drain: boolean, deadlineMs: number): Promise<ExecutorCloseReport> {
    const accepted = [...this.#queue, ...this.#onThread.keys()].filter((job) => job.end === undefined)
    if (drain) await settlesWithin(this.#idle(), deadlineMs, this.#surroundings.clock)
    const rest = accepted.filter((job) => job.end === undefined)
    const begun = rest.filter((job) => job.hasBegun)
    for (const job of rest) job.giveUp('closed', new ExecutorClosedError(job.hasBegun))
    await this.#idle()
    const pool = await this.#pool?.catch(() => undefined)
    await pool?.close()
    return {
      completed: accepted.length - rest.length,
      discarded: rest.length - begun.length,
      cancelled: begun.length,
    }
  }

  /** Resolves when no thread is occupied and nobody waits for one. */
  async #idle(): Promise<void> {
    while (this.#onThread.size > 0) await Promise.all(this.#onThread.values())
  }
}

function checkThreads(options: PoolExecutorOptions): Parameters<typeof openPiscinaPool>[0] {
  const { maxThreads = availableParallelism(), minThreads = 0, idleTimeoutMs = 10_000, resourceLimits } = options
  const { onError, threadEntry } = options
  if (onError !== undefined) checkFunction('onError', onError)
  if (threadEntry !== undefined && !(threadEntry instanceof URL)) {
    throw new OptionError('threadEntry', threadEntry, 'a URL')
  }
  return {
    maxThreads: checkInteger('maxThreads', maxThreads, { min: 1, max: 1024 }),
    minThreads: checkInteger('minThreads', minThreads, { min: 0, max: maxThreads }),
    idleTimeoutMs: checkDuration('idleTimeoutMs', idleTimeoutMs, { max: 2 ** 31 - 1 }),
    resourceLimits,
    entry: threadEntry ?? new URL('./piscina.thread.js', import.meta.url),
    onError: (error) => {
      if (onError === undefined) warnOfStrayError(error, 'an idle thread of an executor')
      else callSafely('onError', () => onError(error))
    },
  }
}

function checkCall(ref: ModuleRef, args: readonly unknown[], options: ExecutorRunOptions): AcceptedCall {
  checkObject(options)
  if (!Array.isArray(args)) throw new OptionError('args', args, 'an array of arguments')
  const { queueTimeoutMs = Infinity, timeoutMs = Infinity, transfer = [] } = options
  return {
    ref: toPlainModuleRef(ref, 'ref'),
    args,
    signal: checkSignal('signal', options.signal),
    transfer: checkTransfer('transfer', transfer),
    timeoutMs: checkDuration('timeoutMs', timeoutMs, { infinite: true }),
    queueTimeoutMs: checkDuration('queueTimeoutMs', queueTimeoutMs, { infinite: true }),
    deadline: checkDeadline('deadline', options.deadline),
  }
}
