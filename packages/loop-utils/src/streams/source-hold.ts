/** What an exclusive stream can hold back: a link to an engine, a socket. */
export interface PausableSource {
  pause(): void
  resume(): void
}

/** How many streams hold each source back: it resumes when the last one lets go. */
const holders = new WeakMap<PausableSource, number>()

/** One stream's hold on its source. */
export class SourceHold {
  readonly #source: PausableSource
  #isHolding = false

  constructor(source: PausableSource) {
    this.#source = source
  }

  hold(): void {
    if (this.#isHolding) return
    this.#isHolding = true
    const count = holders.get(this.#source) ?? 0
    holders.set(this.#source, count + 1)
    if (count === 0) this.#source.pause()
  }

  release(): void {
    if (!this.#isHolding) return
    this.#isHolding = false
    const count = (holders.get(this.#source) ?? 1) - 1
    if (count > 0) {
      holders.set(this.#source, count)
      return
    }
    holders.delete(this.#source)
    this.#source.resume()
  }
}
