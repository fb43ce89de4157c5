import type { Socket } from 'node:net'
import type { Clock, Random } from '@x/loop-utils/clock'
import { corrupt } from './corruption.ts'
import { Doorbell } from '../doorbell.ts'
import type { Fault, FaultStream, FaultType } from './fault.ts'
import type { FaultSet } from './fault-set.ts'

type FaultOf<T extends FaultType> = Extract<Fault, { readonly type: T }>

/** What a pump needs besides its two sockets. */
export interface PumpContext {
  readonly faults: FaultSet
  readonly clock: Clock
  readonly random: Random
  /** How many bytes are held before the source is paused. */
  readonly bufferBytes: number
  /** Whether a fault strikes this connection. */
  strikes(fault: Fault): boolean
  /** Ends the connection: orderly, or with a reset. */
  finish(how: 'cut' | 'reset'): void
}

type Item =
  | { readonly kind: 'data'; readonly bytes: Uint8Array; readonly dueAt: number }
  | { readonly kind: 'end'; readonly dueAt: number }

/** Longest piece under a bandwidth limit, as a share of a second. */
const BANDWIDTH_PIECE_S = 0.02

/** Carries one direction of a connection, in order, through the faults that are in force at each moment. */
export class StreamPump {
  readonly #stream: FaultStream
  readonly #source: Socket
  readonly #target: Socket
  readonly #context: PumpContext
  readonly #bell: Doorbell
  readonly #queue: Item[] = []
  readonly #passed = new WeakMap<Fault, number>()
  #buffered = 0
  #lastDueAt = 0
  #freeAt = 0
  #total = 0
  #isReset = false
  #isStopped = false

  constructor(
    stream: FaultStream,
    sockets: { readonly source: Socket; readonly target: Socket },
    context: PumpContext,
  ) {
    this.#stream = stream
    this.#source = sockets.source
    this.#target = sockets.target
    this.#context = context
    this.#bell = new Doorbell(context.clock)
    this.#source.on('data', (bytes) => this.#arrive(bytes))
    this.#source.on('end', () => this.#enqueue({ kind: 'end', dueAt: this.#dueAt() }))
    this.#source.on('error', () => this.#fail())
    this.#target.on('drain', () => this.#bell.ring())
  }

  /** Bytes held back right now. */
  get bufferedBytes(): number {
    return this.#buffered
  }

  /** Bytes passed on so far. */
  get totalBytes(): number {
    return this.#total
  }

  /** Tells the pump that the faults changed. */
  refresh(): void {
    this.#bell.ring()
  }

  stop(): void {
    this.#isStopped = true
    this.#queue.length = 0
    this.#buffered = 0
    this.#bell.ring()
  }

