import { FIRST_CELL, FIRST_LONG } from './atomic-memory.ts'
import type { Protocol, SharedMemory } from './shared-memory.ts'

/** Counts changes modulo 2³², for those who sleep. */
export const CHANGES: number = FIRST_CELL
/** What is counted. */
export const VALUE: number = FIRST_LONG + 1

/** The values that a counter can have, both included; and by it those who wait say for which. */
export interface CounterRange {
  readonly min: bigint
  readonly max: bigint
}

/** Adds `delta` and wakes all. Returns the new value, or undefined when that would leave `range`: then nothing changes. */
export function* addTo(memory: SharedMemory, delta: bigint, range: CounterRange): Protocol<bigint | undefined> {
  for (;;) {
    yield
    const before = memory.loadLong(VALUE)
    const after = before + delta
    if (!isWithin(after, range)) return undefined
    if (delta === 0n) return after
    yield
    if (memory.compareExchangeLong(VALUE, before, after) !== before) continue
    yield* announce(memory)
    return after
  }
}

/** Sets the value if it is `expected`, and wakes all. Returns the value that was found. */
export function* replaceIf(memory: SharedMemory, expected: bigint, value: bigint): Protocol<bigint> {
  yield
  const found = memory.compareExchangeLong(VALUE, expected, value)
  if (found === expected) yield* announce(memory)
  return found
}

/** Ends when the value is within `range`; returns it. */
export function* awaitWithin(memory: SharedMemory, range: CounterRange): Protocol<bigint> {
  for (;;) {
    // before the value: what changes after this reading also changes the cell
    yield
    const changes = memory.load(CHANGES)
    yield
    const value = memory.loadLong(VALUE)
    if (isWithin(value, range)) return value
    yield { cell: CHANGES, expected: changes }
  }
}

function* announce(memory: SharedMemory): Protocol<void> {
  yield
  memory.add(CHANGES, 1)
  yield
  memory.notify(CHANGES)
}

function isWithin(value: bigint, { min, max }: CounterRange): boolean {
  return value >= min && value <= max
}
