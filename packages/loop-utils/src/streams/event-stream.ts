import { onSignalAbort } from '../concurrency/abort-listeners.ts'
import { checkInteger, checkOneOf, checkSignal } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import { Fifo } from './fifo.ts'
import { SourceHold, type PausableSource } from './source-hold.ts'

/** What happens to an item for which there is no room. */
export type StreamOverflow = 'error' | 'drop-oldest' | 'drop-newest'

/** The bound of a stream, what happens at it, and when the stream ends. */
export interface StreamOptions {
  /** How many items wait at most for the consumer. Default 1024. */
  readonly capacity?: number
  /** Default `'error'`: the iterator gives what waits, then throws a QueueOverflowError. */
  readonly overflow?: StreamOverflow
  /** Its abort ends the stream at once: the iterator throws `signal.reason`. */
  readonly signal?: AbortSignal | undefined
  /** Whether a slow consumer holds the source back for everybody instead of overflowing. Default false. */
  readonly exclusive?: boolean
  /** What an exclusive stream holds back, from half of its capacity on. */
  readonly source?: PausableSource
}

/** What the maker of a stream gives. */
export interface StreamSetup {
  /** Names the stream in errors. */
  readonly name: string
  /** Called once, when the stream takes no more. */
  readonly onEnd: () => void
}

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void
  readonly reject: (error: unknown) => void
}

/**
 * A bounded stream of items to one consumer, who iterates over it. Leaving the loop ends it; so does disposing of it.
 *
 * @example
 * for await (const event of device.events({ signal })) console.log(event)
 */
export class EventStream<T> implements AsyncIterableIterator<T>, AsyncDisposable {
  readonly capacity: number
  readonly #name: string
  readonly #overflow: StreamOverflow
  readonly #hold: SourceHold | undefined
  readonly #items = new Fifo<T>()
  readonly #waiters = new Fifo<Waiter<T>>()
  readonly #signal: AbortSignal | undefined
  #forgetAbort: (() => void) | undefined
  #onEnd: (() => void) | undefined
  #failure: { readonly error: unknown } | undefined
  #dropped = 0

  /** @throws OptionError when an option is out of range */
  constructor({ name, onEnd }: StreamSetup, options: StreamOptions = {}) {
    this.#name = name
    this.capacity = checkInteger('capacity', options.capacity ?? 1024, { min: 1 })
    this.#overflow = checkOneOf('overflow', options.overflow ?? 'error', ['error', 'drop-oldest', 'drop-newest'])
    this.#hold = holdOf(options)
    this.#signal = checkSignal('signal', options.signal)
    this.#onEnd = onEnd
    if (this.#signal?.aborted === true) this.#abort()
    else if (this.#signal !== undefined) this.#forgetAbort = onSignalAbort(this.#signal, this.#abort)
  }

  /** How many items wait for the consumer. */
  get depth(): number {
    return this.#items.size
  }

  /** How many items were dropped for want of room. */
  get dropped(): number {
    return this.#dropped
  }

  /** Whether it still takes items. */
  get isOpen(): boolean {
    return this.#onEnd !== undefined
  }

  /** Gives an item to the consumer; false when it was not taken. */
  push(item: T): boolean {
    if (!this.isOpen) return false
    if (this.#waiters.size > 0) {
      this.#waiters.shift().resolve({ done: false, value: item })
      return true
    }
    if (this.#items.size >= this.capacity && !this.#makeRoom()) return false
    this.#items.push(item)
    if (this.#items.size * 2 >= this.capacity) this.#hold?.hold()
    return true
  }

  /** Ends the stream: the consumer gets what waits, then the end. */
  end(): void {
    this.#close()
    this.#settleWaiters()
  }

  /** Ends the stream: the consumer gets what waits, then `error` once. */
  fail(error: unknown): void {
    if (!this.isOpen) return
    this.#failure = { error }
    this.end()
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#items.size > 0) return Promise.resolve({ done: false, value: this.#take() })
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) return Promise.reject(failure.error)
    if (!this.isOpen) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  /** Ends the stream from the consumer's side; what waits is discarded. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#items.clear()
    this.#failure = undefined
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #take(): T {
    const item = this.#items.shift()
    if (this.#items.size * 4 <= this.capacity) this.#hold?.release()
    return item
  }

  /** Whether there is room for a new item afterwards. */
  #makeRoom(): boolean {
    this.#dropped++
    if (this.#overflow === 'drop-oldest') {
      this.#items.shift()
      return true
    }
    if (this.#overflow === 'error') this.fail(new QueueOverflowError({ queue: this.#name, capacity: this.capacity }))
    return false
  }

  #close(): void {
    const onEnd = this.#onEnd
    if (onEnd === undefined) return
    this.#onEnd = undefined
    this.#forgetAbort?.()
    this.#hold?.release()
    onEnd()
  }

  #settleWaiters(): void {
    while (this.#waiters.size > 0) {
      const waiter = this.#waiters.shift()
      const failure = this.#failure
      this.#failure = undefined
      if (failure === undefined) waiter.resolve({ done: true, value: undefined })
      else waiter.reject(failure.error)
    }
  }

  readonly #abort = (): void => {
    this.#items.clear()
    this.fail(this.#signal?.reason)
  }
}

function holdOf({ exclusive = false, source }: StreamOptions): SourceHold | undefined {
  if (!exclusive) return undefined
  if (source === undefined) throw new OptionError('source', source, 'what to hold back, as the stream is exclusive')
  return new SourceHold(source)
}
