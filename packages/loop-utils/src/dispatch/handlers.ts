import { OptionError } from '../errors/index.ts'

/** Functions that posters call by name. Arguments and results cross threads, so they are plain values. */
export interface Handlers {
  readonly [name: string]: (...args: never[]) => unknown
}

export type HandlerName<H extends Handlers> = keyof H & string

/** Handlers that were registered; disposing of it takes them away. */
export interface Registration<H extends Handlers = Handlers> extends Disposable {
  readonly names: readonly HandlerName<H>[]
}

export type AnyHandler = (...args: unknown[]) => unknown

/** The handlers of one dispatcher by name. */
export class HandlerRegistry {
  readonly #handlers = new Map<string, AnyHandler>()

  get(name: string): AnyHandler | undefined {
    return this.#handlers.get(name)
  }

  /** @throws OptionError when one is no function, or its name is taken; then none is added */
  add<H extends Handlers>(handlers: H): Registration<H> {
    const entries = Object.entries(handlers) as unknown as [HandlerName<H>, AnyHandler][]
    for (const [name, handler] of entries) {
      if (typeof handler !== 'function') throw new OptionError(`handlers.${name}`, handler, 'a function')
      if (this.#handlers.has(name)) throw new OptionError(`handlers.${name}`, handler, 'a name that is not taken yet')
    }
    for (const [name, handler] of entries) this.#handlers.set(name, handler)
    return {
      names: entries.map(([name]) => name),
      [Symbol.dispose]: () => {
        for (const [name, handler] of entries) if (this.#handlers.get(name) === handler) this.#handlers.delete(name)
      },
    }
  }
}
