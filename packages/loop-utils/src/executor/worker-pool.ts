import type { ExecutorTransfer } from './transfer-list.ts'

/** One job for a {@link WorkerPool}. */
export interface PoolJob {
  /** What the entry of the pool's threads is called with. Can be cloned, as far as the caller's arguments can. */
  readonly message: unknown
  readonly transfer: readonly ExecutorTransfer[]
  /** Its abort ends the thread that the job is on, without delay; the run rejects then. */
  readonly kill: AbortSignal
}

/**
 * What an executor needs of a library of worker pools. It never gives it more jobs at a time than it has threads, so no
 * queue of the library's comes into play.
 */
export interface WorkerPool {
  /** How many threads it may have at once. */
  readonly maxThreads: number
  /**
   * Runs one job on a thread that runs no other, and resolves with what the entry resolves with. Rejects with
   * {@link PoolCrash} when the thread ends before, and with whatever the job could not be posted for.
   */
  run(job: PoolJob): Promise<unknown>
  /** Ends all threads; resolves when they are gone. */
  close(): Promise<void>
}

/** The thread of a job has ended. */
export class PoolCrash extends Error {
  override readonly name = 'PoolCrash'
  readonly exitCode: number

  constructor(exitCode: number, cause: unknown) {
    super(`worker thread ended with exit code ${exitCode}`, { cause })
    this.exitCode = exitCode
  }
}
