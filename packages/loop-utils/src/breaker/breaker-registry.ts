import { checkInteger, checkObject, checkText } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { TypedEmitter, type ListenerErrorHandler } from '../events/typed-emitter.ts'
import { checkBreakerOptions, type BreakerOptions } from './breaker-options.ts'
import type { BreakerSnapshot } from './breaker-snapshot.ts'
import type { BreakerChange, BreakerState } from './breaker-state.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { fieldsOf } from './snapshot-fields.ts'

export interface BreakerRegistryOptions {
  /** The options of each breaker, or a function that makes them for a key. The name is the key unless they say so. */
  readonly breaker?: BreakerOptions | ((key: string) => BreakerOptions)
  /** How many breakers are kept at most. Default 10 000. */
  readonly maxSize?: number
  /** Told what a listener of the registry threw. Default: a warning of the process. */
  readonly onError?: ListenerErrorHandler
}

/** A change of state of one of the breakers. */
export interface RegistryChange extends BreakerChange {
  readonly key: string
}

/** A breaker that was given up to make room. */
export interface RegistryEviction {
  readonly key: string
  readonly state: BreakerState
}

/** The events of a registry: their arguments by their names. */
export type RegistryEvents = {
  change: [change: RegistryChange]
  evict: [eviction: RegistryEviction]
}

interface Entry {
  readonly breaker: CircuitBreaker
  readonly listener: (change: BreakerChange) => void
}

/**
 * A breaker for each key, such as one for each device. Each is made when first asked for.
 *
 * At most `maxSize` are kept. To make room, the one goes that was not asked for for longest, of those that are closed: a
 * breaker that protects somebody goes only when none is closed. Who still holds a breaker that has gone may use it; the
 * registry makes a new one for its key.
 *
 * @example
 * const breakers = new BreakerRegistry({ breaker: { trip: consecutive(3) } })
 * await breakers.get(device.address).execute(() => device.poll())
 */
export class BreakerRegistry extends TypedEmitter<RegistryEvents> implements Disposable {
  readonly #options: BreakerRegistryOptions
  readonly #maxSize: number
  /** Each in the order in which they were last asked for. */
  readonly #closed = new Map<string, Entry>()
  readonly #others = new Map<string, Entry>()

  /** @throws OptionError when an option is out of range */
  constructor(options: BreakerRegistryOptions = {}) {
    super({ onError: checkObject(options).onError })
    this.#options = options
    this.#maxSize = checkInteger('maxSize', options.maxSize ?? 10_000, { min: 1 })
    const { breaker = {} } = options
    if (typeof breaker !== 'function') checkBreakerOptions(checkObject(breaker, 'breaker'))
  }

  /** How many breakers there are. */
  get size(): number {
    return this.#closed.size + this.#others.size
  }

  /**
   * The breaker of `key`, made if need be.
   *
   * @throws OptionError when the key is no text, or the options made for it are out of range
   */
  get(key: string): CircuitBreaker {
    const entry = this.#closed.get(key) ?? this.#others.get(key)
    if (entry === undefined) return this.#add(key, new CircuitBreaker(this.#optionsFor(key)))
    this.#place(key, entry)
    return entry.breaker
  }

  /** The breaker of `key` if there is one; that does not count as asking for it. */
  peek(key: string): CircuitBreaker | undefined {
    return (this.#closed.get(key) ?? this.#others.get(key))?.breaker
  }

  /** Forgets the breaker of `key`; returns whether there was one. */
  delete(key: string): boolean {
    const entry = this.#closed.get(key) ?? this.#others.get(key)
    if (entry === undefined) return false
    entry.breaker.off('change', entry.listener)
    return this.#closed.delete(key) || this.#others.delete(key)
  }

  /** All keys and breakers; first those that would go first. */
  *entries(): IterableIterator<[key: string, breaker: CircuitBreaker]> {
    for (const map of [this.#closed, this.#others]) {
      for (const [key, { breaker }] of map) yield [key, breaker]
    }
  }

  /** The states of all breakers as plain data, by their keys. */
  snapshot(): Record<string, BreakerSnapshot> {
    return Object.fromEntries([...this.entries()].map(([key, breaker]) => [key, breaker.snapshot()]))
  }

  /**
   * Makes breakers in the states that {@link snapshot} wrote: all of them, or none when it throws.
   *
   * @throws OptionError naming what is not usable, or a key that has a breaker already
   */
  restore(snapshot: Readonly<Record<string, BreakerSnapshot>>): void {
    const restored = Object.entries(fieldsOf(snapshot, 'snapshot')).map(([key, part]): [string, CircuitBreaker] => {
      const option = `snapshot['${key}']`
      if (this.peek(key) !== undefined) throw new OptionError(option, part, 'keys that have no breaker yet')
      return [key, CircuitBreaker.restore(part as BreakerSnapshot, this.#optionsFor(key), option)]
    })
    for (const [key, breaker] of restored) this.#add(key, breaker)
  }

  /** Disposes of all breakers, which refuse all calls from then on, and forgets them and its listeners. */
  [Symbol.dispose](): void {
    const breakers = [...this.entries()]
    for (const [, breaker] of breakers) breaker[Symbol.dispose]()
    this.#closed.clear()
    this.#others.clear()
    this.removeAllListeners()
  }

  #optionsFor(key: string): BreakerOptions {
    const { breaker = {} } = this.#options
    const options = typeof breaker === 'function' ? breaker(checkText('key', key)) : breaker
    return { name: checkText('key', key), ...options }
  }

  #add(key: string, breaker: CircuitBreaker): CircuitBreaker {
    const evicted: RegistryEviction[] = []
    while (this.size >= this.#maxSize) evicted.push(...this.#evict())
    const entry = { breaker, listener: (change: BreakerChange): void => this.#onChange(key, entry, change) }
    breaker.on('change', entry.listener)
    this.#place(key, entry)
    // told last: who is told may ask for this very key
    for (const eviction of evicted) this.emit('evict', eviction)
    return breaker
  }

  /** Puts an entry last among its like. */
  #place(key: string, entry: Entry): void {
    this.#closed.delete(key)
    this.#others.delete(key)
    const map = entry.breaker.state === 'closed' ? this.#closed : this.#others
    map.set(key, entry)
  }

  #onChange(key: string, entry: Entry, change: BreakerChange): void {
    // a listener that was told before may have removed it
    if (this.peek(key) !== entry.breaker) return
    this.#place(key, entry)
    if (this.listenerCount('change') > 0) this.emit('change', { key, ...change })
  }

  #evict(): RegistryEviction[] {
    for (const [key, { breaker }] of this.#expendable()) {
      this.delete(key)
      return [{ key, state: breaker.state }]
    }
    return []
  }

  *#expendable(): Generator<[string, Entry], void, undefined> {
    for (const [key, entry] of this.#closed) {
      if (entry.breaker.state === 'closed') yield [key, entry]
      // its change is yet to be told
      else this.#place(key, entry)
    }
    yield* this.#others
  }
}
