import { consecutive } from '../../src/breaker/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import {
  implementationFallback,
  type ImplementationFallbackOptions,
  type WithFallback,
} from '../../src/fallback/index.ts'

export interface Store {
  unit: string
  readonly size: number
  read(key: string, options?: { signal?: AbortSignal }): Promise<string>
  peek(key: string): string
  thenable(key: string): PromiseLike<string>
}

/** An implementation that fails when told, and notes what it was asked. */
export class FakeStore implements Store {
  readonly #name: string
  unit = 'C'
  isDown = false
  error: unknown
  readonly asked: string[] = []

  constructor(name: string) {
    this.#name = name
    this.error = new Error(`${name} is down`)
  }

  get size(): number {
    return this.asked.length
  }

  async read(key: string): Promise<string> {
    await Promise.resolve()
    return this.peek(key)
  }

  peek(key: string): string {
    this.asked.push(key)
    if (this.isDown) throw this.error
    return `${this.#name}: ${key}`
  }

  thenable(key: string): PromiseLike<string> {
    const reading = this.read(key)
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable that is no promise is what is tested
    return { then: (onValue, onError) => reading.then(onValue, onError) }
  }
}

export interface Pair {
  readonly first: FakeStore
  readonly second: FakeStore
  readonly clock: ManualClock
  readonly store: WithFallback<Store>
}

export function pair(options: ImplementationFallbackOptions = {}): Pair {
  const clock = new ManualClock()
  const [first, second] = [new FakeStore('first'), new FakeStore('second')]
  const store = implementationFallback<Store>(first, second, {
    trip: consecutive(2),
    stickyMs: 1000,
    clock,
    ...options,
  })
  return { first, second, clock, store }
}
