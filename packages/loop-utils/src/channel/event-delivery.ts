import type { ErasedHandlers } from './erased.ts'
import type { HandlerGuard } from './handler-guard.ts'
import type { LinkCounters } from './link-counters.ts'

/** What {@link EventDelivery} is made of. */
export interface EventDeliveryParts {
  readonly handlers: ErasedHandlers
  readonly names: readonly string[]
  readonly counters: LinkCounters
  readonly guard: HandlerGuard
}

/** Gives the events of a stream to their handlers, or counts them once they are no longer wanted. */
export class EventDelivery {
  readonly #names: readonly string[]
  /** By event number; one is missing only where the types were cast away. */
  readonly #handlers: readonly (((data: unknown) => unknown) | undefined)[]
  readonly #counters: LinkCounters
  readonly #guard: HandlerGuard
  readonly #discarded: Record<string, number> = {}
  #isDiscarding = false

  constructor({ counters, guard, handlers, names }: EventDeliveryParts) {
    this.#names = names
    this.#handlers = names.map((name) => handlers.events[name]?.bind(handlers.events))
    this.#counters = counters
    this.#guard = guard
  }

  /** Events that were discarded instead of delivered, by name. */
  get discarded(): Readonly<Record<string, number>> {
    return { ...this.#discarded }
  }

  /** From now on events are counted, not delivered. */
  startDiscarding(): void {
    this.#isDiscarding = true
  }

  discard(name: string, count: number): void {
    this.#discarded[name] = (this.#discarded[name] ?? 0) + count
  }

  nameOf(event: number): string {
    return this.#names[event] ?? `(event ${event})`
  }

  deliver(event: number, data: unknown): void {
    if (this.#isDiscarding) {
      this.discard(this.nameOf(event), 1)
      return
    }
    this.#counters.delivered++
    const handler = this.#handlers[event]
    if (handler !== undefined) this.#guard.run(() => handler(data))
  }
}
