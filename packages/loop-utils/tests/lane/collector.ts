import type { LaneEnd, LaneHandler } from '../../src/lane/index.ts'

/** A lane handler that keeps what it got and lets a test wait for it. */
export class Collector<T> implements LaneHandler<T> {
  readonly items: T[] = []
  readonly ends: LaneEnd[] = []
  readonly ended: Promise<LaneEnd>
  #resolveEnd: (reason: LaneEnd) => void = () => undefined
  #awaited: { readonly count: number; readonly resolve: () => void }[] = []
  readonly #onItem: ((item: T) => void) | undefined

  constructor(onItem?: (item: T) => void) {
    this.#onItem = onItem
    this.ended = new Promise((resolve) => {
      this.#resolveEnd = resolve
    })
  }

  item(value: T): void {
    this.items.push(value)
    this.#onItem?.(value)
    const { length } = this.items
    this.#awaited = this.#awaited.filter(({ count, resolve }) => {
      if (length >= count) resolve()
      return length < count
    })
  }

  end(reason: LaneEnd): void {
    this.ends.push(reason)
    this.#resolveEnd(reason)
  }

  /** Resolves once that many items have come. */
  count(count: number): Promise<void> {
    if (this.items.length >= count) return Promise.resolve()
    return new Promise((resolve) => {
      this.#awaited.push({ count, resolve })
    })
  }
}

/** Numbers 0…count-1. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

/** Lets a few turns of the loop pass, in which timers and I/O run. */
export async function turns(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Keeps this thread busy. */
export function spin(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until) {
    // busy
  }
}