  /** Carries until the pump is stopped. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      const waitMs = this.#waitMs()
      if (waitMs !== 0) {
        await this.#bell.wait(waitMs)
        continue
      }
      if (this.#isReset) return this.#context.finish('reset')
      const item = this.#queue[0]
      if (item?.kind === 'data') this.#pass(item.bytes)
      else this.#passEnd()
    }
  }

  /** Milliseconds until there is something to do: 0 for now, undefined for when the bell rings. */
  #waitMs(): number | undefined {
    if (this.#first('half-open') !== undefined) return undefined
    if (this.#isReset) return 0
    const item = this.#queue[0]
    if (item === undefined || this.#target.writableNeedDrain) return undefined
    const now = this.#context.clock.now()
    const isDelayed = this.#first('latency') !== undefined
    const isPaced = this.#first('bandwidth') !== undefined || this.#first('slice') !== undefined
    return Math.max(0, isDelayed ? item.dueAt - now : 0, isPaced ? this.#freeAt - now : 0)
  }

  #arrive(bytes: Uint8Array): void {
    if (this.#isStopped) return
    this.#buffered += bytes.length
    if (this.#buffered >= this.#context.bufferBytes) this.#source.pause()
    this.#enqueue({ kind: 'data', bytes, dueAt: this.#dueAt() })
  }

  #enqueue(item: Item): void {
    if (this.#isStopped) return
    this.#queue.push(item)
    this.#bell.ring()
  }

  #fail(): void {
    this.#isReset = true
    this.#bell.ring()
  }

  #dueAt(): number {
    const fault = this.#first('latency')
    const now = this.#context.clock.now()
    if (fault === undefined) return now
    const { latencyMs, jitterMs } = fault.attributes
    const delayMs = Math.max(0, latencyMs + jitterMs * (2 * this.#context.random() - 1))
    this.#lastDueAt = Math.max(this.#lastDueAt, now + delayMs)
    return this.#lastDueAt
  }

  /** The pump stays on: either socket may still be reset. */
  #passEnd(): void {
    this.#queue.shift()
    this.#target.end()
  }

  #pass(bytes: Uint8Array): void {
    const size = Math.min(bytes.length, this.#pieceSize())
    const piece = bytes.subarray(0, size)
    if (size < bytes.length) this.#queue[0] = { kind: 'data', bytes: bytes.subarray(size), dueAt: 0 }
    else this.#queue.shift()
    this.#buffered -= size
    if (this.#buffered < this.#context.bufferBytes && this.#source.isPaused()) this.#source.resume()
    if (size > 0) this.#send(piece)
    this.#endAfterBytes(size)
  }

  #send(piece: Uint8Array): void {
    const { random } = this.#context
    const fault = this.#first('corrupt')
    this.#target.write(fault === undefined ? piece : corrupt(piece, fault.attributes.probability, random))
    this.#total += piece.length
    this.#pace(piece.length)
  }

  #pieceSize(): number {
    const { random } = this.#context
    let size = Infinity
    const slice = this.#first('slice')
    if (slice !== undefined) {
      const { averageBytes, variationBytes } = slice.attributes
      size = Math.max(1, Math.round(averageBytes + variationBytes * (2 * random() - 1)))
    }
    const bandwidth = this.#first('bandwidth')
    if (bandwidth !== undefined) {
      size = Math.min(size, Math.max(1, Math.floor(bandwidth.attributes.bytesPerSecond * BANDWIDTH_PIECE_S)))
    }
    for (const fault of this.#counting()) size = Math.min(size, fault.attributes.afterBytes - this.#passedOf(fault))
    return size
  }

  #pace(size: number): void {
    const bandwidth = this.#first('bandwidth')
    const slice = this.#first('slice')
    if (bandwidth === undefined && slice === undefined) return
    const sendingMs = bandwidth === undefined ? 0 : (size / bandwidth.attributes.bytesPerSecond) * 1000
    const start = Math.max(this.#freeAt, this.#context.clock.now())
    this.#freeAt = start + sendingMs + (slice?.attributes.delayMs ?? 0)
  }

  #endAfterBytes(size: number): void {
    for (const fault of this.#counting()) {
      const passed = this.#passedOf(fault) + size
      this.#passed.set(fault, passed)
      if (passed >= fault.attributes.afterBytes) return this.#context.finish(fault.type)
    }
  }

  *#counting(): Generator<FaultOf<'cut'> | FaultOf<'reset'>> {
    const { faults } = this.#context
    if (faults.isEmpty) return
    for (const fault of faults.of('cut', this.#stream)) if (this.#context.strikes(fault)) yield fault
    for (const fault of faults.of('reset', this.#stream)) {
      if (fault.attributes.afterBytes !== Infinity && this.#context.strikes(fault)) yield fault
    }
  }

  #passedOf(fault: Fault): number {
    return this.#passed.get(fault) ?? 0
  }

  #first<T extends FaultType>(type: T): FaultOf<T> | undefined {
    const { faults } = this.#context
    if (faults.isEmpty) return undefined
    for (const fault of faults.of(type, this.#stream)) if (this.#context.strikes(fault)) return fault
    return undefined
  }
}
