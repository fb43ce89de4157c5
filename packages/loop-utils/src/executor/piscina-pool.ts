import type { ResourceLimits } from 'node:worker_threads'
import { PoolMissingError } from './executor-errors.ts'
import { PoolCrash, type PoolJob, type WorkerPool } from './worker-pool.ts'

/** What the threads of the pool are like. */
export interface PiscinaPoolOptions {
  readonly minThreads: number
  readonly maxThreads: number
  readonly idleTimeoutMs: number
  readonly resourceLimits: ResourceLimits | undefined
  /** The module that the threads run; its export runPiscinaTask takes the jobs. */
  readonly entry: URL
  /** Told when a thread dies that runs no job. */
  readonly onError: (error: unknown) => void
}

interface PiscinaModule {
  readonly Piscina: new (options: object) => Piscina
}

/** What is used of the library. */
interface Piscina {
  run(task: unknown, options: object): Promise<unknown>
  destroy(): Promise<void>
  readonly threads: readonly unknown[]
  on(event: 'error', listener: (error: unknown) => void): unknown
}

/**
 * A pool of the `piscina` package, 5.3 or later.
 *
 * @throws PoolMissingError when it is not installed
 */
export async function openPiscinaPool(options: PiscinaPoolOptions): Promise<WorkerPool> {
  const { Piscina } = await loadPiscina()
  const { entry, idleTimeoutMs, maxThreads, minThreads, resourceLimits } = options
  const pool = new Piscina({
    minThreads,
    maxThreads,
    idleTimeout: idleTimeoutMs,
    concurrentTasksPerWorker: 1,
    // a thread that sleeps in Atomics.wait between jobs would freeze the sockets and timers of their modules
    atomics: 'disabled',
    recordTiming: false,
    ...(resourceLimits === undefined ? {} : { resourceLimits }),
  })
  return new PiscinaPool(pool, { ...options, entry })
}

async function loadPiscina(): Promise<PiscinaModule> {
  try {
    return await import('piscina')
  } catch (cause) {
    throw new PoolMissingError('piscina', '5', cause)
  }
}

class PiscinaPool implements WorkerPool {
  readonly maxThreads: number
  readonly #pool: Piscina
  readonly #entry: string
  /** Runs that wait for their end, each with what rejects it. */
  readonly #runs = new Set<(crash: PoolCrash) => void>()

  constructor(pool: Piscina, { entry, maxThreads, onError }: PiscinaPoolOptions) {
    this.#pool = pool
    this.#entry = entry.href
    this.maxThreads = maxThreads
    pool.on('error', (error) => {
      onError(error)
      // no thread is left, and the library starts none for what waits in it: its threads die as they start
      if (pool.threads.length === 0) for (const reject of this.#runs) reject(new PoolCrash(1, error))
    })
  }

  async run({ kill, message, transfer }: PoolJob): Promise<unknown> {
    let forget!: () => void
    const stuck = new Promise<never>((_, reject) => {
      this.#runs.add(reject)
      forget = () => this.#runs.delete(reject)
    })
    try {
      const options = { filename: this.#entry, name: 'runPiscinaTask', signal: kill, transferList: [...transfer] }
      return await Promise.race([this.#pool.run(message, options).catch(toPoolError), stuck])
    } finally {
      forget()
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }
}

function isCloneFailure(error: unknown): boolean {
  if (error instanceof DOMException) return error.name === 'DataCloneError'
  return error instanceof TypeError && 'code' in error && error.code === 'ERR_MISSING_TRANSFERABLE_IN_TRANSFER_LIST'
}

/** What could not be cloned keeps its error; all else that rejects a run is the end of its thread. */
function toPoolError(error: unknown): never {
  if (isCloneFailure(error)) throw error
  const code = error instanceof Error ? /^worker exited with code: (\d+)$/.exec(error.message)?.[1] : undefined
  throw new PoolCrash(code === undefined ? 1 : Number(code), error)
}
