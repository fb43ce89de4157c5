import { QueueOverflowError } from '../errors/queue-errors.ts'
import type { CallScope } from '../policy/call-scope.ts'
import { isThenable } from '../policy/race.ts'
import { CancelledError } from './cancelled-error.ts'
import type { ConcurrentResults, MapContext } from './map-concurrent.ts'
import { openScope, type OwnScope } from './policy-scope.ts'
import { QueueLink, Waiter, WaiterQueue } from './waiter-queue.ts'

const KEPT_ERRORS = 1000
/** How many may have called next() without an answer. */
const MOST_CONSUMERS = 65_536

const END: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

/** Checked options of a mapConcurrent. */
export interface MapPlan<T, R> {
  readonly source: () => Iterator<T> | AsyncIterator<T>
  readonly fn: (item: Awaited<T>, context: MapContext) => R | PromiseLike<R>
  readonly concurrency: number
  readonly isOrdered: boolean
  readonly stopsOnError: boolean
  readonly signal: AbortSignal | undefined
}

/** One item on its way, or its result that nobody has taken yet. */
class MapSlot extends QueueLink {
  result: { readonly value: unknown } | undefined
}

class ItemContext implements MapContext {
  readonly index: number
  readonly #scope: CallScope

  constructor(scope: CallScope, index: number) {
    this.#scope = scope
    this.index = index
  }

  get signal(): AbortSignal {
    return this.#scope.signal
  }
}

/** The iteration behind `mapConcurrent`. */
export class ConcurrentMap<T, R> implements ConcurrentResults<R> {
  readonly #plan: MapPlan<T, R>
  readonly #own: OwnScope
  readonly #consumers = new WaiterQueue<Waiter<IteratorResult<R, undefined>>>()
  /** In the order in which results are given: of the items, or of completion (then without those on their way). */
  readonly #slots = new WaiterQueue<MapSlot>()
  readonly #idle = new WaiterQueue<Waiter<void>>()
  readonly #errors: unknown[] = []
  #failures = 0
  #source: Iterator<T> | AsyncIterator<T> | undefined
  /** How many items were read. */
  #items = 0
  /** How many are worked on. */
  #running = 0
  #isReading = false
  #isExhausted = false
  #isOver = false
  /** What the next who asks is told instead of the end. */
  #lastWord: { readonly error: unknown } | undefined
  #forget: (() => void) | undefined

  constructor(plan: MapPlan<T, R>) {
    this.#plan = plan
    this.#own = openScope(plan.signal)
  }

