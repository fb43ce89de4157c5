import { describe, expect, it } from 'vitest'
import type { CancelCause, TaskControl } from '../../src/executor/task-control.ts'
import { explore, type Exploration, type Script, type Step, type World } from '../shared/model-checker.ts'
import { must } from '../shared/must.ts'
import { type Fault, isListed, SteppedSource } from '../shared/stepped-source.ts'

type Thread = (world: World, thread: number) => Script
type Call = (control: TaskControl) => unknown
/** When a function returns. */
type Return = 'at some time' | 'when told'

const CAUSES: readonly CancelCause[] = ['none', 'aborted', 'timed-out', 'closed']
const ABORTED = 1
const TIMED_OUT = 2
const module = new URL('../../src/executor/task-control.ts', import.meta.url)

/** The threads of one task, all of which run the code of TaskControl. */
class Task {
  readonly #source: SteppedSource<{ readonly TaskControl: new () => TaskControl }>
  readonly #control: TaskControl

  constructor(fault: Fault = 'none') {
    this.#source = new SteppedSource(module, { fault })
    this.#control = new this.#source.exports.TaskControl()
    this.#source.start()
  }

  /** These calls one after the other; what each returned is noted under the number of its thread and its own. */
  doing(...calls: readonly Call[]): Thread {
    return (world, thread) => this.#do(world, thread, calls)
  }

  /** The pool's thread: calls the function if it may; it returns at some time, or not before it is told to. */
  worker(returns: Return = 'at some time'): Thread {
    return (world, thread) => this.#work(world, thread, returns)
  }

  /** The signal of the function, made at some time after the function was called. */
  signal(): Thread {
    return (world, thread) => this.#follow(world, thread)
  }

  /** The owner, once its pool has told that the thread is done with the task. */
  released(): Thread {
    return (world, thread) => this.#release(world, thread)
  }

  explore(threads: readonly Thread[], laws: (world: World) => void): Exploration {
    const atEnd = (world: World): void => {
      for (const [thread] of threads.entries())
        must(!world.isDone(thread) || !isListed(world, thread), 'a wait that has ended stays in the engine')
      laws(world)
    }
    return explore(this.#source.model(threads, { atEnd }))
  }

  *#do(world: World, thread: number, calls: readonly Call[]): Script {
    for (const [index, call] of calls.entries()) {
      const value = yield* this.#call(world, thread, call)
      world.ghost[`${thread}.${index}`] = noted(value)
      world.forget(`${index + 1}`)
    }
  }

  *#work(world: World, thread: number, returns: Return): Script {
    const isBegun = yield* this.#call(world, thread, (control) => control.begin())
    world.ghost['begun'] = noted(isBegun)
    world.forget('in the function')
    if (isBegun !== true) return
    yield { when: () => returns === 'at some time' || (world.ghost['told'] ?? 0) !== 0 }
    yield* this.#call(world, thread, (control) => control.end())
    world.ghost['returned'] = 1
  }

  *#follow(world: World, thread: number): Script {
    yield { when: () => world.ghost['begun'] !== undefined }
    if (world.ghost['begun'] !== 1) return
    yield* this.#call(world, thread, (control) => control.whenCancelled())
    world.forget('woken')
    world.ghost['told'] = noted(yield* this.#call(world, thread, (control) => control.cancelCause))
  }

  *#release(world: World, thread: number): Script {
    yield { when: () => world.ghost['returned'] === 1 || world.ghost['begun'] === 0 }
    yield* this.#call(world, thread, (control) => control.release())
    world.ghost['released'] = 1
  }

  *#call(world: World, thread: number, call: Call): Generator<Step, unknown, undefined> {
    const ending = yield* this.#source.call({ world, thread }, () => call(this.#control))
    if ('error' in ending) throw ending.error
    return ending.value
  }
}

function noted(value: unknown): number {
  return typeof value === 'string' ? CAUSES.indexOf(value as CancelCause) : Number(value ?? 0)
}

const task = new Task()
const withdraw: Call = (control) => control.withdraw()
const whenBegun: Call = (control) => control.whenBegun()
const hasBegun: Call = (control) => control.hasBegun
const abort: Call = (control) => control.cancel('aborted')
const timeOut: Call = (control) => control.cancel('timed-out')
const cause: Call = (control) => control.cancelCause

