import { describe, expect, it } from 'vitest'
import type { ThreadEvent } from '../../src/thread-event/thread-event.ts'
import { explore, type Exploration, type Script, type World } from '../shared/model-checker.ts'
import { must } from '../shared/must.ts'
import {
  ABORTED,
  type Ending,
  type Fate,
  type Fault,
  isListed,
  sleptOn,
  SteppedSource,
} from '../shared/stepped-source.ts'

type Thread = (world: World, thread: number) => Script

const IS_SET = 0
const RELEASES = 1
const module = new URL('../../src/thread-event/thread-event.ts', import.meta.url)

function stepped(fault: Fault = 'none'): { readonly source: SteppedSource<unknown>; readonly event: ThreadEvent } {
  const source = new SteppedSource<{ readonly ThreadEvent: new () => ThreadEvent }>(module, { fault })
  const event = new source.exports.ThreadEvent()
  return { source: source.start(), event }
}

const { source, event } = stepped()

/** A thread that does these one after the other. */
function doing(...operations: readonly ('set' | 'clear' | 'pulse')[]): Thread {
  return function* (world, thread): Script {
    for (const [index, operation] of operations.entries()) {
      yield* source.call({ world, thread }, () => event[operation]())
      world.forget(`did ${index}`)
    }
  }
}

/** A thread that waits, on its loop or blocking, and notes how that ended. */
function waiting(how: 'wait' | 'waitSync', fate: Fate = {}, used = { source, event }): Thread {
  return function* (world, thread): Script {
    const given = { world, thread, fate }
    const ending = yield* used.source.call(given, (signal) =>
      how === 'wait' ? used.event.wait({ signal }) : used.event.waitSync(),
    )
    world.ghost[`ended ${thread}`] = codeOf(ending)
  }
}

const RELEASED = 1
const TIMED_OUT = 2
const GAVE_UP = 3

function codeOf(ending: Ending): number {
  if ('value' in ending) return ending.value === true ? RELEASED : TIMED_OUT
  must(ending.error === ABORTED, `failed: ${String(ending.error)}`)
  return GAVE_UP
}

function run(threads: readonly Thread[], atEnd: (world: World) => void): Exploration {
  return explore(
    source.model(threads, {
      invariant: ({ memory }) => must((memory.cells[IS_SET] ?? 0) <= 1, 'the flag is neither set nor clear'),
      atEnd: (world) => {
        for (const [thread] of threads.entries())
          must(!world.isDone(thread) || !isListed(world, thread), 'a wait that has ended stays in the engine')
        atEnd(world)
      },
    }),
  )
}

const noneSleeps = (world: World): void => must(world.unfinished.length === 0, 'a thread sleeps for ever')

describe('the protocol of ThreadEvent, its own code in every interleaving', () => {
  const wait = waiting('wait')
  const waitSync = waiting('waitSync')

  it.each([
    { name: 'two that wait', threads: [doing('set'), wait, wait] },
    { name: 'one that waits and one that blocks', threads: [doing('set'), wait, waitSync] },
    { name: 'two that set', threads: [doing('set'), doing('set'), waitSync, wait] },
    { name: 'set, cleared and set again', threads: [doing('set', 'clear', 'set'), wait, waitSync] },
    { name: 'cleared by another before it is set', threads: [doing('clear'), doing('set', 'clear', 'set'), wait] },
  ])('releases all when it stays set: $name', ({ threads }) => {
    const { states, ends } = run(threads, (world) => {
      // who clears last leaves some asleep; the others may not be
      if (world.memory.cells[IS_SET] === 1) noneSleeps(world)
    })
    expect(states).toBeGreaterThan(50)
    expect(ends).toBeGreaterThan(0)
  })

  it.each([
    { name: 'set and cleared', threads: [doing('set', 'clear'), wait, waitSync] },
    { name: 'set and cleared by two', threads: [doing('set'), doing('clear'), wait, waitSync] },
    { name: 'pulsed', threads: [doing('pulse'), wait, waitSync] },
    { name: 'pulsed twice, and cleared', threads: [doing('pulse', 'pulse'), doing('clear'), waitSync] },
  ])('leaves nobody asleep who had looked before a release: $name', ({ threads }) => {
    let sleepers = 0
    run(threads, (world) => {
      // the first thing that a waiter does is to read the number of releases, and it sleeps on what it read
      const { memory, unfinished } = world
      for (const thread of unfinished) {
        sleepers++
        must(isListed(world, thread), 'a thread that does not sleep goes no further')
        must(memory.cells[RELEASES] === sleptOn(world, thread), 'slept through a release')
      }
    })
    expect(sleepers).toBeGreaterThan(0)
  })

  it('gives up at an abort, wherever that comes, and disturbs nobody', () => {
    const ends = new Set<number | undefined>()
    run([waiting('wait', { mayAbort: true }), wait, doing('set')], (world) => {
      noneSleeps(world)
      must(world.ghost['ended 1'] === RELEASED, 'another was not released')
      ends.add(world.ghost['ended 0'])
    })
    expect(ends).toEqual(new Set([RELEASED, GAVE_UP]))
  })

  it('lets those sleep on whom the abort of another has woken', () => {
    let ends = 0
    run([waiting('wait', { mayAbort: true }), wait, waitSync], (world) => {
      ends++
      must(world.ghost['ended 0'] === GAVE_UP, 'the aborted wait goes on')
      must(world.unfinished.join() === '1,2', 'an abort has released others')
      must(isListed(world, 1) && isListed(world, 2), 'a thread is awake and does nothing')
    })
    expect(ends).toBeGreaterThan(0)
  })

  it('tells one that blocks whether it was released or its time is over', () => {
    const ends = new Set<number | undefined>()
    run([waiting('waitSync', { mayTimeOut: true }), doing('set'), waitSync], (world) => {
      noneSleeps(world)
      ends.add(world.ghost['ended 0'])
      must(world.ghost['ended 2'] === RELEASED, 'another was not released')
    })
    expect(ends).toEqual(new Set([RELEASED, TIMED_OUT]))
  })

  it.each<Fault>(['notifies nobody', 'sleeps without comparing'])('is found to hang with a memory that %s', (fault) => {
    const faulty = stepped(fault)
    for (const how of ['wait', 'waitSync'] as const) {
      const setter: Thread = function* (world, thread): Script {
        yield* faulty.source.call({ world, thread }, () => faulty.event.set())
      }
      const model = faulty.source.model([setter, waiting(how, {}, faulty)], {})
      expect(() => explore(model)).toThrow('sleep for ever')
    }
  })
})
