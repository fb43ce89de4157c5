import { checkInteger, checkOneOf, checkSignal } from '../errors/option-checks.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import { ItemQueue } from '../lane/item-queue.ts'
import { ChannelClosedError } from './channel-closed-error.ts'
import { Waiter, WaiterQueue } from './waiter-queue.ts'
import { checkMaxWaiting, checkRoom, type WaitingBound } from './waiting-bound.ts'

/** `maxWaiting` bounds those who wait to send, and those who wait to receive. */
export interface AsyncChannelOptions extends WaitingBound {
  /** How many values it holds. 0 lets a sender wait until a receiver is there. */
  readonly capacity: number
  /**
   * What happens to a value for which there is no room: its sender waits (`'block'`, default), it is dropped
   * (`'drop-newest'`), the oldest one makes room (`'drop-oldest'`), or sending fails with a QueueOverflowError
   * (`'error'`).
   */
  readonly overflow?: 'block' | 'drop-newest' | 'drop-oldest' | 'error'
  /** Names it in errors. Default `'channel'`. */
  readonly name?: string
}

export interface ChannelWaitOptions {
  /** Its abort ends the wait at once with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/** What a channel did so far. */
export interface AsyncChannelStats {
  /** Values that it holds. */
  readonly size: number
  readonly waitingSenders: number
  readonly waitingReceivers: number
  /** Values that it took, those that were dropped later included. */
  readonly sent: number
  readonly received: number
  readonly dropped: number
}

/**
 * A bounded queue between those who send and those who receive, on one loop. Values come out in the order in which they
 * were sent, each once; senders and receivers are served first come first served.
 *
 * @example
 * const frames = new AsyncChannel<Frame>({ capacity: 64 })
 * socket.on('frame', (frame) => frames.trySend(frame))
 * for await (const frame of frames) await handle(frame)
 */
export class AsyncChannel<T> implements AsyncIterable<T>, Disposable {
  readonly #name: string
  readonly #capacity: number
  readonly #maxWaiting: number
  readonly #overflow: 'block' | 'drop-newest' | 'drop-oldest' | 'error'
  readonly #values = new ItemQueue<T>()
  readonly #senders = new WaiterQueue<Waiter<void, T>>()
  /** Each with the iteration that it belongs to, if any. */
  readonly #receivers = new WaiterQueue<Waiter<IteratorResult<T, undefined>, object | undefined>>()
  #ending: { readonly error?: unknown } | undefined
  #sent = 0
  #received = 0
  #dropped = 0

  /** @throws OptionError when an option is out of range, or a channel without capacity is to drop the oldest value */
  constructor(options: AsyncChannelOptions) {
    const { overflow = 'block' } = options
    this.#name = options.name ?? 'channel'
    this.#overflow = checkOneOf('overflow', overflow, ['block', 'drop-newest', 'drop-oldest', 'error'])
    this.#capacity = checkInteger('capacity', options.capacity, { min: overflow === 'drop-oldest' ? 1 : 0 })
    this.#maxWaiting = checkMaxWaiting(options.maxWaiting)
  }

  /** How many values it holds. */
  get size(): number {
    return this.#values.length
  }

  /** Whether nothing can be sent any more. */
  get isClosed(): boolean {
    return this.#ending !== undefined
  }

