/** What decides when the loop gets a turn. */
interface Turns {
  readonly isDue: boolean
  turn(): Promise<void>
}

/** An iterator over a synchronous source that gives the loop a turn between two items when one is due. */
export class SlicedIterator<T> implements AsyncIterableIterator<T> {
  readonly #turns: Turns
  readonly #source: Iterator<T>
  #isDone = false
  /** Requests that wait for a turn; later ones queue behind them. */
  #waiting = 0
  #tail: Promise<unknown> = Promise.resolve()

  constructor(turns: Turns, source: Iterator<T>) {
    this.#turns = turns
    this.#source = source
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  // no async function: an item that needs no turn costs one promise
  next(): Promise<IteratorResult<T>> {
    if (this.#waiting > 0 || (!this.#isDone && this.#turns.isDue)) return this.#queue(() => this.#nextAfterTurn())
    return this.#attempt(() => this.#pull())
  }

  return(): Promise<IteratorResult<T>> {
    if (this.#waiting > 0) return this.#queue(() => this.#attempt(() => this.#close()))
    return this.#attempt(() => this.#close())
  }

  #queue(request: () => Promise<IteratorResult<T>>): Promise<IteratorResult<T>> {
    this.#waiting++
    const result = this.#tail.then(request).finally(() => {
      this.#waiting--
    })
    this.#tail = result.catch(() => undefined)
    return result
  }

  async #nextAfterTurn(): Promise<IteratorResult<T>> {
    if (this.#isDone) return END
    try {
      await this.#turns.turn()
    } catch (reason) {
      // as when the body of a loop throws, that is what counts
      await this.#attempt(() => this.#close()).catch(() => undefined)
      throw reason
    }
    return this.#attempt(() => this.#pull())
  }

  #attempt(step: () => IteratorResult<T>): Promise<IteratorResult<T>> {
    try {
      return Promise.resolve(step())
    } catch (error) {
      this.#isDone = true
      return Promise.reject(error)
    }
  }

  #pull(): IteratorResult<T> {
    if (this.#isDone) return END
    const result = this.#source.next()
    if (result.done === true) this.#isDone = true
    return result
  }

  #close(): IteratorResult<T> {
    if (this.#isDone) return END
    this.#isDone = true
    this.#source.return?.()
    return END
  }
}

const END: IteratorResult<never> = Object.freeze({ done: true, value: undefined })
