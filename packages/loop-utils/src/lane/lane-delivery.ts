import { performance } from 'node:perf_hooks'
import { OptionError } from '../errors/index.ts'
import type { LaneEnd, LaneHandler } from './lane.ts'
import { type Pumped, pump } from './pump.ts'

/** Where a reader's items come from. */
export interface ItemSource<T> {
  /** Whether {@link take} has an item; may fetch the next batch. */
  hasNext(): boolean
  take(): T
  /** Tells how many items the handler has had since the last call. */
  delivered(count: number): void
  /** Why nothing will come after what {@link hasNext} still has; undefined while more may come. */
  readonly ending: LaneEnd | undefined
  /** The lane is over: release what it holds. Called once, before the handler's `end`. */
  ended(reason: LaneEnd): void
}

/** While deliveries are this fast (milliseconds a stride), the clock is read less often. */
const QUICK_STRIDE_MS = 0.02
const LONGEST_STRIDE = 16

/** The reading half that all lanes share: slices, pause, and the end after the last item. */
export class LaneDelivery<T> implements Pumped {
  readonly weight: number
  readonly sliceMs: number
  isScheduled = false
  readonly #source: ItemSource<T>
  #handler: LaneHandler<T> | undefined
  #isPaused = false
  #overBy: LaneEnd | undefined

  constructor(source: ItemSource<T>, options: { readonly sliceMs: number; readonly weight: number }) {
    this.#source = source
    this.sliceMs = options.sliceMs
    this.weight = options.weight
  }

  get isOver(): boolean {
    return this.#overBy !== undefined
  }

  /** Whether items may be handed on at this moment. */
  get isFlowing(): boolean {
    return this.#handler !== undefined && !this.#isPaused && this.#overBy === undefined
  }

  open(handler: LaneHandler<T>): void {
    if (this.#handler !== undefined)
      throw new OptionError('handler', handler, 'one handler to each reader, and open it once')
    this.#handler = handler
    const overBy = this.#overBy
    if (overBy === undefined) this.wake()
    else queueMicrotask(() => handler.end(overBy))
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.wake()
  }

  /** Something may have become ready. */
  wake(): void {
    if (this.#handler !== undefined && !this.#isPaused) pump.schedule(this)
  }

  /** As {@link wake}, from an event that has just given the loop to this lane. */
  wakeNow(): void {
    if (this.isFlowing) pump.runNow(this)
  }

  /** Ends at once; what is undelivered stays so. */
  end(reason: LaneEnd): void {
    if (this.#overBy !== undefined) return
    this.#overBy = reason
    this.#source.ended(reason)
    this.#handler?.end(reason)
  }

  deliver(limit: number, deadline: number): boolean {
    if (!this.isFlowing) return false
    const isCut = this.#deliverSome(limit, deadline)
    if (!this.isFlowing) return false
    if (isCut || this.#source.hasNext()) return true
    const { ending } = this.#source
    if (ending !== undefined) this.end(ending)
    return false
  }

  /**
   * Tells whether it stopped although more may be there. The clock is read after each item at first, and less often
   * while items prove to be quick.
   */
  #deliverSome(limit: number, deadline: number): boolean {
    const source = this.#source
    const handler = this.#handler as LaneHandler<T>
    let count = 0
    let stride = 1
    let nextLook = 1
    let lookedAt = Number.POSITIVE_INFINITY
    try {
      while (count < limit) {
        if (!this.isFlowing || !source.hasNext()) return false
        const item = source.take()
        count++
        handler.item(item)
        if (count < nextLook) continue
        const now = performance.now()
        if (now >= deadline) return true
        stride = now - lookedAt > QUICK_STRIDE_MS ? 1 : Math.min(stride * 2, LONGEST_STRIDE)
        lookedAt = now
        nextLook = count + stride
      }
      return true
    } finally {
      source.delivered(count)
    }
  }
}
