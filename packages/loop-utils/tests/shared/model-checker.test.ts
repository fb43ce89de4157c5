import { describe, expect, it } from 'vitest'
import { addTo, CHANGES, VALUE } from '../../src/shared/counter-protocol.ts'
import { FREE } from '../../src/shared/semaphore-protocol.ts'
import type { Protocol, SharedMemory } from '../../src/shared/shared-memory.ts'
import { explore, type Model, ModelViolation, type Script, type World } from './model-checker.ts'
import { must } from './must.ts'

const SAFE = { min: -1000n, max: 1000n }

function count(world: World, fact: string, delta: number): void {
  world.ghost[fact] = (world.ghost[fact] ?? 0) + delta
}

describe('the model checker', () => {
  function* lazyTake(memory: SharedMemory): Protocol<void> {
    // reads and writes in two steps: two threads can both see the permit
    for (;;) {
      yield
      const free = memory.load(FREE)
      if (free > 0) {
        yield
        memory.exchange(FREE, free - 1)
        return
      }
      yield { cell: FREE, expected: free }
    }
  }

  function* put(memory: SharedMemory): Protocol<void> {
    yield
    memory.add(FREE, 1)
    yield
    memory.notify(FREE)
  }

  function* deafPut(memory: SharedMemory): Protocol<void> {
    yield
    memory.notify(FREE)
    yield
    memory.add(FREE, 1)
  }

  function* goodTake(memory: SharedMemory): Protocol<void> {
    for (;;) {
      yield
      const free = memory.load(FREE)
      yield
      if (free > 0 && memory.compareExchange(FREE, free, free - 1) === free) return
      if (free === 0) yield { cell: FREE, expected: 0 }
    }
  }

  const mutex = (takeOne: typeof goodTake, putOne: typeof put): Model => ({
    cells: 8,
    init: (memory) => (memory.cells[FREE] = 1),
    threads: [1, 2].map(
      () =>
        function* (world: World): Script {
          yield* takeOne(world.memory)
          count(world, 'inside', 1)
          yield
          count(world, 'inside', -1)
          yield* putOne(world.memory)
        },
    ),
    invariant: (world) => must((world.ghost['inside'] ?? 0) <= 1, 'two are inside'),
  })

  it('passes a mutex that is right', () => {
    expect(explore(mutex(goodTake, put)).ends).toBeGreaterThan(0)
  })

  it('finds two threads inside when taking is no atomic step', () => {
    expect(() => explore(mutex(lazyTake, put))).toThrow(ModelViolation)
  })

  it('finds a lost wake-up when the notification comes before the change', () => {
    expect(() => explore(mutex(goodTake, deafPut))).toThrow('sleep for ever')
  })

  it('finds a value that is read before the number of changes', () => {
    function* hasty(memory: SharedMemory): Protocol<void> {
      for (;;) {
        yield
        const value = memory.loadLong(VALUE)
        yield
        const changes = memory.load(CHANGES)
        if (value >= 1n) return
        yield { cell: CHANGES, expected: changes }
      }
    }
    const model: Model = {
      cells: 8,
      longs: 4,
      threads: [
        function* ({ memory }): Script {
          yield* hasty(memory)
        },
        function* ({ memory }): Script {
          yield* addTo(memory, 1n, SAFE)
        },
      ],
    }
    expect(() => explore(model)).toThrow('sleep for ever')
  })

  it('tries every choice, guard and crash', () => {
    const ends = new Set<string>()
    explore({
      cells: 4,
      threads: [
        function* (world): Script {
          const choice = { choices: 3, chosen: 0 }
          yield choice
          world.ghost['chosen'] = choice.chosen
          yield
        },
        function* (world): Script {
          yield { when: () => world.ghost['chosen'] === 1 }
          world.ghost['passed'] = 1
        },
      ],
      mayCrash: [0],
      atEnd: (world) =>
        ends.add(`${world.ghost['chosen'] ?? '-'}${world.isDead(0) ? 'x' : ''}${world.ghost['passed'] ?? ''}`),
    })
    expect([...ends].sort()).toEqual(['-x', '0', '0x', '1', '1x1', '11', '2', '2x'].sort().filter((end) => end !== '1'))
  })
})
