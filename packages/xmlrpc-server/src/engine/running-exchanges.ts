import type { Exchange } from './exchange.ts'

/**
 * The exchanges that are under way.
 *
 * This is no Set because of the garbage that one makes: a Set that is added to and deleted from goes over to a new table
 * now and then, to which the old one keeps a reference. Once such a table has become old, all later ones outlive their
 * use with it, and so does whatever was under way at those moments, until the whole heap is collected.
 */
export class RunningExchanges implements Iterable<Exchange> {
  readonly #exchanges: Exchange[] = []

  get size(): number {
    return this.#exchanges.length
  }

  add(exchange: Exchange): void {
    exchange.place = this.#exchanges.push(exchange) - 1
  }

  /** Removes one that was added, once. */
  delete({ place }: Exchange): void {
    const last = this.#exchanges.pop()
    if (last === undefined || last.place === place) return
    this.#exchanges[place] = last
    last.place = place
  }

  /** Those that are under way now, whatever becomes of them meanwhile. */
  [Symbol.iterator](): Iterator<Exchange> {
    return this.#exchanges.slice().values()
  }
}
