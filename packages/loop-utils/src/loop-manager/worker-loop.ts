import type { EventLoopUtilization } from 'node:perf_hooks'
import { type ResourceLimits, Worker } from 'node:worker_threads'
import type { Clock } from '../clock/clock.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import { DISPATCH_ERROR_CLASSES } from '../dispatch/dispatch-errors.ts'
import type { HandlerName, Handlers } from '../dispatch/handlers.ts'
import { attachPoster, type Poster, type PosterCallOptions } from '../dispatch/poster.ts'
import { type ErrorClass, ErrorRevival } from '../errors/error-revival.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { WorkerCrashedError } from '../errors/worker-crashed-error.ts'
import { toCloneError } from '../executor/cloneable.ts'
import { checkTransfer } from '../executor/transfer-list.ts'
import { settlesWithin } from '../host/settles-within.ts'
import type { WorkerFactory } from '../host/worker-from.ts'
import {
  asLoopMessage,
  type CloseLoopMessage,
  type LoopReadyMessage,
  type LoopTroubleMessage,
  type StartLoopMessage,
} from './worker-loop-messages.ts'

/** How to start a worker with a loop of its own. */
export interface StartThreadOptions {
  /** For the set-up in the worker; any value that can be cloned. */
  readonly data?: unknown
  /** What of `data` is to be moved instead of copied. */
  readonly transfer?: readonly ArrayBuffer[]
  /** Lets the worker call back: its `owner` is a poster of this dispatcher. */
  readonly dispatcher?: Dispatcher
  /** Whether the manager closes all when the worker dies. Default false. */
  readonly critical?: boolean
  /** How long the set-up may take, in milliseconds. Default 10 000. */
  readonly readyTimeoutMs?: number
  /** Memory limits of the thread; none by default but the engine's. Not with a factory. */
  readonly resourceLimits?: ResourceLimits
  /** Error classes by code, so that what handlers throw comes back as the same class. `LOOP_*` are known. */
  readonly errors?: Readonly<Record<string, ErrorClass>>
}

/** A worker's loop, as its manager's loop holds it. It takes calls as long as the manager is not closing. */
export interface WorkerLoop<H extends Handlers = Handlers> {
  readonly name: string
  readonly threadId: number
  /** Whether the worker lives. */
  readonly isRunning: boolean
  /**
   * Runs a handler on the worker's loop, in its turn, and gives its outcome. Rejects with what it threw, with
   * `signal.reason`, TimeoutError, WorkerCrashedError when the worker dies, or DispatcherClosedError.
   */
  call<K extends HandlerName<H>>(
    handler: K,
    args: Parameters<H[K]>,
    options?: PosterCallOptions,
  ): Promise<Awaited<ReturnType<H[K]>>>
  /** Runs a handler on the worker's loop, in its turn. Returns false when the event was dropped, and after the end. */
  emit<K extends HandlerName<H>>(handler: K, ...args: Parameters<H[K]>): boolean
  /** How busy the worker's loop is, since its start or since an earlier reading. */
  utilization(since?: EventLoopUtilization): EventLoopUtilization
}

/** What a {@link WorkerThread} needs of its manager. */
export interface WorkerThreadSurroundings {
  readonly clock: Clock
  /** The worker died although nobody asked it to end. */
  readonly onDeath: (error: WorkerCrashedError) => void
  /** Something in the worker failed that nobody waits for. */
  readonly onTrouble: (error: unknown) => void
}

/** One worker of a manager, from its start to its exit. */
export class WorkerThread<H extends Handlers> implements WorkerLoop<H> {
  readonly name: string
  readonly isCritical: boolean
  readonly threadId: number
  /** Resolves when the worker has exited. */
  readonly exited: Promise<void>
  readonly #worker: Worker
  readonly #surroundings: WorkerThreadSurroundings
  readonly #revival: ErrorRevival
  readonly #errors: Readonly<Record<string, ErrorClass>>
  #poster: Poster<H> | undefined
  #exitCode: number | undefined
  /** What the thread died of, told before its exit. */
  #fatal: { readonly cause: unknown } | undefined
  #isClosing = false

