import { disposedError } from '../concurrency/disposed-error.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import { checkCount, checkFunction, checkObject, checkText } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import { ReservedEventError } from '../errors/reserved-event-error.ts'
import { callReporting, callSafely, warnOfStrayError } from '../observe/stray-error.ts'
import { type EventArguments, type EventListener, TypedEmitter } from './typed-emitter.ts'

/** One event: its name, the key that it belongs to, and its arguments. */
export type KeyedEvent<E extends EventArguments<E>, K = string> = {
  [T in keyof E]: [event: T, key: K, ...args: E[T]]
}[keyof E]

/** A listener of one event of all keys, async or not. */
export type AnyKeyListener<E extends EventArguments<E>, T extends keyof E, K = string> = (
  key: K,
  ...args: E[T]
) => void | PromiseLike<void>

export interface KeyedListenersOptions<K = string> {
  /**
   * On whose loop listeners are called, in the order of the emits and in slices. Default: none, and `emit` calls them
   * before it returns.
   */
  readonly dispatcher?: Pick<Dispatcher, 'post'> | undefined
  /** Told what a listener threw or rejected with, and at what. Default: a warning of the process. */
  readonly onError?: ((error: unknown, at: { readonly event: PropertyKey; readonly key: K }) => void) | undefined
  /** How many may listen at once; a further one is refused with a QueueOverflowError. Default 65 536. */
  readonly maxListeners?: number
  /** Names them in errors. Default `'keyed listeners'`. */
  readonly name?: string
}

/** A TypedEmitter, whatever its events. */
interface Emitter {
  on(event: PropertyKey, listener: (...args: never[]) => unknown): unknown
  off(event: PropertyKey, listener: (...args: never[]) => unknown): unknown
  emit(event: PropertyKey, ...args: readonly unknown[]): boolean
  listenerCount(event: PropertyKey): number
  eventNames(): readonly PropertyKey[]
  setMaxListeners(count: number): unknown
}

interface Listening {
  readonly event: PropertyKey
  readonly listener: (...args: never[]) => unknown
  /** Whose events; undefined for those of all. */
  readonly of: { readonly key: unknown } | undefined
  readonly isOnce: boolean
}

/**
 * Listeners of events that belong to something: to a device, a link, a host. Each listens to one event of one key, or of
 * all keys. As with a {@link TypedEmitter}, those are called that listened when the event was emitted, and what one
 * throws, or rejects with when it is async, disturbs no other.
 *
 * With a dispatcher, an event that is emitted anywhere is told on the loop that owns the dispatcher: in the order of the
 * emits, never from within `emit`, and not to who has stopped to listen meanwhile. Other threads emit through a poster:
 * see {@link deliver}.
 *
 * @example
 * const devices = new KeyedListeners<{ state: [isOn: boolean]; gone: [] }>({ dispatcher })
 * using listening = devices.on('state', 'lamp-1', (isOn) => show(isOn))
 * devices.emit('state', 'lamp-1', true)
 */
export class KeyedListeners<E extends EventArguments<E>, K = string> implements Disposable {
  readonly #dispatcher: Pick<Dispatcher, 'post'> | undefined
  readonly #onError: KeyedListenersOptions<K>['onError']
  readonly #maxListeners: number
  readonly #name: string
  readonly #ofKeys = new Map<unknown, Emitter>()
  readonly #ofAll = newEmitter()
  /** How each listener is taken away. */
  readonly #ends = new Set<() => void>()
  /** The number of the latest emit, and of the one that is being told. */
  #latest = 0
  #told = 0
  #isDisposed = false

  /** @throws OptionError when an option is out of range */
  constructor(options: KeyedListenersOptions<K> = {}) {
    const { dispatcher, onError, maxListeners = 65_536, name = 'keyed listeners' } = checkObject(options)
    if (dispatcher !== undefined && typeof dispatcher.post !== 'function') {
      throw new OptionError('dispatcher', dispatcher, 'a Dispatcher')
    }
    this.#dispatcher = dispatcher
    this.#onError = onError === undefined ? undefined : checkFunction('onError', onError)
    this.#maxListeners = checkCount('maxListeners', maxListeners)
    this.#name = checkText('name', name)
  }

  /** How many listen. */
  get size(): number {
    return this.#ends.size
  }

