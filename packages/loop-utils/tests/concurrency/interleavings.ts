import { seeded } from '../../src/clock/index.ts'

/** Chance for one schedule. */
export class Chance {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = seeded(seed)
  }

  /** A whole number below `bound`. */
  below(bound: number): number {
    return Math.floor(this.#random() * bound)
  }

  /** True in `percent` of all cases. */
  percent(percent: number): boolean {
    return this.#random() * 100 < percent
  }

  /** One of `items`; undefined when there is none. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)]
  }
}

/** What a model and the real thing disagree about, found in a schedule that `seed` repeats. */
export interface Disagreement {
  readonly seed: number
  readonly message: string
}

/**
 * Runs `count` random schedules one after the other, each from a seed of its own, and returns what they threw; stops
 * after the third.
 */
export async function runInterleavings(
  count: number,
  schedule: (chance: Chance) => Promise<void>,
): Promise<readonly Disagreement[]> {
  const found: Disagreement[] = []
  for (let seed = 1; seed <= count && found.length < 3; seed++) {
    try {
      await schedule(new Chance(seed))
    } catch (error) {
      found.push({ seed, message: error instanceof Error ? error.message : String(error) })
    }
  }
  return found
}

/** Throws when both differ. */
export function agree(what: string, real: unknown, model: unknown): void {
  if (Object.is(real, model)) return
  const shown = JSON.stringify(real)
  const expected = JSON.stringify(model)
  if (shown !== expected) throw new Error(`${what} is ${shown}, the model has ${expected}`)
}

/** Lets promise callbacks run, and those that they cause, some levels deep. */
export async function turnMicrotasks(levels = 4): Promise<void> {
  for (let level = 0; level < levels; level++) await Promise.resolve()
}

/** A promise that is settled from outside. */
export class Deferred<T = void> {
  readonly promise: Promise<T>
  resolve!: (value: T) => void
  reject!: (reason: unknown) => void

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    this.promise.catch(() => undefined)
  }
}
