import { checkCount } from '@x/loop-utils/errors'

/** Handles one item; a rejection is reported and the next item follows. */
export type HandleItem<T> = (item: T) => void | Promise<void>

export interface CallbackQueuesOptions<T> {
  readonly handle: HandleItem<T>
  /** Told of what `handle` threw. */
  readonly onError: (error: unknown, item: T) => void
  /** Items that may wait over all keys before {@link onFull} is called. */
  readonly maxWaiting: number
  /** The bound was reached: the source should hold back until {@link onRoom}. */
  readonly onFull: () => void
  /** Half of the bound is free again. */
  readonly onRoom: () => void
}

/**
 * One queue per key, in each of which one item is handled after the other, also when handling takes its time. A key
 * without waiting items costs nothing.
 */
export class CallbackQueues<T> {
  readonly #options: CallbackQueuesOptions<T>
  readonly #queues = new Map<string, T[]>()
  #waiting = 0
  #isFull = false
  #isDiscarding = false
  #onIdle: (() => void)[] = []

  constructor(options: CallbackQueuesOptions<T>) {
    checkCount('maxWaiting', options.maxWaiting, { min: 1 })
    this.#options = options
  }

  /** Items that were accepted and are not handled yet, the ones in hand included. */
  get waiting(): number {
    return this.#waiting
  }

  /** Keys that have items. */
  get keys(): number {
    return this.#queues.size
  }

  /** Adds an item; it is handled at once, synchronously, when nothing of its key is under way. */
  push(key: string, item: T): void {
    this.#waiting++
    if (!this.#isFull && this.#waiting >= this.#options.maxWaiting) {
      this.#isFull = true
      this.#options.onFull()
    }
    const queue = this.#queues.get(key)
    if (queue !== undefined) {
      queue.push(item)
      return
    }
    const fresh = [item]
    this.#queues.set(key, fresh)
    this.#work(key, fresh)
  }

  /** Resolves once nothing is waiting. */
  idle(): Promise<void> {
    if (this.#waiting === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  /** Forgets what waits, except what is in hand; returns how many items that were. */
  discard(): number {
    let discarded = 0
    this.#isDiscarding = true
    for (const queue of this.#queues.values()) {
      discarded += queue.length - 1
      queue.length = 1
    }
    this.#waiting -= discarded
    return discarded
  }

  /** Handles items of one key while they are handled synchronously, then goes on when the promise settles. */
  #work(key: string, queue: T[]): void {
    for (let index = 0; index < queue.length; index++) {
      const item = queue[index] as T
      const pending = this.#handle(item)
      if (pending !== undefined) {
        queue.splice(0, index)
        void pending.then(() => {
          queue.shift()
          this.#done()
          this.#work(key, queue)
        })
        return
      }
      this.#done()
      if (this.#isDiscarding) break
    }
    this.#queues.delete(key)
    this.#settle()
  }

  #handle(item: T): Promise<void> | undefined {
    const { handle, onError } = this.#options
    try {
      const result = handle(item)
      if (result === undefined) return undefined
      return result.catch((error: unknown) => onError(error, item))
    } catch (error) {
      onError(error, item)
      return undefined
    }
  }

  #done(): void {
    this.#waiting--
    if (this.#isFull && this.#waiting <= this.#options.maxWaiting / 2) {
      this.#isFull = false
      this.#options.onRoom()
    }
  }

  #settle(): void {
    if (this.#waiting > 0) return
    const waiters = this.#onIdle
    this.#onIdle = []
    for (const resolve of waiters) resolve()
  }
}