  /** How many an event of `key` would reach now, those who listen to all keys included. */
  listenerCount(event: keyof E, key: K): number {
    return (this.#ofKeys.get(key)?.listenerCount(event) ?? 0) + this.#ofAll.listenerCount(event)
  }

  /**
   * Listens to the events of one key from now on, until what is returned is disposed of.
   *
   * @throws QueueOverflowError when too many listen
   * @throws CancelledError when the listeners were disposed of
   * @throws ReservedEventError for `'error'`
   * @throws OptionError
   */
  on<T extends keyof E>(event: T, key: K, listener: EventListener<E, T>): Disposable {
    return this.#listen({ event, listener, of: { key }, isOnce: false })
  }

  /** As {@link on}, to the next event only. */
  once<T extends keyof E>(event: T, key: K, listener: EventListener<E, T>): Disposable {
    return this.#listen({ event, listener, of: { key }, isOnce: true })
  }

  /** As {@link on}, to the events of all keys; the listener is given the key first. It is called after those of the key. */
  onAny<T extends keyof E>(event: T, listener: AnyKeyListener<E, T, K>): Disposable {
    return this.#listen({ event, listener, of: undefined, isOnce: false })
  }

  /**
   * Tells an event of `key` to those who listen. Returns whether it reaches anybody: false when nobody listens, and with
   * a dispatcher when that has dropped it.
   *
   * @throws QueueOverflowError when the dispatcher is full and does not drop
   */
  emit<T extends keyof E>(event: T, key: K, ...args: E[T]): boolean {
    refuseError(event)
    const number = ++this.#latest
    if (this.listenerCount(event, key) === 0) return false
    const dispatcher = this.#dispatcher
    if (dispatcher !== undefined) return dispatcher.post((...told) => this.#tell(number, ...told), event, key, ...args)
    this.#tell(number, event, key, ...args)
    return true
  }

  /**
   * Tells an event at once. For who is called on the right loop already: register it with the dispatcher, and other
   * threads emit through their posters, each in its own order.
   *
   * @example
   * dispatcher.register({ device: devices.deliver })
   * // on another thread: poster.emit('device', 'state', 'lamp-1', true)
   */
  readonly deliver = (...[event, key, ...args]: KeyedEvent<E, K>): void => {
    refuseError(event)
    this.#tell(++this.#latest, event, key, ...args)
  };

  /** Ends all listening; what was emitted and not told yet is told to nobody, and nobody can listen any more. */
  [Symbol.dispose](): void {
    this.#isDisposed = true
    for (const end of this.#ends) end()
  }

  #tell(number: number, ...[event, key, ...args]: [event: PropertyKey, key: K, ...args: unknown[]]): void {
    // who is called may emit in turn
    const before = this.#told
    this.#told = number
    this.#ofKeys.get(key)?.emit(event, key, ...args)
    this.#ofAll.emit(event, key, ...args)
    this.#told = before
  }

  #listen({ event, listener, of, isOnce }: Listening): Disposable {
    checkFunction('listener', listener)
    refuseError(event)
    if (this.#isDisposed) throw disposedError(this.#name)
    if (this.#ends.size >= this.#maxListeners) {
      throw new QueueOverflowError({ queue: `listeners of ${this.#name}`, capacity: this.#maxListeners })
    }
    const since = this.#latest
    const emitter = of === undefined ? this.#ofAll : this.#emitterOf(of.key)
    const call = (key: K, ...args: never[]): void => {
      const isOver = (isOnce || this.#isDisposed) && !this.#ends.has(end)
      if (isOver || this.#told <= since) return
      if (isOnce) end()
      this.#call(() => (of === undefined ? listener(key as never, ...args) : listener(...args)), { event, key })
    }
    const end = (): void => {
      if (!this.#ends.delete(end)) return
      emitter.off(event, call)
      if (of !== undefined && emitter.eventNames().length === 0) this.#ofKeys.delete(of.key)
    }
    emitter.on(event, call)
    this.#ends.add(end)
    return { [Symbol.dispose]: end }
  }

  #emitterOf(key: unknown): Emitter {
    let emitter = this.#ofKeys.get(key)
    if (emitter === undefined) {
      emitter = newEmitter()
      this.#ofKeys.set(key, emitter)
    }
    return emitter
  }

  #call(listener: () => unknown, at: { readonly event: PropertyKey; readonly key: K }): void {
    callReporting(listener, (error) => {
      const onError = this.#onError
      if (onError === undefined) warnOfStrayError(error, `a listener of '${String(at.event)}'`)
      else callSafely('onError', () => onError(error, at))
    })
  }
}

function refuseError(event: PropertyKey): void {
  if (event === 'error') throw new ReservedEventError('error')
}

/** The bound on all listeners stands in for Node's warning of many. */
function newEmitter(): Emitter {
  const emitter = new TypedEmitter() as unknown as Emitter
  emitter.setMaxListeners(0)
  return emitter
}
