import { describe, expect, it } from 'vitest'
import { seeded, systemClock } from '../../src/clock/index.ts'
import { LoopWaits } from '../../src/shared/loop-waits.ts'
import { cellsFor, FREE, give, LINES, take, TOTAL } from '../../src/shared/semaphore-protocol.ts'
import { runSteps } from '../../src/shared/run-steps.ts'
import type { LoopMemory } from '../../src/shared/shared-memory.ts'
import { SimulatedMemory } from './model-checker.ts'
import { must } from './must.ts'

/** Decides by a tape; `next` changes the last decision that has an alternative left, until all were tried. */
class Tape {
  readonly #decisions: { chosen: number; of: number }[] = []
  #position = 0

  decide(of: number): number {
    const known = this.#decisions[this.#position++]
    if (known !== undefined) return known.chosen
    this.#decisions.push({ chosen: 0, of })
    return 0
  }

  next(): boolean {
    this.#position = 0
    for (let last = this.#decisions.pop(); last !== undefined; last = this.#decisions.pop()) {
      if (last.chosen + 1 >= last.of) continue
      this.#decisions.push({ chosen: last.chosen + 1, of: last.of })
      return true
    }
    return false
  }
}

/** Memory of a loop that another thread interrupts before any operation. Sleepers stand in a list, as in the engine. */
class InterruptedMemory extends SimulatedMemory implements LoopMemory {
  interrupt: () => void = () => undefined
  readonly #sleepers: { readonly cell: number; readonly wake: () => void }[] = []
  /** Woken, and not told yet. */
  readonly #woken: (() => void)[] = []

  get asleep(): number {
    return this.#sleepers.length
  }

  override load(cell: number): number {
    this.interrupt()
    return super.load(cell)
  }

  override compareExchange(cell: number, expected: number, replacement: number): number {
    this.interrupt()
    return super.compareExchange(cell, expected, replacement)
  }

  override notify(cell: number): void {
    for (let index = this.#sleepers.length - 1; index >= 0; index--) {
      const sleeper = this.#sleepers[index]
      if (sleeper?.cell !== cell) continue
      this.#sleepers.splice(index, 1)
      this.#woken.push(sleeper.wake)
    }
  }

  waitAsync(cell: number, expected: number): Promise<unknown> | undefined {
    this.interrupt()
    if (this.cells[cell] !== expected) return undefined
    return new Promise<void>((wake) => this.#sleepers.push({ cell, wake }))
  }

  /** The loop takes note of what has woken it. */
  deliver(): void {
    for (const wake of this.#woken.splice(0)) wake()
  }
}

/** One way in which two waits, an abort and some releases of another thread can meet. */
async function meet(decide: (of: number) => number, releases: number): Promise<void> {
  const memory = new InterruptedMemory(cellsFor(2), 0)
  memory.cells[TOTAL] = releases
  memory.cells[LINES] = 2
  const other = [...Array(releases).keys()].flatMap(() => [() => memory.add(FREE, 1), () => memory.notify(FREE)])
  const goOn = (): void => {
    while (other.length > 0 && decide(2) === 1) other.shift()?.()
  }
  memory.interrupt = goOn
  const controller = new AbortController()
  const waits = new LoopWaits<true>({
    memory,
    cell: FREE,
    isInOrder: true,
    clock: systemClock,
    maxWaiting: 9,
    name: 'test',
  })
  const order: string[] = []
  const wait = (name: string, signal?: AbortSignal): Promise<void> =>
    waits
      .wait(
        () => take(memory, 0, 1),
        { signal, ref: false },
        () => undefined,
      )
      .then(
        () => void order.push(name),
        () => void order.push(`no ${name}`),
      )
  void wait('a', controller.signal)
  void wait('b')
  const turns = [() => controller.abort(), () => memory.deliver()]
  while (turns.length > 0) {
    goOn()
    turns.splice(decide(turns.length), 1)[0]?.()
    await Promise.resolve()
  }
  memory.interrupt = () => undefined
  for (const step of other) step()
  // whatever is woken is told in the end
  for (let turn = 0; turn < 4; turn++) {
    memory.deliver()
    for (let tick = 0; tick < 8; tick++) await Promise.resolve()
  }
  const served = order.filter((name) => !name.startsWith('no')).length
  const free = memory.cells[FREE] ?? 0
  must(free + served === releases, 'a permit was lost or made')
  must(free === 0 || waits.size === 0, 'somebody sleeps beside a free permit')
  must(order.includes('a') || order.includes('no a'), 'the abort was not heeded')
  must(waits.size === 0 || memory.asleep === 1, 'not one wait serves all')
  must(waits.size > 0 || memory.asleep === 0, 'a wait stays behind although nobody waits')
}

describe('LoopWaits', () => {
  it.each([1, 2])(
    'loses no wake-up and leaves nothing behind, however two waits and an abort meet %i releases',
    async (releases) => {
      const tape = new Tape()
      let meetings = 0
      do {
        await meet((of) => tape.decide(of), releases)
        meetings++
      } while (tape.next())
      expect(meetings).toBeGreaterThan(100 * releases)
    },
  )

  it('does so in random meetings with more releases', async () => {
    const random = seeded(11)
    let meetings = 0
    for (; meetings < 3000; meetings++) {
      await meet((of) => (random() < 0.6 ? 0 : Math.floor(random() * of)), 4)
    }
    expect(meetings).toBe(3000)
  })

  it('finds a permit that is given back between two of its steps', () => {
    const memory = new InterruptedMemory(cellsFor(1), 0)
    runSteps(give(memory, 0, 1))
    expect(memory.cells[FREE]).toBe(0)
    memory.add(FREE, 1)
    runSteps(take(memory, 0, 1))
    expect(memory.cells[FREE]).toBe(0)
  })
})
