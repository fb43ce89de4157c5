import { checkCount } from '@x/loop-utils/errors'
import { CallbackQueue, type Slot, type Waiting } from './callback-queue.ts'
import { OverflowCounts } from './overflow-counts.ts'

/** What happens at a bound: the source waits, or what waits longest is dropped, or what comes last. */
export type OverflowPolicy = 'wait' | 'drop-oldest' | 'drop-newest'

export interface CallbackQueuesOptions<T> {
  /** Handles one item; a rejection is reported and the next item of the key follows. */
  readonly handle: (item: T) => void | Promise<void>
  /** Told of what `handle` threw. */
  readonly onError: (error: unknown, item: T) => void
  /** Weight that may wait for one key, what is in hand included. */
  readonly maxPerKey: number
  /** Weight that may wait over all keys. */
  readonly maxTotal: number
  readonly overflow: OverflowPolicy
  /** How much an item weighs. Default 1 each. */
  readonly weigh?: (item: T) => number
  /** Which waiting item a newer one replaces. Default: none. */
  readonly slotOf?: (item: T) => Slot | undefined
  /** A bound was reached: the source of that key, or of all for null, is to hold back; or may go on. */
  readonly onHold: (key: string | null, isHeld: boolean) => void
}

/** For how long items of one key are handled before others have their turn, in milliseconds. */
const SLICE_MS = 4

/**
 * One queue per key, in each of which one item is handled after the other, also when handling takes its time. A key
 * without waiting items costs nothing.
 */
export class CallbackQueues<T> {
  readonly counts: OverflowCounts = new OverflowCounts()
  readonly #options: CallbackQueuesOptions<T>
  readonly #queues = new Map<string, CallbackQueue<T>>()
  #waiting = 0
  #weight = 0
  #isHeld = false
  #onIdle: (() => void)[] = []
  readonly #marks = new Map<CallbackQueue<T>, Mark[]>()

  constructor(options: CallbackQueuesOptions<T>) {
    checkCount('maxPerKey', options.maxPerKey, { min: 1 })
    checkCount('maxTotal', options.maxTotal, { min: 1 })
    this.#options = options
  }

  /** Items that were accepted and are not handled yet, the ones in hand included. */
  get waiting(): number {
    return this.#waiting
  }

  /** The keys that have items, and how many each, the one in hand included. */
  get waitingByKey(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#queues, ([key, queue]) => [key, queue.length + 1]))
  }

