import type { Worker } from 'node:worker_threads'
import type { DownMessage, UpMessage } from '../channel/protocol.ts'
import type { Clock } from '../clock/clock.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { WorkerCrashedError } from '../errors/worker-crashed-error.ts'
import { createPortLane } from '../lane/port-lane.ts'
import { openLaneReader } from '../lane/port-lane-reader.ts'
import { openLaneWriter } from '../lane/port-lane-writer.ts'
import type { Place, PlaceRequest } from './placer.ts'
import { settlesWithin } from './settles-within.ts'
import type { WorkerFactory } from './worker-from.ts'
import { isReadyMessage, type PlaceMessage } from './worker-messages.ts'

/** What a worker of a host is made of. */
export interface HostedWorkerParts {
  readonly entry: WorkerFactory
  /** Names it in errors. */
  readonly name: string
  readonly readyTimeoutMs: number
  readonly seed: number | undefined
  readonly clock: Clock
  /** It takes no more engines: it ended, or is about to. Called once. */
  readonly onGone: (worker: HostedWorker) => void
}

/** One worker thread of a host, from its start to its exit. */
export class HostedWorker {
  /** Resolves when the worker takes engines; rejects when it ends before, or takes too long. */
  readonly ready: Promise<void>
  /** Resolves when the thread is gone. */
  readonly exited: Promise<void>
  readonly #parts: HostedWorkerParts
  readonly #worker: Worker
  readonly #places = new Set<PlaceRequest>()
  #reserved = 0
  #isGone = false
  #exitCode: number | undefined
  /** What the thread died of, told before its exit. */
  #fatal: { readonly error: unknown } | undefined

  /** Throws what the entry factory throws. */
  constructor(parts: HostedWorkerParts) {
    this.#parts = parts
    const worker = parts.entry()
    this.#worker = worker
    worker.on('error', (error: unknown) => {
      this.#fatal ??= { error }
      this.#leave()
    })
    this.exited = new Promise((resolve) => {
      worker.once('exit', (code) => {
        this.#onExit(code)
        resolve()
      })
    })
    this.ready = this.#awaitReady()
    this.ready.catch(() => undefined) // whoever awaits it gets the rejection, too
    this.#keep()
  }

  /** Engines that are placed here, or about to be. */
  get load(): number {
    return this.#reserved
  }

  /** Counts an engine in before the worker is ready, so that the next one is placed elsewhere. */
  reserve(): Disposable {
    this.#reserved++
    this.#keep()
    let isReserved = true
    return {
      [Symbol.dispose]: () => {
        if (!isReserved) return
        isReserved = false
        this.#reserved--
        this.#keep()
      },
    }
  }

  /** Asks the worker for an engine. Only after {@link ready}. */
  place(request: PlaceRequest, reservation: Disposable): Place {
    if (this.#exitCode !== undefined) throw this.#deathBeforeUse(this.#exitCode)
    const { seed } = this.#parts
    const { definition, events, limits, observe, onRefused, options } = request
    const up = createPortLane(limits)
    const down = createPortLane(limits)
    const message: PlaceMessage = {
      type: 'x:place',
      engine: definition.name,
      options,
      events,
      observe,
      limits,
      seed,
      up: up.writer,
      down: down.reader,
    }
    this.#worker.postMessage(message, [up.writer.port, down.reader.port])
    this.#places.add(request)
    return {
      up: openLaneReader<UpMessage>(up.reader),
      down: openLaneWriter<DownMessage>(down.writer, { onRefused }),
      release: (isClean) => {
        this.#places.delete(request)
        reservation[Symbol.dispose]()
        // an engine that hangs holds nobody else up once it is the only one left
        if (!isClean && this.load === 0) void this.terminate()
      },
    }
  }

  /** Has the worker end by itself, at most for `timeoutMs`. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    this.#leave()
    this.#worker.postMessage({ type: 'x:close' })
    this.#worker.ref()
    if (!(await settlesWithin(this.exited, timeoutMs, this.#parts.clock))) await this.terminate()
  }

  async terminate(): Promise<void> {
    this.#leave()
    await this.#worker.terminate()
    await this.exited
  }

  async #awaitReady(): Promise<void> {
    const { clock, name, readyTimeoutMs } = this.#parts
    const isReady = new Promise<void>((resolve) => {
      const onMessage = (message: unknown): void => {
        if (!isReadyMessage(message)) return
        this.#worker.off('message', onMessage)
        resolve()
      }
      this.#worker.on('message', onMessage)
    })
    const first = Promise.race([isReady, this.exited])
    if (!(await settlesWithin(first, readyTimeoutMs, clock))) {
      await this.terminate()
      throw new TimeoutError(readyTimeoutMs, 'call', { what: `start of worker '${name}'` })
    }
    if (this.#exitCode !== undefined) throw this.#deathBeforeUse(this.#exitCode)
  }

  #deathBeforeUse(exitCode: number): WorkerCrashedError {
    return new WorkerCrashedError({ exitCode, maybeExecuted: false, ...this.#cause() })
  }

  #cause(): { readonly cause?: unknown } {
    return this.#fatal === undefined ? {} : { cause: this.#fatal.error }
  }

  /** Holds the process while an engine is here, as its sockets would on the owner's loop. */
  #keep(): void {
    if (this.#reserved > 0) this.#worker.ref()
    else this.#worker.unref()
  }

  #leave(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#parts.onGone(this)
  }

  #onExit(exitCode: number): void {
    this.#exitCode = exitCode
    this.#leave()
    const places = [...this.#places]
    this.#places.clear()
    for (const place of places) place.onCrash({ exitCode, ...this.#cause() })
  }
}
