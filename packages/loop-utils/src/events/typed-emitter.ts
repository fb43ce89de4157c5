import { EventEmitter } from 'node:events'
import { checkFunction } from '../errors/option-checks.ts'
import { ReservedEventError } from '../errors/reserved-event-error.ts'
import { callSafely, warnOfStrayError } from '../observe/stray-error.ts'
import { isThenable } from '../policy/race.ts'
import { isCalledByNode } from './called-by-node.ts'

/** The events of an emitter: the arguments of each by its name. There is no event `'error'`. */
export type EventArguments<E> = { [K in keyof E]: unknown[] } & { error?: never }

/** A listener of one event, async or not. */
export type EventListener<E extends EventArguments<E>, K extends keyof E> = (...args: E[K]) => void | PromiseLike<void>

/** Told what a listener threw or rejected with, and at which event. */
export type ListenerErrorHandler = (error: unknown, event: string | symbol) => void

/** Lets events through, or drops them: a service that has stopped calls nobody any more. */
export interface EventGate {
  isOpen: boolean
}

/** What becomes of listeners' errors, and whether events pass. */
export interface EmitterOptions {
  /** Default: a warning of the process. */
  readonly onError?: ListenerErrorHandler | undefined
  readonly gate?: EventGate | undefined
}

type Listener = (...args: unknown[]) => unknown

class IsolatingEmitter extends EventEmitter {
  readonly #onError: ListenerErrorHandler | undefined
  readonly #gate: EventGate | undefined

  constructor({ onError, gate }: EmitterOptions = {}) {
    super()
    this.#onError = onError === undefined ? undefined : checkFunction('onError', onError)
    this.#gate = gate
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'error') throw new ReservedEventError('error')
    if (this.#gate?.isOpen === false || this.listenerCount(event) === 0) return false
    // a copy: who is added or removed meanwhile does not change who is called now
    for (const listener of this.rawListeners(event)) this.#call(event, listener as Listener, args)
    return true
  }

  override on(event: string | symbol, listener: Listener): this {
    this.#refuseError(event, 'on')
    return super.on(event, listener)
  }

  override addListener(event: string | symbol, listener: Listener): this {
    this.#refuseError(event, 'addListener')
    return super.addListener(event, listener)
  }

  override once(event: string | symbol, listener: Listener): this {
    this.#refuseError(event, 'once')
    return super.once(event, listener)
  }

  override prependListener(event: string | symbol, listener: Listener): this {
    this.#refuseError(event, 'prependListener')
    return super.prependListener(event, listener)
  }

  override prependOnceListener(event: string | symbol, listener: Listener): this {
    this.#refuseError(event, 'prependOnceListener')
    return super.prependOnceListener(event, listener)
  }

  #refuseError(event: string | symbol, method: string): void {
    if (event === 'error' && !isCalledByNode(this, method)) throw new ReservedEventError('error')
  }

  #call(event: string | symbol, listener: Listener, args: unknown[]): void {
    try {
      const result: unknown = Reflect.apply(listener, this, args)
      if (isThenable(result)) result.then(undefined, (error: unknown) => this.#report(error, event))
    } catch (error) {
      this.#report(error, event)
    }
  }

  #report(error: unknown, event: string | symbol): void {
    const onError = this.#onError
    if (onError === undefined) warnOfStrayError(error, `a listener of '${String(event)}'`)
    else callSafely('onError', () => onError(error, event))
  }
}

/**
 * Node's EventEmitter with typed events whose listeners cannot harm one another: what one throws, or rejects with when
 * it is async, goes to `onError`, and the next one runs. Those are called that listened when `emit` began.
 *
 * The event `'error'` is never used: emitting it or listening to it throws a ReservedEventError. `once` and `on` of
 * `node:events` work.
 *
 * @example
 * class Link extends TypedEmitter<{ up: [host: string]; down: [] }> {}
 * new Link({ onError: (error, event) => logger.warn({ error, event }, 'listener failed') }).on('up', (host) => {})
 */
export interface TypedEmitter<E extends EventArguments<E>> {
  on<K extends keyof E>(event: K, listener: EventListener<E, K>): this
  once<K extends keyof E>(event: K, listener: EventListener<E, K>): this
  off<K extends keyof E>(event: K, listener: EventListener<E, K>): this
  addListener<K extends keyof E>(event: K, listener: EventListener<E, K>): this
  removeListener<K extends keyof E>(event: K, listener: EventListener<E, K>): this
  prependListener<K extends keyof E>(event: K, listener: EventListener<E, K>): this
  prependOnceListener<K extends keyof E>(event: K, listener: EventListener<E, K>): this
  /** Calls the listeners of `event`; whether there was one. */
  emit<K extends keyof E>(event: K, ...args: E[K]): boolean
  removeAllListeners(event?: keyof E): this
  listenerCount<K extends keyof E>(event: K, listener?: EventListener<E, K>): number
  listeners<K extends keyof E>(event: K): EventListener<E, K>[]
  rawListeners<K extends keyof E>(event: K): EventListener<E, K>[]
  eventNames(): (keyof E & (string | symbol))[]
  setMaxListeners(count: number): this
  getMaxListeners(): number
}

/** The class behind the type. */
export const TypedEmitter: new <E extends EventArguments<E>>(options?: EmitterOptions) => TypedEmitter<E> =
  IsolatingEmitter as never