  /** The keys whose source is to hold back; null stands for all of them. */
  get held(): (string | null)[] {
    const held: (string | null)[] = this.#isHeld ? [null] : []
    for (const [key, queue] of this.#queues) if (queue.isHeld) held.push(key)
    return held
  }

  /** Adds an item; it is handled at once, synchronously, when nothing of its key is under way. */
  push(key: string, item: T): void {
    const queue = this.#queues.get(key)
    if (queue !== undefined) {
      this.#append(key, queue, item)
      return
    }
    const pending = this.#handle(item)
    if (pending === undefined) return
    const weight = this.#options.weigh?.(item) ?? 1
    const fresh = new CallbackQueue<T>()
    fresh.weight = weight
    this.#queues.set(key, fresh)
    this.#count(1, weight)
    this.#checkBounds(key, fresh)
    this.#follow({ key, queue: fresh, weight }, pending)
  }

  /** Resolves once nothing is waiting. */
  idle(): Promise<void> {
    if (this.#waiting === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  /** Resolves once everything of a key that waits now is handled or gone. */
  settled(key: string): Promise<void> {
    const queue = this.#queues.get(key)
    if (queue === undefined) return Promise.resolve()
    return new Promise((resolve) => {
      const marks = this.#marks.get(queue) ?? []
      marks.push({ after: queue.newest, resolve })
      this.#marks.set(queue, marks)
    })
  }

  /** Forgets what waits, except what is in hand; returns how many items that were. */
  discard(): number {
    let discarded = 0
    for (const key of this.#queues.keys()) discarded += this.discardKey(key)
    return discarded
  }

  /** Forgets what waits for a key, except what is in hand; returns how many items that were. */
  discardKey(key: string): number {
    const queue = this.#queues.get(key)
    if (queue === undefined) return 0
    const discarded = queue.length
    for (let gone = queue.drop(); gone !== undefined; gone = queue.drop()) this.#gone(queue, gone)
    this.#checkBounds(key, queue)
    return discarded
  }

  #append(key: string, queue: CallbackQueue<T>, item: T): void {
    const { overflow, slotOf, weigh } = this.#options
    const waiting: Waiting<T> = { item, weight: weigh?.(item) ?? 1, slot: slotOf?.(item) }
    const outdated = queue.supersede(waiting.slot)
    if (outdated !== undefined) {
      this.counts.coalesce(key)
      this.#gone(queue, outdated)
    }
    if (overflow !== 'wait' && !this.#makeRoom(key, queue, waiting)) {
      this.counts.drop(key)
      return
    }
    queue.append(waiting)
    this.#count(1, waiting.weight)
    this.#checkBounds(key, queue)
  }

  /** Whether the item may be appended, after others were dropped for it where that is the policy. */
  #makeRoom(key: string, queue: CallbackQueue<T>, { weight }: Waiting<T>): boolean {
    const { maxPerKey, maxTotal, overflow } = this.#options
    const hasRoom = (): boolean => queue.weight + weight <= maxPerKey && this.#weight + weight <= maxTotal
    while (!hasRoom()) {
      const oldest = overflow === 'drop-oldest' ? queue.drop() : undefined
      if (oldest === undefined) return false
      this.counts.drop(key)
      this.#gone(queue, oldest)
    }
    return true
  }

  /** An item will not be handled. */
  #gone(queue: CallbackQueue<T>, { weight }: Waiting<T>): void {
    this.#count(-1, -weight)
    this.#resolveMarks(queue)
  }

  #count(items: number, weight: number): void {
    this.#waiting += items
    this.#weight += weight
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

  #follow(hand: Hand<T>, pending: Promise<void>): void {
    void pending.then(() => {
      this.#release(hand)
      this.#work(hand.key, hand.queue)
    })
  }

  /**
   * Handles items of one key while they are handled synchronously and not for too long, then goes on when the promise
   * settles, or when others have had their turn.
   */
  #work(key: string, queue: CallbackQueue<T>): void {
    const endsAt = performance.now() + SLICE_MS
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      const hand = { key, queue, weight: next.weight }
      const pending = this.#handle(next.item)
      if (pending !== undefined) {
        this.#follow(hand, pending)
        return
      }
      this.#release(hand)
      if (performance.now() < endsAt) continue
      setImmediate(() => this.#work(key, queue))
      return
    }
    this.#queues.delete(key)
    this.#settle()
  }

  #release({ key, queue, weight }: Hand<T>): void {
    queue.release(weight)
    this.#count(-1, -weight)
    this.#resolveMarks(queue)
    this.#checkBounds(key, queue)
  }

  /** Tells the source to hold back at a bound, and to go on when half of it is free again. */
  #checkBounds(key: string, queue: CallbackQueue<T>): void {
    const { maxPerKey, maxTotal, onHold } = this.#options
    if (isToChange(queue.isHeld, queue.weight, maxPerKey)) {
      queue.isHeld = !queue.isHeld
      onHold(key, queue.isHeld)
    }
    if (isToChange(this.#isHeld, this.#weight, maxTotal)) {
      this.#isHeld = !this.#isHeld
      onHold(null, this.#isHeld)
    }
  }

  #resolveMarks(queue: CallbackQueue<T>): void {
    const marks = this.#marks.get(queue)
    if (marks === undefined) return
    while (marks[0] !== undefined && marks[0].after < queue.oldest) marks.shift()?.resolve()
    if (marks.length === 0) this.#marks.delete(queue)
  }

  #settle(): void {
    if (this.#waiting > 0) return
    const waiters = this.#onIdle
    this.#onIdle = []
    for (const resolve of waiters) resolve()
  }
}

/** Somebody who waits until an item and all before it are gone. */
interface Mark {
  readonly after: number
  readonly resolve: () => void
}

/** What is being handled. */
interface Hand<T> {
  readonly key: string
  readonly queue: CallbackQueue<T>
  readonly weight: number
}

function isToChange(isHeld: boolean, weight: number, bound: number): boolean {
  return isHeld ? weight <= bound / 2 : weight >= bound
}
