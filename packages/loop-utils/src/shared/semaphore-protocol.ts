import { FIRST_CELL } from './atomic-memory.ts'
import type { Protocol, SharedMemory } from './shared-memory.ts'

/** Permits that nobody holds. */
export const FREE: number = FIRST_CELL
/** Permits in all. Never changes. */
export const TOTAL: number = FIRST_CELL + 1
/** Lines of the ledger. Never changes. */
export const LINES: number = FIRST_CELL + 2
const LEDGER = FIRST_CELL + 4

/**
 * Each thread has a line in the ledger: which it is, and how many permits it holds, so that somebody can give them back
 * when it dies. At all times FREE plus what all lines hold is at most TOTAL.
 */
export function ownerOf(line: number): number {
  return LEDGER + 2 * line
}

/** Where the line says how many permits its thread holds. */
export function heldBy(line: number): number {
  return LEDGER + 2 * line + 1
}

/** Cells that a semaphore with so many lines takes. */
export function cellsFor(lines: number): number {
  return LEDGER + 2 * lines
}

/** Finds the line of `owner` (not 0), or takes an empty one. Undefined when there is none. */
export function* claimLine(memory: SharedMemory, owner: number): Protocol<number | undefined> {
  yield
  const lines = memory.load(LINES)
  for (let line = 0; line < lines; line++) {
    yield
    if (memory.load(ownerOf(line)) === owner) return line
  }
  for (let line = 0; line < lines; line++) {
    yield
    if (memory.compareExchange(ownerOf(line), 0, owner) === 0) return line
  }
  return undefined
}

/** Takes `n` permits for a line at once. Returns whether there were as many. */
export function* tryTake(memory: SharedMemory, line: number, n: number): Protocol<boolean> {
  for (;;) {
    yield
    const free = memory.load(FREE)
    if (free < n) return false
    yield
    if (memory.compareExchange(FREE, free, free - n) === free) break
  }
  // in this order a thread that dies in between loses permits, but never gives away more than there are
  yield
  memory.add(heldBy(line), n)
  return true
}

/** Takes `n` permits for a line as soon as there are as many. */
export function* take(memory: SharedMemory, line: number, n: number): Protocol<true> {
  for (;;) {
    if (yield* tryTake(memory, line, n)) return true
    yield
    const free = memory.load(FREE)
    if (free < n) yield { cell: FREE, expected: free }
  }
}

/** Gives `n` permits of a line back and wakes all; those that were taken from it meanwhile are back already. */
export function* give(memory: SharedMemory, line: number, n: number): Protocol<void> {
  for (;;) {
    yield
    const held = memory.load(heldBy(line))
    const back = Math.min(held, n)
    if (back === 0) return
    yield
    if (memory.compareExchange(heldBy(line), held, held - back) !== held) continue
    yield* put(memory, back)
    return
  }
}

/** Gives back all that a thread holds, and its line. For a thread that has ended. Returns how many permits those were. */
export function* reclaim(memory: SharedMemory, owner: number): Protocol<number> {
  yield
  const lines = memory.load(LINES)
  for (let line = 0; line < lines; line++) {
    yield
    if (memory.load(ownerOf(line)) !== owner) continue
    yield
    const held = memory.exchange(heldBy(line), 0)
    // only now may another thread have the line
    yield
    memory.compareExchange(ownerOf(line), owner, 0)
    // wakes all in any case: it may have died just before it would have
    yield* put(memory, held)
    return held
  }
  return 0
}

function* put(memory: SharedMemory, n: number): Protocol<void> {
  yield
  memory.add(FREE, n)
  yield
  memory.notify(FREE)
}