const noneSleeps = ({ unfinished }: World): void => must(unfinished.length === 0, 'a thread sleeps for ever')

describe('the protocol of TaskControl, its own code in every interleaving', () => {
  it('either begins a task or lets it be withdrawn', () => {
    const ends = new Set<number>()
    const { states } = task.explore([task.doing(hasBegun, withdraw, hasBegun), task.worker()], (world) => {
      noneSleeps(world)
      const { ghost } = world
      const { begun = 0, returned = 0 } = ghost
      must(begun + (ghost['0.1'] ?? 0) === 1, 'both won, or nobody')
      must(begun === returned, 'a function that was called has not returned')
      must(ghost['0.2'] === begun, 'the owner does not know whether the function was called')
      must((ghost['0.0'] ?? 0) <= begun, 'the owner believed too early that it was called')
      ends.add(begun)
    })
    expect(ends).toEqual(new Set([0, 1]))
    expect(states).toBeGreaterThan(20)
  })

  it('tells the owner that the task has left the queue, begun or withdrawn', () => {
    const threads = [task.doing(whenBegun, hasBegun), task.doing(withdraw), task.worker()]
    const { ends } = task.explore(threads, (world) => {
      noneSleeps(world)
      // the phase is decided when the wait ends
      must(world.ghost['0.1'] === world.ghost['begun'], 'the wait ended before the matter was decided')
    })
    expect(ends).toBeGreaterThan(0)
  })

  it('tells the function why it is cancelled, whenever it looks', () => {
    const told = new Set<number | undefined>()
    task.explore(
      [task.doing(withdraw, abort), task.worker(), task.signal(), task.released()],
      ({ ghost, unfinished }) => {
        // who asks for the signal after all is over may wait in vain, but only then
        must(unfinished.length === 0 || (unfinished.join() === '2' && ghost['released'] === 1), 'sleeps for ever')
        if (ghost['begun'] === 0) must(ghost['told'] === undefined, 'a function that was not called was cancelled')
        told.add(ghost['told'])
      },
    )
    // cancelled, or over before that
    expect(told).toContain(ABORTED)
    expect(told).toContain(0)
  })

  it('ends a function that returns only when it is told to', () => {
    const threads = [task.doing(abort), task.worker('when told'), task.signal(), task.released()]
    const { ends } = task.explore(threads, (world) => {
      noneSleeps(world)
      must(world.ghost['told'] === ABORTED, 'told something else')
    })
    expect(ends).toBeGreaterThan(0)
  })

  it('keeps the first of two causes', () => {
    const causes = new Set<number | undefined>()
    task.explore([task.doing(abort, cause), task.doing(timeOut, cause), task.doing(cause, cause)], (world) => {
      noneSleeps(world)
      const { ghost } = world
      must(ghost['0.1'] === ghost['1.1'] && ghost['0.1'] !== 0, 'two causes')
      for (const seen of [ghost['2.0'], ghost['2.1']]) must(seen === 0 || seen === ghost['0.1'], 'the cause changes')
      must(ghost['2.0'] === 0 || ghost['2.0'] === ghost['2.1'], 'the cause is taken back')
      causes.add(ghost['0.1'])
    })
    expect(causes).toEqual(new Set([ABORTED, TIMED_OUT]))
  })

  it('wakes all of its waits in the end, so that the engine keeps nothing of it', () => {
    let looked = 0
    const { ends } = task.explore(
      [task.doing(whenBegun), task.worker(), task.signal(), task.released()],
      ({ ghost, unfinished }) => {
        looked++
        must(!unfinished.includes(0), 'the owner waits for ever')
        must(unfinished.length === 0 || ghost['released'] === 1, 'a wait is left though nobody was released')
      },
    )
    expect(looked).toBe(ends)
  })

  it.each<Fault>(['notifies nobody', 'sleeps without comparing'])('is found to hang with a memory that %s', (fault) => {
    const faulty = new Task(fault)
    const threads = [faulty.doing(whenBegun), faulty.worker()]
    expect(() => faulty.explore(threads, noneSleeps)).toThrow('sleeps for ever')
  })
})
