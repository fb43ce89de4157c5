import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { BatchDecoder } from './batch-decoder.ts'
import type { Batch } from './batch.ts'
import { LARGEST_BATCH, LaneControl } from './control-words.ts'
import { type ItemSource, LaneDelivery } from './lane-delivery.ts'
import type { LaneLimits } from './lane-limits.ts'
import type { LaneEnd, LaneHandler, LaneReader } from './lane.ts'
import { PortLiveness } from './port-liveness.ts'
import { DEPTH_IS_LOW, END_OF_LANE, type LaneReaderHandle } from './port-lane.ts'

/** A batch whose decoding takes longer, in milliseconds, is too large; one that takes much less may be larger. */
const HEAVY_BATCH_MS = 1
const LIGHT_BATCH_MS = 0.25

export interface LaneReaderOptions {
  /** Share of this lane against others that are busy at the same time. Default 1. */
  readonly weight?: number
}

/** Opens the reading end in this thread; nothing is read before its `open`. */
export function openLaneReader<T>(handle: LaneReaderHandle, options: LaneReaderOptions = {}): PortLaneReader<T> {
  return new PortLaneReader<T>(handle, options)
}

/**
 * The reading end of a lane between threads.
 *
 * A batch that arrives while nothing waits is delivered from its own message event, which costs no more than
 * `postMessage` does. Once there is a backlog the port stops making events, and the pump pulls one batch after the
 * other, so that a slice can end between two of them.
 */
export class PortLaneReader<T> implements LaneReader<T> {
  readonly #port: MessagePort
  readonly #control: LaneControl
  readonly #limits: LaneLimits
  readonly #decoder = new BatchDecoder()
  readonly #delivery: LaneDelivery<T>
  #ending: LaneEnd | undefined
  /** Told that the writer's thread is gone: what the port holds now is all there will be. */
  #isWriterDead = false
  #isListening = false
  #isRefed = false
  /** Items received so far, as the counters count: modulo 2³². */
  #received: number
  /** Items handed to the handler so far, counted likewise; the writer learns of them some at a time. */
  #taken: number
  readonly #onMessage = (message: Batch | typeof END_OF_LANE): void => {
    this.#accept(message)
    // more is there: it shall be pulled, in slices
    if (this.#control.committed !== this.#received) this.#stopListening()
    this.#delivery.wakeNow()
    if (this.#delivery.isScheduled) this.#stopListening()
  }

  constructor(handle: LaneReaderHandle, options: LaneReaderOptions) {
    const { limits } = handle
    this.#port = handle.port
    this.#control = new LaneControl(handle.control)
    this.#limits = limits
    this.#received = this.#control.delivered
    this.#taken = this.#received
    this.#delivery = new LaneDelivery<T>(this.#source(), { sliceMs: limits.sliceMs, weight: options.weight ?? 1 })
    this.#port.on('close', () => {
      this.#onPortClosed()
    })
    this.#port.unref()
  }

  get depth(): number {
    return this.#delivery.isOver ? 0 : (this.#control.committed - this.#taken) | 0
  }

  open(handler: LaneHandler<T>): void {
    this.#delivery.open(handler)
  }

  pause(): void {
    this.#delivery.pause()
    this.#stopListening()
  }

  resume(): void {
    this.#delivery.resume()
  }

  writerDied(): void {
    this.#isWriterDead = true
    this.#stopListening()
    this.#delivery.wake()
  }

  close(): number {
    const discarded = this.depth
    this.#delivery.end('reader-closed')
    return discarded
  }

  ref(): void {
    this.#isRefed = true
    this.#applyRef()
  }

  unref(): void {
    this.#isRefed = false
    this.#applyRef()
  }

  /**
   * Blocks this thread until something has been committed that is not received yet, the lane ends or `timeoutMs` is
   * over; then delivers everything that has arrived, at once. Only for workers: a blocked main thread would stop the
   * process.
   */
  deliverSync(timeoutMs: number): void {
    this.#stopListening()
    const until = performance.now() + timeoutMs
    const isDone = (): boolean =>
      this.#decoder.remaining > 0 || this.#control.committed !== this.#received || this.#isAtEnd()
    const liveness = new PortLiveness(this.#port)
    while (!isDone()) {
      const left = until - performance.now()
      if (left <= 0) break
      this.#control.blockReader(isDone, Math.min(left, liveness.intervalMs))
      if (!isDone() && liveness.isPeerGone() && !this.#pull()) this.#onPortClosed()
    }
    this.#applyRef()
    const isReady = this.#delivery.deliver(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
    if (isReady) this.#delivery.wake()
  }

  #isAtEnd(): boolean {
    return this.#delivery.isOver || this.#ending !== undefined || this.#control.isWriterClosed
  }

  #source(): ItemSource<T> {
    const decoder = this.#decoder
    const ending = (): LaneEnd | undefined => this.#ending
    return {
      hasNext: () => decoder.remaining > 0 || this.#pull(),
      take: () => {
        this.#taken = (this.#taken + 1) | 0
        return decoder.next() as T
      },
      delivered: (count) => {
        this.#credit(count)
      },
      get ending() {
        return ending()
      },
      ended: (reason) => {
        this.#release(reason)
      },
    }
  }

  /** Fetches the next batch, if the port has one; if not, waits for its event again. */
  #pull(): boolean {
    // a listening port brings the next batch by itself
    if (this.#ending !== undefined || this.#isListening) return false
    const start = performance.now()
    const received = receiveMessageOnPort(this.#port)
    if (received === undefined) {
      if (this.#isWriterDead) this.#ending = 'writer-died'
      else this.#listen()
      return false
    }
    this.#accept(received.message as Batch | typeof END_OF_LANE)
    this.#tune(performance.now() - start)
    // an empty batch is no reason to stop looking
    return this.#decoder.remaining > 0 || this.#pull()
  }

  #accept(message: Batch | typeof END_OF_LANE): void {
    if (message === END_OF_LANE) {
      this.#ending ??= 'writer-closed'
      return
    }
    this.#decoder.load(message)
    this.#received = (this.#received + this.#decoder.remaining) | 0
  }

  #credit(count: number): void {
    if (count > 0 && this.#control.addDelivered(count, this.#limits.lowWaterMark)) this.#port.postMessage(DEPTH_IS_LOW)
  }

  #tune(ms: number): void {
    const { batchLimit } = this.#control
    if (ms > HEAVY_BATCH_MS) this.#control.batchLimit = Math.max(1, batchLimit >> 1)
    else if (ms < LIGHT_BATCH_MS && batchLimit < LARGEST_BATCH) this.#control.batchLimit = batchLimit * 2
  }

  #listen(): void {
    if (this.#isListening || !this.#delivery.isFlowing) return
    this.#isListening = true
    this.#port.on('message', this.#onMessage)
    this.#applyRef()
  }

  #stopListening(): void {
    if (!this.#isListening) return
    this.#isListening = false
    this.#port.off('message', this.#onMessage)
    this.#applyRef()
  }

  /** Attaching and detaching a listener change the reference, so it is set anew each time. */
  #applyRef(): void {
    if (this.#isRefed && !this.#delivery.isOver) this.#port.ref()
    else this.#port.unref()
  }

  /** The port closes after its last message, so nothing is lost by ending here. */
  #onPortClosed(): void {
    this.#ending ??= this.#control.isWriterClosed ? 'writer-closed' : 'writer-died'
    this.#delivery.wake()
  }

  #release(reason: LaneEnd): void {
    this.#stopListening()
    this.#ending ??= reason
    this.#control.closeReader()
    this.#port.close()
  }
}