  /** Throws what the factory throws. */
  constructor(
    name: string,
    entry: URL | string | WorkerFactory,
    given: { readonly options: StartThreadOptions; readonly surroundings: WorkerThreadSurroundings },
  ) {
    const { critical = false, errors = {}, resourceLimits } = given.options
    this.name = name
    this.isCritical = critical
    this.#surroundings = given.surroundings
    this.#errors = errors
    this.#revival = new ErrorRevival(DISPATCH_ERROR_CLASSES, errors)
    const limits = resourceLimits === undefined ? {} : { resourceLimits }
    this.#worker = typeof entry === 'function' ? entry() : new Worker(entry, { name, ...limits })
    this.threadId = this.#worker.threadId
    this.#worker.on('error', (cause: unknown) => {
      this.#fatal ??= { cause }
    })
    this.#worker.on('message', (message: unknown) => this.#onMessage(message))
    this.exited = new Promise((resolve) => {
      this.#worker.once('exit', (exitCode) => {
        this.#exitCode = exitCode
        this.#onExit()
        resolve()
      })
    })
  }

  get isRunning(): boolean {
    return this.#exitCode === undefined
  }

  /** Sets the worker's loop up. Rejects with what its set-up threw, TimeoutError or WorkerCrashedError; it is gone then. */
  async start({ data, dispatcher, readyTimeoutMs = 10_000, transfer = [] }: StartThreadOptions): Promise<void> {
    const answer = this.#answer()
    try {
      checkTransfer('transfer', transfer)
      const owner = dispatcher?.connect({ name: this.name })
      this.#send({ type: 'x:start-loop', name: this.name, data, owner }, transfer)
      const first = Promise.race([answer, this.exited])
      if (!(await settlesWithin(first, readyTimeoutMs, this.#surroundings.clock))) {
        throw new TimeoutError(readyTimeoutMs, 'call', { what: `start of thread '${this.name}'` })
      }
      const ready = await first
      if (ready === undefined) throw this.#crash()
      if (ready.type === 'x:loop-failed') throw this.#revival.revive(ready.error)
      this.#poster = attachPoster<H>(ready.handle as never, { worker: this.#worker, errors: this.#errors })
    } catch (error) {
      await this.terminate()
      throw error
    }
  }

  async call<K extends HandlerName<H>>(
    handler: K,
    args: Parameters<H[K]>,
    options?: PosterCallOptions,
  ): Promise<Awaited<ReturnType<H[K]>>> {
    return await this.#openPoster.call(handler, args, options)
  }

  emit<K extends HandlerName<H>>(handler: K, ...args: Parameters<H[K]>): boolean {
    return this.#openPoster.emit(handler, ...args)
  }

  utilization(since?: EventLoopUtilization): EventLoopUtilization {
    return this.#worker.performance.eventLoopUtilization(since)
  }

  /** Has the worker answer its calls, release everything and end. */
  close(deadlineMs: number): void {
    this.#isClosing = true
    const message: CloseLoopMessage = { type: 'x:close-loop', deadlineMs }
    this.#worker.postMessage(message)
  }

  async terminate(): Promise<void> {
    this.#isClosing = true
    await this.#worker.terminate()
    await this.exited
  }

  #send(message: StartLoopMessage, given: readonly ArrayBuffer[]): void {
    const ports = message.owner?.ports ?? []
    const transfer = [...given, ...ports]
    try {
      this.#worker.postMessage(message, transfer)
    } catch (error) {
      // nobody else could, and the dispatcher would wait for them
      for (const port of ports) port.close()
      throw toCloneError(error, { value: message.data, path: 'data', transfer })
    }
  }

  get #openPoster(): Poster<H> {
    if (this.#poster === undefined) throw new Error('a thread is not handed out before it is ready')
    return this.#poster
  }

  #answer(): Promise<LoopReadyMessage> {
    return new Promise((resolve) => {
      const onMessage = (message: unknown): void => {
        const answer = asLoopMessage<LoopReadyMessage>(message, 'x:loop-ready', 'x:loop-failed')
        if (answer === undefined) return
        this.#worker.off('message', onMessage)
        resolve(answer)
      }
      this.#worker.on('message', onMessage)
    })
  }

  #onMessage(message: unknown): void {
    const trouble = asLoopMessage<LoopTroubleMessage>(message, 'x:loop-trouble')
    if (trouble !== undefined) this.#surroundings.onTrouble(this.#revival.revive(trouble.error))
  }

  #onExit(): void {
    // before it was ready, `start` tells
    if (!this.#isClosing && this.#poster !== undefined) this.#surroundings.onDeath(this.#crash())
  }

  #crash(): WorkerCrashedError {
    return new WorkerCrashedError({ exitCode: this.#exitCode ?? -1, maybeExecuted: false, ...this.#fatal })
  }
}
