import type { Clock, Timer } from '../clock/clock.ts'
import { onSignalAbort } from './abort-listeners.ts'

/** A member of a {@link WaiterQueue}, which writes these fields. */
export class QueueLink {
  previous: QueueLink | undefined
  next: QueueLink | undefined
  /** The queue it stands in. */
  queue: WaiterQueue | undefined
}

/**
 * A queue out of which any member steps in constant time: a doubly linked list whose links are the members themselves.
 * A member stands in one queue at a time.
 */
export class WaiterQueue<W extends QueueLink = QueueLink> {
  #first: QueueLink | undefined
  #last: QueueLink | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): W | undefined {
    return this.#first as W | undefined
  }

  get last(): W | undefined {
    return this.#last as W | undefined
  }

  /** Lets `link` stand behind all others. */
  push(link: W): void {
    this.#admit(link)
    link.previous = this.#last
    if (this.#last === undefined) this.#first = link
    else this.#last.next = link
    this.#last = link
  }

  /** Lets `link` stand before all others. */
  unshift(link: W): void {
    this.#admit(link)
    link.next = this.#first
    if (this.#first === undefined) this.#last = link
    else this.#first.previous = link
    this.#first = link
  }

  shift(): W | undefined {
    const first = this.first
    if (first !== undefined) this.remove(first)
    return first
  }

  /** Takes `link` out; returns false when it does not stand in this queue. */
  remove(link: W): boolean {
    if ((link.queue as unknown) !== this) return false
    const { previous, next } = link
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    link.previous = undefined
    link.next = undefined
    link.queue = undefined
    this.#size--
    return true
  }

  /** From the first to the last; the member that is at hand may be taken out meanwhile. */
  *[Symbol.iterator](): Generator<W, void, undefined> {
    for (let link = this.#first; link !== undefined;) {
      const { next } = link
      yield link as W
      link = next
    }
  }

  #admit(link: W): void {
    if (link.queue !== undefined) throw new Error('the link stands in a queue already; take it out first')
    link.queue = this as unknown as WaiterQueue
    this.#size++
  }
}

/** What a wait can be given up by without an AbortSignal, such as the scope of a policy's execution. */
export interface AbortSource {
  readonly aborted: boolean
  readonly reason: unknown
  /** Calls back at the abort; returns how to take that back. */
  onAbort(listener: () => void): () => void
}

/** How long one waits at most. */
export interface WaitLimit {
  readonly clock: Clock
  readonly ms: number
  /** Makes what the wait then rejects with. */
  readonly toError: () => unknown
  /** Called before that: the owner may still serve the waiter, whose turn may come at this very moment. */
  readonly onDue?: () => void
}

export interface WaitOptions {
  readonly abort?: AbortSignal | AbortSource | undefined
  readonly limit?: WaitLimit | undefined
  /** Whether to stand before all others instead of behind them. Default false. */
  readonly isFirst?: boolean
  /** Called after the waiter left by abort or time, so that its owner can serve those behind. */
  readonly onGiveUp?: (() => void) | undefined
}

/** One who waits for a `T`; `payload` tells the owner of the queue what for. */
export class Waiter<T, P = undefined> extends QueueLink {
  readonly payload: P
  readonly #resolve: (value: T) => void
  readonly #reject: (reason: unknown) => void
  #forgetAbort: (() => void) | undefined
  #timer: Timer | undefined

  private constructor(payload: P, resolve: (value: T) => void, reject: (reason: unknown) => void) {
    super()
    this.payload = payload
    this.#resolve = resolve
    this.#reject = reject
  }

  /**
   * Waits in `queue` until the owner resolves or rejects the waiter. An abort takes it out in constant time and rejects
   * at once with the reason; neither listener nor timer outlives the wait.
   */
  static in<T, P>(queue: WaiterQueue<Waiter<T, P>>, payload: P, options: WaitOptions = {}): Promise<T> {
    const { abort, isFirst = false } = options
    if (abort?.aborted === true) return Promise.reject(abort.reason)
    return new Promise<T>((resolve, reject) => {
      const waiter = new Waiter<T, P>(payload, resolve, reject)
      if (isFirst) queue.unshift(waiter)
      else queue.push(waiter)
      waiter.#watch(options)
    })
  }

  resolve(value: T): void {
    this.#leave()
    this.#resolve(value)
  }

  reject(reason: unknown): void {
    this.#leave()
    this.#reject(reason)
  }

  #watch({ abort, limit, onGiveUp }: WaitOptions): void {
    const giveUp = (reason: unknown): void => {
      this.reject(reason)
      onGiveUp?.()
    }
    if (abort !== undefined) this.#forgetAbort = onAbort(abort, () => giveUp(abort.reason))
    if (limit === undefined) return
    this.#timer = limit.clock.setTimer(() => {
      limit.onDue?.()
      if (this.queue === undefined) return
      const error = limit.toError()
      // whoever was told of that may have rejected all who wait
      if (this.queue !== undefined) giveUp(error)
    }, limit.ms)
  }

  #leave(): void {
    this.queue?.remove(this)
    this.#forgetAbort?.()
    this.#timer?.[Symbol.dispose]()
  }
}

/** Rejects all who wait in `queue`; returns how many there were. */
export function rejectAll<T, P>(queue: WaiterQueue<Waiter<T, P>>, reason: unknown): number {
  const count = queue.size
  for (let left = count; left > 0; left--) queue.first?.reject(reason)
  return count
}

/** Calls back once at the abort of a signal or scope that is not aborted yet; returns how to take that back. */
export function onAbort(abort: AbortSignal | AbortSource, listener: () => void): () => void {
  return abort instanceof AbortSignal ? onSignalAbort(abort, listener) : abort.onAbort(listener)
}
