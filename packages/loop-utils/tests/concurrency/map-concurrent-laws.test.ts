import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { mapConcurrent, type ConcurrentResults, type MapContext } from '../../src/concurrency/index.ts'
import { drained } from '../drained.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'
import { agree, type Chance, Deferred, runInterleavings } from './interleavings.ts'

interface Item {
  readonly index: number
  readonly end: Deferred<number>
  readonly signal: AbortSignal
  state: 'running' | 'done' | 'failed'
}

/** How a call of next() ended. */
type Answer = { readonly value: number } | { readonly error: unknown } | 'end'

/** A source whose items come when the schedule wants them to. */
class Source implements AsyncIterableIterator<number> {
  readonly pending: Deferred<IteratorResult<number>>[] = []
  readonly #length: number
  readonly #isPrompt: boolean
  read = 0
  reads = 0
  returns = 0
  isExhausted = false

  constructor(length: number, isPrompt: boolean) {
    this.#length = length
    this.#isPrompt = isPrompt
  }

  next(): Promise<IteratorResult<number>> {
    this.reads++
    const result = new Deferred<IteratorResult<number>>()
    this.pending.push(result)
    if (this.#isPrompt) this.answer()
    return result.promise
  }

  answer(): void {
    const result = this.pending.shift()
    if (result === undefined) return
    if (this.read < this.#length) result.resolve({ done: false, value: this.read++ })
    else {
      this.isExhausted = true
      result.resolve({ done: true, value: undefined })
    }
  }

  fail(error: unknown): void {
    this.isExhausted = true
    this.pending.shift()?.reject(error)
  }

  async return(): Promise<IteratorResult<number>> {
    this.returns++
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** A mapConcurrent led through one schedule, its laws looked at in every step. */
class Run {
  readonly #chance: Chance
  readonly #controller = new AbortController()
  readonly #concurrency: number
  readonly #ordered: boolean
  readonly #stopOnError: boolean
  readonly #source: Source
  readonly #real: ConcurrentResults<number>
  readonly #items: Item[] = []
  /** Items that ended well, in the order in which they did. */
  readonly #done: number[] = []
  readonly #answers: Answer[] = []
  #asked = 0
  /** Whether it has ended before its time: no item may be begun any more. */
  #isCut = false
  #firstFailure: string | undefined
  #hasReturned = false
  #broken: Error | undefined

  constructor(chance: Chance) {
    this.#chance = chance
    this.#concurrency = 1 + chance.below(4)
    this.#ordered = chance.percent(50)
    this.#stopOnError = chance.percent(50)
    this.#source = new Source(chance.below(8), chance.percent(50))
    this.#real = mapConcurrent(this.#source, (item, context) => this.#map(item, context), {
      concurrency: this.#concurrency,
      ordered: this.#ordered,
      stopOnError: this.#stopOnError,
      signal: this.#controller.signal,
    })
  }

  async play(steps: number): Promise<void> {
    agree('reads before it is asked', this.#source.reads, 0)
    for (let step = 0; step < steps; step++) {
      this.#step(this.#chance.below(100))
      if (this.#chance.percent(70)) await this.#compare()
    }
    await this.#finish()
  }

  #step(dice: number): void {
    if (dice < 40) this.#ask()
    else if (dice < 75) this.#end(this.#chance.pick(this.#running))
    else if (dice < 92) this.#source.answer()
    else if (dice < 94) this.#abort()
    else if (dice < 96) this.#return()
    else if (dice < 97 && this.#source.pending.length > 0) this.#failSource()
  }

  get #running(): Item[] {
    return this.#items.filter(({ state }) => state === 'running')
  }

  #map(value: number, { signal, index }: MapContext): Promise<number> {
    this.#expect('index', index, value)
    this.#expect('items in order', value, this.#items.length)
    this.#expect('an item is begun after the end', this.#isCut, false)
    const item: Item = { index, end: new Deferred(), signal, state: 'running' }
    this.#items.push(item)
    return item.end.promise
  }

  #ask(): void {
    this.#asked++
    this.#real.next().then(
      (result) => this.#answers.push(result.done === true ? 'end' : { value: result.value }),
      (error: unknown) => this.#answers.push({ error }),
    )
  }