  next(): Promise<IteratorResult<R, undefined>> {
    if (this.#isOver) return this.#afterEnd()
    if (this.#source === undefined) this.#begin()
    if (this.#isOver) return this.#afterEnd()
    if (this.#consumers.size >= MOST_CONSUMERS) {
      return Promise.reject(new QueueOverflowError({ queue: 'next() of mapConcurrent', capacity: MOST_CONSUMERS }))
    }
    const result = Waiter.in(this.#consumers, undefined)
    this.#proceed()
    return result
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    let failure: { readonly error: unknown } | undefined
    await this.#end(new CancelledError('the results are no longer wanted')).catch((error: unknown) => {
      failure = { error }
    })
    this.#lastWord = undefined
    while (this.#running > 0) await Waiter.in(this.#idle, undefined)
    if (failure !== undefined) throw failure.error
    return END
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #begin(): void {
    this.#forget = this.#own.scope.onAbort(() => this.#stop(this.#own.scope.reason))
    if (this.#isOver) return
    try {
      this.#source = this.#plan.source()
    } catch (error) {
      this.#isExhausted = true
      this.#stop(error)
    }
  }

  /** Gives results to those who ask, reads on as far as there is room, and ends when there is nothing left. */
  #proceed(): void {
    this.#give()
    while (!this.#isOver && !this.#isReading && !this.#isExhausted && this.#hasRoom()) this.#read()
    // while the source is read, it may still say why it ended
    const isDone = this.#isExhausted && !this.#isReading
    if (isDone && this.#running === 0 && this.#slots.size === 0) this.#finish()
  }

  #hasRoom(): boolean {
    const untaken = this.#plan.isOrdered ? this.#slots.size : this.#slots.size + this.#running
    return untaken < this.#plan.concurrency
  }

  #give(): void {
    for (;;) {
      const slot = this.#slots.first
      const consumer = this.#consumers.first
      if (slot?.result === undefined || consumer === undefined) return
      this.#slots.remove(slot)
      consumer.resolve({ done: false, value: slot.result.value as R })
    }
  }

  #read(): void {
    this.#isReading = true
    this.#readItem().then(
      (read) => {
        this.#isReading = false
        if (this.#isOver) return
        if (read.done === true) this.#isExhausted = true
        else void this.#work(read.value)
        this.#proceed()
      },
      (error: unknown) => {
        this.#isReading = false
        this.#stop(error)
      },
    )
  }

  async #readItem(): Promise<IteratorResult<Awaited<T>, undefined>> {
    let read: IteratorResult<T, unknown> | undefined
    try {
      read = await this.#source?.next()
    } catch (error) {
      // a source that throws has ended
      this.#isExhausted = true
      throw error
    }
    return read === undefined || read.done === true ? END : { done: false, value: await read.value }
  }

  async #work(item: Awaited<T>): Promise<void> {
    const slot = new MapSlot()
    if (this.#plan.isOrdered) this.#slots.push(slot)
    this.#running++
    const scope = this.#own.scope.child({})
    try {
      const value = await this.#plan.fn(item, new ItemContext(scope, this.#items++))
      slot.result = { value }
      scope.close()
      if (!this.#plan.isOrdered && !this.#isOver) this.#slots.push(slot)
    } catch (error) {
      scope.close()
      this.#slots.remove(slot)
      this.#fail(error)
    }
    this.#running--
    if (!this.#isOver) this.#proceed()
    else if (this.#running === 0) for (const waiter of this.#idle) waiter.resolve()
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    if (this.#plan.stopsOnError) {
      this.#stop(error)
      return
    }
    this.#failures++
    if (this.#errors.length < KEPT_ERRORS) this.#errors.push(error)
  }

  #finish(): void {
    this.#isOver = true
    if (this.#failures > 0) {
      const [cause] = this.#errors
      const message = `${this.#failures} of ${this.#items} items failed`
      this.#lastWord = { error: new AggregateError(this.#errors, message, { cause }) }
    }
    this.#dismiss()
    this.#own.close()
  }

  /** Ends the iteration before its time; the first who asks is told why. */
  #stop(reason: unknown): void {
    if (this.#isOver) return
    this.#lastWord = { error: reason }
    this.#end(reason).catch(() => undefined)
  }

  async #end(reason: unknown): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    for (const slot of this.#slots) this.#slots.remove(slot)
    this.#dismiss()
    this.#own.scope.abort(reason)
    this.#own.close()
    const source = this.#source
    if (source === undefined || this.#isExhausted) return
    const closed = closeSource(source)
    // a source that is being read heeds return() only after that, if ever
    if (this.#isReading) closed.catch(() => undefined)
    else await closed
  }

  #dismiss(): void {
    this.#forget?.()
    const word = this.#lastWord
    const { first } = this.#consumers
    if (word !== undefined && first !== undefined) {
      this.#lastWord = undefined
      first.reject(word.error)
    }
    for (const consumer of this.#consumers) consumer.resolve(END)
  }

  async #afterEnd(): Promise<IteratorReturnResult<undefined>> {
    const word = this.#lastWord
    this.#lastWord = undefined
    if (word !== undefined) throw word.error
    return END
  }
}

async function closeSource(source: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
  const closed = source.return?.()
  if (isThenable(closed)) await closed
}
