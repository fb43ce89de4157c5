import { FIRST_CELL } from './atomic-memory.ts'
import type { Protocol, SharedMemory } from './shared-memory.ts'

/** How many times the latch must still be counted down. */
export const COUNT: number = FIRST_CELL

/** Counts down by `n`, never below 0; who reaches 0 wakes all. Returns what is left. */
export function* countDown(memory: SharedMemory, n: number): Protocol<number> {
  for (;;) {
    yield
    const count = memory.load(COUNT)
    const left = Math.max(0, count - n)
    if (left === count) return left
    yield
    if (memory.compareExchange(COUNT, count, left) !== count) continue
    if (left === 0) {
      yield
      memory.notify(COUNT)
    }
    return left
  }
}

/** Ends when the latch is open. */
export function* awaitOpen(memory: SharedMemory): Protocol<true> {
  for (;;) {
    yield
    const count = memory.load(COUNT)
    if (count === 0) return true
    yield { cell: COUNT, expected: count }
  }
}
