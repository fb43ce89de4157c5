import { describe, expect, it } from 'vitest'
import {
  cellsFor,
  claimLine,
  FREE,
  give,
  heldBy,
  LINES,
  ownerOf,
  reclaim,
  take,
  TOTAL,
  tryTake,
} from '../../src/shared/semaphore-protocol.ts'
import {
  explore,
  type Script,
  type SimulatedMemory,
  untilDone,
  untilDoneOrGivenUp,
  type World,
} from './model-checker.ts'
import { must } from './must.ts'

function count(world: World, fact: string, delta: number): void {
  world.ghost[fact] = (world.ghost[fact] ?? 0) + delta
}

describe('the protocol of ThreadSemaphore', () => {
  function init(total: number, owners: readonly number[]): (memory: SimulatedMemory) => void {
    return (memory) => {
      memory.cells[TOTAL] = total
      memory.cells[FREE] = total
      memory.cells[LINES] = owners.length
      for (const [line, owner] of owners.entries()) memory.cells[ownerOf(line)] = owner
    }
  }

  /** One thread that enters once, or gives up. */
  function user(line: number, n: number, how: 'wait' | 'abortable' | 'try' = 'wait'): (world: World) => Script {
    return function* (world): Script {
      const { memory } = world
      if (how === 'try') {
        if (!(yield* tryTake(memory, line, n))) return
      } else if (how === 'abortable') {
        if ((yield* untilDoneOrGivenUp(world, 'take', () => take(memory, line, n))) === undefined) return
      } else {
        yield* untilDone(world, 'take', () => take(memory, line, n))
      }
      world.forget('inside')
      count(world, 'inside', n)
      yield
      count(world, 'inside', -n)
      yield* give(memory, line, n)
    }
  }

  function held(world: World): number {
    const { memory } = world
    let sum = 0
    for (let line = 0; line < (memory.cells[LINES] ?? 0); line++) sum += memory.cells[heldBy(line)] ?? 0
    return sum
  }

  function free(world: World): number {
    return world.memory.cells[FREE] ?? 0
  }

  const never =
    (total: number) =>
    (world: World): void => {
      must((world.ghost['inside'] ?? 0) <= total, 'more are inside than there are permits')
      must(free(world) >= 0, 'fewer than no permits are free')
      must(free(world) + held(world) <= total, 'permits have come out of nothing')
    }

  const complete =
    (total: number) =>
    (world: World): void => {
      if (world.unfinished.length > 0) throw new Error(`threads ${world.unfinished.join()} sleep for ever`)
      expect(free(world)).toBe(total)
      expect(held(world)).toBe(0)
    }

  it.each([
    { name: 'three threads, one permit', total: 1, users: [user(0, 1), user(1, 1), user(2, 1)] },
    { name: 'three threads, two permits, one wants both', total: 2, users: [user(0, 1), user(1, 2), user(2, 1)] },
    { name: 'two that wait and one that tries', total: 1, users: [user(0, 1), user(1, 1), user(2, 1, 'try')] },
    { name: 'two that may give up', total: 1, users: [user(0, 1), user(1, 1, 'abortable'), user(2, 1, 'abortable')] },
    {
      name: 'one that gives up before one that wants more',
      total: 2,
      users: [user(0, 2), user(1, 2, 'abortable'), user(2, 1)],
    },
    { name: 'two waits of one thread', total: 1, users: [user(0, 1), user(0, 1, 'abortable'), user(1, 1)] },
  ])('never admits too many and never loses a wake-up: $name', ({ total, users }) => {
    const { states } = explore({
      cells: cellsFor(3),
      init: init(total, [1, 2, 3]),
      threads: users,
      invariant: never(total),
      atEnd: complete(total),
    })
    expect(states).toBeGreaterThan(100)
  })

  it('gives the permits of a thread that dies at any step back, or loses them, but never makes more', () => {
    let lost = 0
    let recovered = 0
    explore({
      cells: cellsFor(2),
      init: init(1, [1, 2]),
      mayCrash: [0],
      threads: [
        user(0, 1),
        user(1, 1),
        function* (world): Script {
          yield { when: () => world.isDead(0) || world.isDone(0) }
          if (!world.isDead(0)) return
          yield* reclaim(world.memory, 1)
        },
      ],
      invariant: (world) => {
        must(free(world) >= 0 && free(world) + held(world) <= 1, 'more permits than there are')
      },
      atEnd: (world) => {
        if (world.unfinished.length > 0 || free(world) < 1) {
          // the only way: it died between taking and writing that down, or while giving back
          must(world.isDead(0) && held(world) === 0, 'a permit is lost although nobody died')
          lost++
        } else {
          recovered++
        }
      },
    })
    expect(lost).toBeGreaterThan(0)
    expect(recovered).toBeGreaterThan(0)
  })

  it('wakes everybody although one that was woken, too, dies before it can do anything', () => {
    let survivors = 0
    explore({
      cells: cellsFor(3),
      init: (memory) => {
        init(1, [1, 2, 3])(memory)
        memory.cells[FREE] = 0
        memory.cells[heldBy(0)] = 1
      },
      mayCrash: [1],
      threads: [
        function* ({ memory }): Script {
          yield* give(memory, 0, 1)
        },
        user(1, 1),
        user(2, 1),
        function* (world): Script {
          yield { when: () => world.isDead(1) || world.isDone(1) }
          if (world.isDead(1)) yield* reclaim(world.memory, 2)
        },
      ],
      invariant: (world) => {
        must(free(world) >= 0 && free(world) + held(world) <= 1, 'more permits than there are')
      },
      atEnd: (world) => {
        // with the permit there, nobody may sleep
        if (free(world) === 1) must(world.unfinished.length === 0, 'a thread sleeps beside a free permit')
        else must(world.isDead(1) && held(world) === 0, 'a permit is lost although nobody died')
        if (world.isDead(1) && world.unfinished.length === 0) survivors++
      },
    })
    expect(survivors).toBeGreaterThan(0)
  })

  it('gives each owner one line, to no two the same', () => {
    const claim = (owner: number) =>
      function* (world: World): Script {
        const line = yield* claimLine(world.memory, owner)
        world.ghost[`of ${owner}`] = line ?? -1
      }
    explore({
      cells: cellsFor(2),
      init: init(1, [0, 0]),
      threads: [claim(7), claim(8), claim(9)],
      atEnd: ({ ghost, unfinished }) => {
        expect(unfinished).toEqual([])
        expect([ghost['of 7'], ghost['of 8'], ghost['of 9']].map(Number).toSorted((a, b) => a - b)).toEqual([-1, 0, 1])
      },
    })
  })

  it('finds the line that an owner has already', () => {
    explore({
      cells: cellsFor(3),
      init: init(1, [5, 6, 0]),
      threads: [
        function* (world): Script {
          world.ghost['line'] = (yield* claimLine(world.memory, 6)) ?? -1
          world.ghost['reclaimed'] = yield* reclaim(world.memory, 4)
          yield* reclaim(world.memory, 5)
          world.ghost['free again'] = (yield* claimLine(world.memory, 7)) ?? -1
        },
      ],
      atEnd: ({ ghost }) => expect(ghost).toEqual({ line: 1, reclaimed: 0, 'free again': 0 }),
    })
  })

  it('does not give back twice what was reclaimed while its thread lived', () => {
    const { ends } = explore({
      cells: cellsFor(2),
      init: init(2, [1, 2]),
      threads: [
        user(0, 2),
        function* ({ memory }): Script {
          yield* reclaim(memory, 1)
        },
      ],
      invariant: (world) => must(free(world) + held(world) <= 2, 'more permits than there are'),
    })
    expect(ends).toBeGreaterThan(0)
  })
})
