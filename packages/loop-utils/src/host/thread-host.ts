import type {
  EngineContract,
  EngineDefinition,
  EngineHost,
  EngineLink,
  FacadeHandlers,
  Plain,
} from '../channel/contract.ts'
import { linkLimits, type LinkOptions } from '../channel/link-limits.ts'
import type { Clock } from '../clock/clock.ts'
import type { Random } from '../clock/random.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkDuration, checkFunction, checkInteger, checkText } from '../errors/option-checks.ts'
import { HostedWorker } from './hosted-worker.ts'
import { LinkGroup } from './link-group.ts'
import type { Place, PlaceRequest, Placer } from './placer.ts'
import { type RestartOptions, restartPolicy } from './restart-policy.ts'
import type { WorkerFactory } from './worker-from.ts'

/** How a {@link ThreadHost} works. */
export interface ThreadHostOptions {
  /**
   * Starts a worker whose entry calls `serveEngines`: `() => new Worker(new URL('./name.thread.js', import.meta.url))`.
   * Limits of the worker's memory belong here; never give `execArgv`.
   */
  readonly entry: WorkerFactory
  /** How many workers to start at most; each when it is needed. Default 1. */
  readonly threads?: number
  /** Names the workers in errors. Default `'engine'`. */
  readonly name?: string
  /** Bounds of each link. */
  readonly link?: LinkOptions
  /** What happens after a crash. */
  readonly restart?: RestartOptions
  /** Longest start of a worker, in milliseconds. Default 10000. */
  readonly readyTimeoutMs?: number
  /** Longest end of a worker whose engines are disposed of, in milliseconds; then it is terminated. Default 2000. */
  readonly closeTimeoutMs?: number
  /** Makes the engines' random numbers repeatable; each engine starts from it. Default: unpredictable numbers. */
  readonly seed?: number
}

/**
 * Places engines on worker threads: each on the least loaded one, several on one if need be. A worker that dies rejects
 * what was called with WorkerCrashedError, and its engines are made anew elsewhere by the restart policy.
 *
 * A placed engine keeps the process alive until its link is closed, as a listening socket would; idle workers do not.
 */
export class ThreadHost implements EngineHost {
  readonly mode = 'thread'
  readonly #workers: WorkerPlacer
  readonly #links: LinkGroup
  #closing: Promise<void> | undefined

  /** @throws OptionError */
  constructor(options: ThreadHostOptions) {
    this.#workers = new WorkerPlacer(options)
    this.#links = new LinkGroup(this.#workers, restartPolicy(options.restart))
  }

  /** How many workers run at this moment. */
  get threads(): number {
    return this.#workers.size
  }

  place<C extends EngineContract, O>(
    definition: EngineDefinition<C, O>,
    options: Plain<O>,
    handlers: FacadeHandlers<C>,
  ): Promise<EngineLink<C>> {
    return this.#links.place(definition, options, handlers)
  }

  /** Closes every link with its defaults, then ends the workers; afterwards `place` rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#links.close().then(() => this.#workers.close())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

class WorkerPlacer implements Placer {
  readonly link: LinkOptions
  readonly clock: Clock = systemClock
  readonly random: Random = Math.random
  readonly #entry: WorkerFactory
  readonly #threads: number
  readonly #name: string
  readonly #readyTimeoutMs: number
  readonly #closeTimeoutMs: number
  readonly #seed: number | undefined
  /** Those that take engines. */
  readonly #workers = new Set<HostedWorker>()
  /** Those that do not any more, until their threads are gone. */
  readonly #ending = new Set<HostedWorker>()

  constructor(options: ThreadHostOptions) {
    const { closeTimeoutMs = 2000, name = 'engine', readyTimeoutMs = 10_000, seed, threads = 1 } = options
    this.link = options.link ?? {}
    linkLimits(this.link)
    this.#entry = checkFunction('entry', options.entry)
    this.#threads = checkInteger('threads', threads, { min: 1, max: 1024 })
    this.#name = checkText('name', name)
    this.#readyTimeoutMs = checkDuration('readyTimeoutMs', readyTimeoutMs, { min: 1 })
    this.#closeTimeoutMs = checkDuration('closeTimeoutMs', closeTimeoutMs)
    this.#seed = seed === undefined ? undefined : checkInteger('seed', seed)
  }

  get size(): number {
    return this.#workers.size
  }

  async open(request: PlaceRequest): Promise<Place> {
    const worker = this.#choose()
    const reservation = worker.reserve()
    try {
      await worker.ready
      return worker.place(request, reservation)
    } catch (error) {
      reservation[Symbol.dispose]()
      throw error
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.close(this.#closeTimeoutMs)))
    await Promise.all([...this.#ending].map((worker) => worker.exited))
  }

  #choose(): HostedWorker {
    let least: HostedWorker | undefined
    for (const worker of this.#workers) if (least === undefined || worker.load < least.load) least = worker
    return least === undefined || (least.load > 0 && this.#workers.size < this.#threads) ? this.#startWorker() : least
  }

  #startWorker(): HostedWorker {
    const worker = new HostedWorker({
      entry: this.#entry,
      name: this.#name,
      readyTimeoutMs: this.#readyTimeoutMs,
      seed: this.#seed,
      clock: this.clock,
      onGone: (gone) => this.#retire(gone),
    })
    this.#workers.add(worker)
    return worker
  }

  #retire(worker: HostedWorker): void {
    this.#workers.delete(worker)
    this.#ending.add(worker)
    void worker.exited.then(() => this.#ending.delete(worker))
  }
}
