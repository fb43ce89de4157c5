import { CallScope } from '../policy/call-scope.ts'
import { isThenable } from '../policy/race.ts'
import { CancelledError } from './cancelled-error.ts'
import type { ConcurrentResults, MapContext } from './map-concurrent.ts'
import { QueueLink, Waiter, WaiterQueue } from './waiter-queue.ts'

const KEPT_ERRORS = 1000

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
class MapSlot<R> extends QueueLink {
  result: { readonly value: R } | undefined
}

/** The iteration behind `mapConcurrent`. */
export class ConcurrentMap<T, R> implements ConcurrentResults<R> {
  readonly #plan: MapPlan<T, R>
  readonly #scope: CallScope
  readonly #consumers = new WaiterQueue<Waiter<IteratorResult<R, undefined>>>()
  /** In the order in which results are given: of the items, or of completion (then without those on their way). */
  readonly #slots = new WaiterQueue<MapSlot<R>>()
  readonly #idle = new WaiterQueue<Waiter<void>>()
  readonly #errors: unknown[] = []
  #failures = 0
  #source: Iterator<T> | AsyncIterator<T> | undefined
  #nextIndex = 0
  /** Items on their way, the one that is being read included. */
  #running = 0
  #isReading = false
  #isExhausted = false
  #isOver = false
  /** What the next who asks is told instead of the end. */
  #lastWord: { readonly error: unknown } | undefined
  #forget: (() => void) | undefined

  constructor(plan: MapPlan<T, R>) {
    this.#plan = plan
    this.#scope = CallScope.enter({ signal: plan.signal })
  }

  next(): Promise<IteratorResult<R, undefined>> {
    if (this.#isOver) return this.#afterEnd()
    if (this.#source === undefined) this.#begin()
    const result = Waiter.in(this.#consumers, undefined)
    this.#proceed()
    return result
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    const reason = new CancelledError('the results are no longer wanted')
    const closing = this.#end(reason)
    this.#lastWord = undefined
    await closing
    while (this.#running > 0) await Waiter.in(this.#idle, undefined)
    return { done: true, value: undefined }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #begin(): void {
    this.#forget = this.#scope.onAbort(() => this.#stop(this.#scope.reason))
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
    if (this.#isExhausted && this.#running === 0 && this.#slots.size === 0) this.#finish()
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
      consumer.resolve({ done: false, value: slot.result.value })
    }
  }

  #read(): void {
    const slot = new MapSlot<R>()
    const index = this.#nextIndex++
    this.#isReading = true
    this.#running++
    if (this.#plan.isOrdered) this.#slots.push(slot)
    this.#readItem().then(
      (read) => {
        this.#isReading = false
        if (read.done === true) this.#exhaust(slot)
        else void this.#work(slot, index, read.value as Awaited<T>)
        this.#proceed()
      },
      (error: unknown) => {
        // a source that throws has ended
        this.#isReading = false
        this.#exhaust(slot)
        this.#stop(error)
      },
    )
  }

  async #readItem(): Promise<IteratorResult<Awaited<T>, unknown>> {
    const { value, done } = (await this.#source?.next()) ?? { value: undefined, done: true }
    return done === true ? { done, value } : { done: false, value: await value }
  }

  #exhaust(slot: MapSlot<R>): void {
    this.#isExhausted = true
    this.#slots.remove(slot)
    this.#leave()
  }

  async #work(slot: MapSlot<R>, index: number, item: Awaited<T>): Promise<void> {
    const scope = this.#scope.child({})
    const context: MapContext = {
      get signal() {
        return scope.signal
      },
      index,
    }
    try {
      if (scope.aborted) throw scope.reason
      const value = await this.#plan.fn(item, context)
      slot.result = { value }
      if (!this.#plan.isOrdered && !this.#isOver) this.#slots.push(slot)
    } catch (error) {
      this.#slots.remove(slot)
      this.#fail(error)
    } finally {
      scope.close()
      this.#leave()
    }
    if (!this.#isOver) this.#proceed()
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

  #leave(): void {
    this.#running--
    if (this.#running === 0) for (const waiter of this.#idle) waiter.resolve()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#failures > 0) {
      const [cause] = this.#errors
      const message = `${this.#failures} of ${this.#nextIndex - 1} items failed`
      this.#lastWord = { error: new AggregateError(this.#errors, message, { cause }) }
    }
    this.#dismiss()
  }

  /** Ends the iteration before its time; the first who asks is told why. */
  #stop(error: unknown): void {
    if (this.#isOver) return
    this.#lastWord = { error }
    this.#end(error).catch(() => undefined)
  }

  async #end(reason: unknown): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    for (const slot of this.#slots) this.#slots.remove(slot)
    this.#dismiss()
    this.#scope.abort(reason)
    const source = this.#source
    if (source === undefined || this.#isExhausted) return
    this.#isExhausted = true
    // a source that is being read answers to return() only after that, if ever
    const closed = closeSource(source)
    if (!this.#isReading) await closed
  }

  #dismiss(): void {
    this.#forget?.()
    this.#scope.close()
    const word = this.#lastWord
    const { first } = this.#consumers
    if (word !== undefined && first !== undefined) {
      this.#lastWord = undefined
      first.reject(word.error)
    }
    for (const consumer of this.#consumers) consumer.resolve({ done: true, value: undefined })
  }

  async #afterEnd(): Promise<IteratorReturnResult<undefined>> {
    const word = this.#lastWord
    this.#lastWord = undefined
    if (word !== undefined) throw word.error
    return { done: true, value: undefined }
  }
}

async function closeSource(source: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
  const closed = source.return?.()
  if (isThenable(closed)) await closed
}