  #end(item: Item | undefined): void {
    if (item === undefined) return
    if (this.#chance.percent(75)) {
      item.state = 'done'
      this.#done.push(item.index)
      item.end.resolve(item.index)
      return
    }
    item.state = 'failed'
    item.end.reject(`error ${item.index}`)
    if (this.#isCut) return
    this.#firstFailure ??= `error ${item.index}`
  }

  #abort(): void {
    this.#controller.abort('aborted')
    if (this.#source.reads > 0) this.#isCut = true
  }

  #return(): void {
    this.#isCut = true
    void this.#real.return().then(() => {
      this.#hasReturned = true
      this.#expect('running at the return', this.#running.length, 0)
    })
  }

  /** For callbacks, whose errors do not come back here. */
  #expect(what: string, found: unknown, expected: unknown): void {
    if (found !== expected) this.#broken ??= new Error(`${what}: ${String(found)}, not ${String(expected)}`)
  }

  #failSource(): void {
    this.#source.fail('source')
  }

  async #compare(): Promise<void> {
    await drained()
    if (this.#broken !== undefined) throw this.#broken
    const begun = this.#items.length
    const given = this.#values.length
    const failed = this.#items.filter(({ state }) => state === 'failed').length
    agree('no more at once', this.#running.length <= this.#concurrency, true)
    if (!this.#isCut) agree('no more ahead', begun - given - failed <= this.#concurrency, true)
    if (this.#stopOnError && this.#firstFailure !== undefined) this.#isCut = true
    if (this.#controller.signal.aborted) agree('answers at the abort', this.#answers.length, this.#asked)
    this.#compareOrder()
  }

  get #values(): number[] {
    return this.#answers.flatMap((answer) => (typeof answer === 'object' && 'value' in answer ? [answer.value] : []))
  }

  get #errors(): unknown[] {
    return this.#answers.flatMap((answer) => (typeof answer === 'object' && 'error' in answer ? [answer.error] : []))
  }

  #compareOrder(): void {
    const values = this.#values
    const expected = this.#ordered
      ? this.#items.filter(({ state }) => state !== 'failed').map(({ index }) => index)
      : this.#done
    agree('order of results', values, expected.slice(0, values.length))
    for (const value of values) agree('a result is of an item that is done', this.#items[value]?.state, 'done')
  }

  async #finish(): Promise<void> {
    await this.#compare()
    // let everything go on to its end
    for (let round = 0; round < 40; round++) {
      if (!this.#hasReturned && round < 20) this.#ask()
      this.#source.answer()
      this.#end(this.#running[0])
      await this.#compare()
    }
    agree('next() without an answer', this.#answers.length, this.#asked)
    agree('running', this.#running.length, 0)
    agree('listeners', getEventListeners(this.#controller.signal, 'abort').length, 0)
    this.#checkEnd()
  }

  #checkEnd(): void {
    const errors = this.#errors
    agree('errors told', errors.length <= 1, true)
    const isWhole = this.#values.length === this.#done.length && this.#source.isExhausted
    if (errors.length === 0 && !this.#isCut) agree('all results were given', isWhole, true)
    // whoever is cut short closes its source, once; a source that has ended needs no closing
    agree('source closed', this.#source.returns <= 1, true)
    if (!this.#isCut) agree('source of a whole run closed', this.#source.returns, 0)
    const [error] = errors
    if (error === undefined) return
    const isAggregate = error instanceof AggregateError
    agree('all failures at the end', isAggregate, isAggregate && !this.#stopOnError)
    if (isAggregate) {
      const failed = this.#items.filter(({ state }) => state === 'failed').length
      agree('failures', error.errors.length, failed)
    } else if (error !== 'aborted' && error !== 'source') agree('first failure', error, this.#firstFailure)
  }
}

const COUNT = lawCount({ inSuite: 1200, inSoak: 50_000 })

it(
  `keeps order, bound and end in ${COUNT} random interleavings of items, readers, failures and aborts`,
  async () => {
    expect(await runInterleavings(COUNT, (chance) => new Run(chance).play(5 + chance.below(25)))).toEqual([])
  },
  LAW_TIMEOUT_MS,
)
