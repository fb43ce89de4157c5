import { checkInteger } from '../errors/option-checks.ts'
import { type QueueLink, WaiterQueue } from './waiter-queue.ts'

/** How many priorities there are, from 0. */
const LEVELS = 10

/** A queue for each priority; within one, first come first served. */
export class PriorityQueue<W extends QueueLink> {
  readonly #levels: readonly WaiterQueue<W>[] = Array.from({ length: LEVELS }, () => new WaiterQueue<W>())

  get size(): number {
    return this.#levels.reduce((sum, level) => sum + level.size, 0)
  }

  /** The first of those with the highest priority. */
  get first(): W | undefined {
    return this.#levels.findLast((level) => level.size > 0)?.first
  }

  /**
   * The queue of those with `priority`.
   *
   * @throws OptionError when it is not a whole number from 0 to 9
   */
  level(priority: number): WaiterQueue<W> {
    return this.#levels[checkInteger('priority', priority, { min: 0, max: LEVELS - 1 })] as WaiterQueue<W>
  }
}