  /**
   * Sends a value; resolves when the channel has taken or dropped it.
   *
   * Rejects with a ChannelClosedError when the channel is or becomes closed, with the error when it failed, with
   * `signal.reason` at the abort of a wait, and with a QueueOverflowError when it is full and may not drop, or too many
   * wait already. The value was not sent then.
   */
  send(value: T, options: ChannelWaitOptions = {}): Promise<void> {
    try {
      const abort = checkSignal('signal', options.signal)
      abort?.throwIfAborted()
      if (this.#ending !== undefined) throw this.#closedReason()
      if (this.#offer(value)) return Promise.resolve()
      if (this.#overflow === 'error') throw this.#overflowError()
      if (this.#overflow !== 'block') return Promise.resolve(this.#drop())
      checkRoom(this.#senders, this.#maxWaiting, `senders of ${this.#name}`)
      return Waiter.in(this.#senders, value, { abort })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Sends a value if that needs no wait. Returns whether the channel took it: false when it is full or closed. */
  trySend(value: T): boolean {
    if (this.#ending !== undefined) return false
    if (this.#offer(value)) return true
    if (this.#overflow === 'drop-newest') this.#drop()
    return false
  }

  /**
   * Receives the next value. Rejects with a ChannelClosedError when the channel is closed and empty, with the error when
   * it failed and is empty, with `signal.reason` at the abort of a wait, and with a QueueOverflowError when too many
   * wait already.
   */
  async receive(options?: ChannelWaitOptions): Promise<T> {
    const result = await this.#next(options)
    if (result.done === true) throw new ChannelClosedError(this.#name)
    return result.value
  }

  /** Takes the next value if there is one. */
  tryReceive(): { readonly value: T } | undefined {
    const value = this.#shift()
    return value && { value: value.value }
  }

  /** Ends the channel. What it holds can still be received; those who wait to send are rejected. */
  close(): void {
    this.#end({})
  }

  /** Ends the channel with an error, which comes after what it holds. */
  fail(error: unknown): void {
    this.#end({ error })
  }

  /** As {@link close}. */
  [Symbol.dispose](): void {
    this.close()
  }

  /**
   * Receives until the channel ends. Several iterations share the values; to leave one does not close the channel.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.values()
  }

  /** As iterating over the channel, with a signal whose abort ends the iteration by throwing `signal.reason`. */
  values(options?: ChannelWaitOptions): AsyncIterableIterator<T> {
    let isLeft = false
    const end = { done: true, value: undefined } as const
    const iterator: AsyncIterableIterator<T> = {
      next: () => (isLeft ? Promise.resolve(end) : this.#next(options, iterator)),
      return: () => {
        isLeft = true
        // what it still waits for, others are to get
        for (const receiver of this.#receivers) if (receiver.payload === iterator) receiver.resolve(end)
        return Promise.resolve(end)
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  stats(): AsyncChannelStats {
    return {
      size: this.size,
      waitingSenders: this.#senders.size,
      waitingReceivers: this.#receivers.size,
      sent: this.#sent,
      received: this.#received,
      dropped: this.#dropped,
    }
  }

  #next(options: ChannelWaitOptions = {}, iteration?: object): Promise<IteratorResult<T, undefined>> {
    try {
      const abort = checkSignal('signal', options.signal)
      abort?.throwIfAborted()
      const result = this.#shift()
      if (result !== undefined) return Promise.resolve(result)
      if (this.#ending !== undefined) return Promise.resolve(this.#lastResult(this.#ending))
      checkRoom(this.#receivers, this.#maxWaiting, `receivers of ${this.#name}`)
      return Waiter.in(this.#receivers, iteration, { abort })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Gives `value` to who waits for it, or keeps it; returns false when there is no room. */
  #offer(value: T): boolean {
    const { first } = this.#receivers
    if (first !== undefined) {
      this.#sent++
      this.#received++
      first.resolve({ done: false, value })
      return true
    }
    if (this.#values.length >= this.#capacity) {
      if (this.#overflow !== 'drop-oldest') return false
      this.#values.shift()
      this.#dropped++
    }
    this.#sent++
    this.#values.push(value)
    return true
  }

  /** Takes the oldest value; the first who waits to send follows. */
  #shift(): { readonly done: false; readonly value: T } | undefined {
    const sender = this.#senders.first
    if (this.#values.length === 0) {
      if (sender === undefined) return undefined
      this.#sent++
      this.#received++
      sender.resolve()
      return { done: false, value: sender.payload }
    }
    const value = this.#values.shift()
    this.#received++
    if (sender !== undefined) {
      this.#sent++
      this.#values.push(sender.payload)
      sender.resolve()
    }
    return { done: false, value }
  }

  #drop(): void {
    this.#dropped++
  }

  /** There is no value while somebody waits to receive, so those learn of the end at once. */
  #end(ending: { readonly error?: unknown }): void {
    if (this.#ending !== undefined) return
    this.#ending = ending
    for (const sender of this.#senders) sender.reject(this.#closedReason())
    for (const receiver of this.#receivers) {
      if ('error' in ending) receiver.reject(ending.error)
      else receiver.resolve({ done: true, value: undefined })
    }
  }

  #lastResult(ending: { readonly error?: unknown }): IteratorReturnResult<undefined> {
    if ('error' in ending) throw ending.error
    return { done: true, value: undefined }
  }

  #closedReason(): unknown {
    const ending = this.#ending
    return ending !== undefined && 'error' in ending ? ending.error : new ChannelClosedError(this.#name)
  }

  #overflowError(): QueueOverflowError {
    return new QueueOverflowError({ queue: this.#name, capacity: this.#capacity })
  }
}
