import { describe, expect, it } from 'vitest'
import { FIRST_CELL } from '../../src/shared/atomic-memory.ts'
import { addTo, awaitWithin, replaceIf, VALUE } from '../../src/shared/counter-protocol.ts'
import { awaitOpen, COUNT, countDown } from '../../src/shared/latch-protocol.ts'
import { explore, type Script, untilDone, untilDoneOrGivenUp, type World } from './model-checker.ts'
import { must } from './must.ts'

const SAFE = { min: -1000n, max: 1000n }

function count(world: World, fact: string, delta: number): void {
  world.ghost[fact] = (world.ghost[fact] ?? 0) + delta
}

describe('the protocol of ThreadLatch', () => {
  const down = (n: number) =>
    function* ({ memory }: World): Script {
      yield* countDown(memory, n)
    }
  const wait = function* (world: World): Script {
    yield* untilDone(world, 'wait', () => awaitOpen(world.memory))
    must(world.memory.cells[COUNT] === 0, 'a waiter passed a shut latch')
  }
  const waitOrGiveUp = function* (world: World): Script {
    yield* untilDoneOrGivenUp(world, 'wait', () => awaitOpen(world.memory))
  }

  it.each([
    { name: 'two count down, two wait', threads: [down(1), down(1), wait, wait] },
    { name: 'one counts too far, one may give up', threads: [down(1), down(5), wait, waitOrGiveUp] },
  ])('opens for all, once it is counted down: $name', ({ threads }) => {
    const { ends } = explore({
      cells: FIRST_CELL + 2,
      init: (memory) => (memory.cells[COUNT] = 2),
      threads,
      invariant: ({ memory }) => must((memory.cells[COUNT] ?? 0) >= 0, 'counted below 0'),
    })
    expect(ends).toBeGreaterThan(0)
  })

  it('stays shut while a count is missing', () => {
    const { ends } = explore({
      cells: FIRST_CELL + 2,
      init: (memory) => (memory.cells[COUNT] = 2),
      threads: [down(1), wait],
      atEnd: ({ unfinished }) => expect(unfinished).toEqual([1]),
    })
    expect(ends).toBeGreaterThan(0)
  })
})

describe('the protocol of ThreadCounter', () => {
  const add = (delta: bigint) =>
    function* ({ memory }: World): Script {
      yield* addTo(memory, delta, SAFE)
    }
  const waitFor = (min: bigint, max: bigint) =>
    function* (world: World): Script {
      const value = yield* untilDone(world, 'wait', () => awaitWithin(world.memory, { min, max }))
      must(value >= min && value <= max, 'a waiter passed without its condition')
    }

  it('loses no addition and wakes everybody whose condition comes to stay', () => {
    const { states } = explore({
      cells: 4,
      longs: 4,
      threads: [add(1n), add(2n), waitFor(3n, 1000n)],
      atEnd: ({ memory, unfinished }) => {
        must(unfinished.length === 0, 'a waiter sleeps for ever')
        must(memory.longs[VALUE] === 3n, 'an addition is lost')
      },
    })
    expect(states).toBeGreaterThan(100)
  })

  it('wakes two who wait for different values', () => {
    const { ends } = explore({
      cells: 4,
      longs: 4,
      threads: [add(1n), add(-2n), waitFor(-5n, -1n), waitFor(-1000n, 0n)],
    })
    expect(ends).toBeGreaterThan(0)
  })

  it('changes nothing when the result would leave the range', () => {
    explore({
      cells: 4,
      longs: 4,
      init: (memory) => (memory.longs[VALUE] = 999n),
      threads: [add(1n), add(1n)],
      invariant: ({ memory }) => must((memory.longs[VALUE] ?? 0n) <= 1000n, 'left the range'),
      atEnd: ({ memory }) => expect(memory.longs[VALUE]).toBe(1000n),
    })
  })

  it('lets one of two win a compare-and-set, and wakes who waits for it', () => {
    const set = (value: bigint) =>
      function* (world: World): Script {
        if ((yield* replaceIf(world.memory, 0n, value)) === 0n) count(world, 'won', 1)
      }
    explore({
      cells: 4,
      longs: 4,
      threads: [set(1n), set(2n), waitFor(1n, 2n)],
      atEnd: ({ ghost, unfinished }) => {
        expect(ghost['won']).toBe(1)
        expect(unfinished).toEqual([])
      },
    })
  })
})
