import { DispatcherClosedError, LaneClosedError, NotPlainError, QueueOverflowError } from '../errors/index.ts'
import type { PortLaneWriter } from '../lane/index.ts'
import { openLaneWriter } from '../lane/index.ts'
import { writeIfOpen } from '../lane/write-if-open.ts'
import { Backlog, type Waiting } from './backlog.ts'
import { faultOf } from './clone-failure.ts'
import { type PosterHandle, windowOf } from './poster-handle.ts'
import type { SharedState } from './shared-state.ts'
import { CANCEL, MOST_NAMES, REFUSED, type TimedCall, type UpItem } from './wire.ts'

/** What a poster hands out. The handler is a name, which becomes a number on its way; see {@link UpItem}. */
export type OutItem = [handler: number | string, call: number | TimedCall, ...args: unknown[]]

/** An item on its way, and what goes with it. */
export class Outgoing implements Waiting {
  item: OutItem
  transfer: readonly ArrayBuffer[] | undefined
  readonly key: string | undefined
  readonly isDroppable: boolean
  isGone = false
  onSent: (() => void) | undefined
  /** It will never be sent. */
  onLost: ((reason: unknown) => void) | undefined

  constructor(item: OutItem, options: Partial<Pick<Outgoing, 'transfer' | 'key' | 'isDroppable'>> = {}) {
    this.item = item
    this.transfer = options.transfer
    this.key = options.key
    this.isDroppable = options.isDroppable ?? false
  }
}

/** What an outbox is told by its poster. */
export interface OutboxOwner {
  readonly mayBlock: boolean
  /** A call cannot cross. */
  readonly onRefusedCall: (call: number, reason: NotPlainError) => void
}

/**
 * The sending half of a poster: hands items to the lane while there is credit, and keeps them in order, or loses them
 * by the overflow policy, while there is none.
 */
export class Outbox {
  readonly #lane: PortLaneWriter<UpItem>
  readonly #handle: PosterHandle
  readonly #state: SharedState
  readonly #window: number
  /** Depth at which events are dropped. What `post` and `call` wait with may make it twice as much. */
  readonly #credit: number
  readonly #backlog: Backlog<Outgoing>
  readonly #numbers = new Map<string, number>()
  readonly #names: string[] = []
  #isArmed = false
  #isClosed = false
  #onEmpty: (() => void) | undefined
  /** Whether this thread may block for room or an answer. */
  readonly mayBlock: boolean

  constructor(handle: PosterHandle, state: SharedState, { mayBlock, onRefusedCall }: OutboxOwner) {
    this.#handle = handle
    this.#state = state
    this.#window = windowOf(handle.options)
    this.#backlog = new Backlog({ dropsOldest: handle.options.overflow === 'drop-oldest' })
    this.#credit = handle.options.credit
    this.mayBlock = mayBlock
    this.#lane = openLaneWriter<UpItem>(handle.up, {
      onRefused: ([handler, head, ...args], error) => {
        const call = typeof head === 'number' ? head : head[0]
        const isNew = typeof handler === 'string'
        const name = isNew ? handler : (this.#names[handler] as string)
        const { path, found } = faultOf({ value: args, error, path: 'arguments', owner: name })
        if (call > 0) onRefusedCall(call, new NotPlainError(path, found))
        return [REFUSED, call, name, isNew, path, found]
      },
    })
  }

  /** Accepted here and not yet delivered there. */
  get depth(): number {
    return this.#lane.depth + this.#backlog.length
  }

  get isOpen(): boolean {
    return !this.#isClosed && !this.#state.isClosing && this.#lane.isOpen
  }

  get closedError(): DispatcherClosedError {
    return new DispatcherClosedError(this.#handle.dispatcher)
  }

  /** Whether an item would leave at once; sends what waits first, as far as credit goes. */
  hasRoom(): boolean {
    if (this.#backlog.length > 0) this.#sendWaiting()
    return this.#backlog.length === 0 && this.#lane.depth < this.#window
  }

  /** Sends an item for which there {@link hasRoom}; false when the dispatcher has just closed. */
  send(item: OutItem, transfer: readonly ArrayBuffer[] | undefined): boolean {
    const name = item[0] as string
    const number = this.#numbers.get(name)
    // the array was made for this purpose
    if (number !== undefined) item[0] = number
    try {
      this.#lane.write(item, transfer)
    } catch (error) {
      // the other thread may close at any moment, between the question and the write
      if (error instanceof LaneClosedError) return false
      throw error
    }
    if (number === undefined) this.#number(name)
    return true
  }

  /** Sends an item now, or once there is credit; it is never dropped. @throws QueueOverflowError */
  certain(outgoing: Outgoing): void {
    if (this.hasRoom()) {
      outgoing.isGone = true
      this.#sendCertain(outgoing)
      return
    }
    if (this.depth >= 2 * this.#credit) throw this.#overflowError()
    this.#backlog.push(outgoing)
    this.#arm()
  }

  /**
   * Without room: does what the overflow policy says of an event. False when it was dropped.
   *
   * @throws QueueOverflowError
   */
  overflow(outgoing: Outgoing): boolean {
    switch (this.#handle.options.overflow) {
      case 'block':
        if (!this.mayBlock) break
        if (!this.blockForRoom(Number.POSITIVE_INFINITY) || !this.isOpen) return false
        return this.send(outgoing.item, outgoing.transfer)
      case 'drop-oldest':
        if (this.#keepDroppingOldest(outgoing)) return true
        break
      case 'coalesce':
        if (this.#coalesce(outgoing)) return true
        break
      case 'error':
        throw this.#overflowError()
      case 'drop-newest':
        break
    }
    this.#state.count('newest')
    return false
  }

  /** Takes back an item that has not been sent. */
  withdraw(outgoing: Outgoing): boolean {
    return this.#backlog.remove(outgoing)
  }

  /** Tells the dispatcher that nobody waits for the answer of a call. */
  cancel(call: number): void {
    writeIfOpen(this.#lane, [CANCEL, call])
  }

  /** Puts every event accepted so far into the port, whatever the credit. */
  commit(): void {
    while (this.#backlog.droppableLength > 0 && this.#lane.isOpen) this.#sendNext()
    this.#lane.commit()
  }

  /** Blocks until there is room; false when the lane closed or the time is over first. */
  blockForRoom(timeoutMs: number): boolean {
    const until = performance.now() + timeoutMs
    while (!this.hasRoom()) {
      const left = until - performance.now()
      if (left <= 0 || !this.#lane.isOpen) return false
      this.#lane.writableSync(left)
    }
    return this.#lane.isOpen
  }

  /** Takes nothing more; ends the lane once everything has been sent. */
  async finish(): Promise<void> {
    this.#isClosed = true
    this.hasRoom()
    if (this.#backlog.length > 0 && this.#lane.isOpen) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve
      })
    }
    this.#lane.close()
  }

  /** Takes nothing more and ends the lane: events that were accepted are sent, whoever waits for credit loses. */
  close(reason: unknown): void {
    this.#isClosed = true
    this.commit()
    for (let lost = this.#backlog.shift(); lost !== undefined; lost = this.#backlog.shift()) lost.onLost?.(reason)
    this.#onEmpty?.()
    this.#lane.close()
  }

  #number(name: string): void {
    if (this.#numbers.size >= MOST_NAMES) this.#numbers.clear()
    this.#names[this.#numbers.size] = name
    this.#numbers.set(name, this.#numbers.size)
  }

  #sendNext(): void {
    const outgoing = this.#backlog.shift()
    if (outgoing !== undefined) this.#sendCertain(outgoing)
  }

  #sendCertain(outgoing: Outgoing): void {
    try {
      if (this.send(outgoing.item, outgoing.transfer)) outgoing.onSent?.()
      else outgoing.onLost?.(this.closedError)
    } catch (error) {
      outgoing.onLost?.(error)
    }
  }

  #sendWaiting(): void {
    while (this.#backlog.length > 0 && this.#lane.depth < this.#window && this.#lane.isOpen) this.#sendNext()
    if (this.#backlog.length === 0) this.#onEmpty?.()
  }

  /** Sends what waits as soon as there is credit. */
  #arm(): void {
    if (this.#isArmed) return
    this.#isArmed = true
    this.#lane.writable().then(
      () => {
        this.#isArmed = false
        this.#sendWaiting()
        if (this.#backlog.length > 0) this.#arm()
      },
      () => {
        // the lane is closed: the other half of the poster hears of it, too, and tells those who wait
      },
    )
  }

  /** False when everything that waits has been sent already, or may not be dropped. */
  #keepDroppingOldest(outgoing: Outgoing): boolean {
    if (this.depth >= this.#credit) {
      if (this.#backlog.dropOldest() === undefined) return false
      this.#state.count('oldest')
    }
    this.#keep(outgoing)
    return true
  }

  #coalesce(outgoing: Outgoing): boolean {
    const same = this.#backlog.find(outgoing.key)
    if (same !== undefined) {
      same.item = outgoing.item
      same.transfer = outgoing.transfer
      this.#state.count('coalesced')
      return true
    }
    if (this.depth >= this.#credit) return false
    this.#keep(outgoing)
    return true
  }

  #keep(outgoing: Outgoing): void {
    this.#backlog.push(outgoing)
    this.#arm()
  }

  /** For what is refused, which it counts. */
  #overflowError(): QueueOverflowError {
    this.#state.count('overflow')
    const { dispatcher, options } = this.#handle
    const poster = options.name === undefined ? 'poster' : `poster '${options.name}'`
    const queue = dispatcher === undefined ? poster : `${poster} of dispatcher '${dispatcher}'`
    return new QueueOverflowError({ queue, capacity: options.credit })
  }
}
