import type { Progress } from '../../src/shared/run-steps.ts'
import type { Park, Protocol, SharedMemory } from '../../src/shared/shared-memory.ts'

/** A step that the explorer decides: it tries every value below `choices`. */
export interface Choice {
  readonly choices: number
  chosen: number
}

/** A step that is not taken before `when` is true. */
export interface Guard {
  readonly when: () => boolean
}

/** A park that may be ended by an abort or timeout instead of a notification. */
export interface AbortablePark extends Park {
  isGivenUp: boolean
}

export type Step = Park | AbortablePark | Choice | Guard | undefined

/** What one thread does. Code between two yields is one atomic step. */
export type Script = Generator<Step, void, undefined>

export interface Model {
  readonly cells: number
  readonly longs?: number
  /** Fills the memory before the threads start. */
  readonly init?: (memory: SimulatedMemory) => void
  readonly threads: readonly ((world: World) => Script)[]
  /** Threads that may die at any step. */
  readonly mayCrash?: readonly number[]
  /** Throws when a step is wrong that led from `world.before` to the world as it is; asked after every step. */
  readonly transition?: (world: World) => void
  /** Throws when a state is wrong; asked once for each state. */
  readonly invariant?: (world: World) => void
  /** Throws when an end is wrong: no thread can go on. By default all threads must have ended. */
  readonly atEnd?: (world: World) => void
}

export interface Exploration {
  readonly states: number
  readonly ends: number
}

/** An end or invariant that does not hold, and the steps that lead there. */
export class ModelViolation extends Error {
  readonly schedule: readonly string[]

  constructor(message: string, schedule: readonly Action[], cause?: unknown) {
    super(`${message}; after ${schedule.map(show).join(' ')}`, { cause })
    this.schedule = schedule.map(show)
  }
}

/** Memory whose operations are atomic since the explorer runs one thread at a time. */
export class SimulatedMemory implements SharedMemory {
  readonly cells: number[]
  readonly longs: bigint[]
  onResult: (result: number | bigint) => void = () => undefined
  onNotify: (cell: number) => void = () => undefined

  constructor(cells: number, longs: number) {
    this.cells = Array.from({ length: cells }, () => 0)
    this.longs = Array.from({ length: longs }, () => 0n)
  }

  load(cell: number): number {
    return this.#seen(this.cells[cell] ?? 0)
  }

  add(cell: number, delta: number): number {
    const before = this.cells[cell] ?? 0
    this.cells[cell] = (before + delta) | 0
    return this.#seen(before)
  }

  exchange(cell: number, value: number): number {
    const before = this.cells[cell] ?? 0
    this.cells[cell] = value
    return this.#seen(before)
  }

  compareExchange(cell: number, expected: number, replacement: number): number {
    const before = this.cells[cell] ?? 0
    if (before === expected) this.cells[cell] = replacement
    return this.#seen(before)
  }

  notify(cell: number): void {
    this.onNotify(cell)
  }

  loadLong(long: number): bigint {
    return this.#seen(this.longs[long] ?? 0n)
  }

  compareExchangeLong(long: number, expected: bigint, replacement: bigint): bigint {
    const before = this.longs[long] ?? 0n
    if (before === expected) this.longs[long] = replacement
    return this.#seen(before)
  }

  #seen<T extends number | bigint>(result: T): T {
    this.onResult(result)
    return result
  }
}

type Action =
  | { readonly thread: number; readonly kind: 'step' | 'give-up' | 'crash' }
  | { readonly thread: number; readonly kind: 'choose'; readonly chosen: number }

type Status = 'ready' | 'asleep' | 'woken' | 'done' | 'dead'

class SimulatedThread {
  readonly script: Script
  status: Status = 'ready'
  pending: Step
  /** All that the thread has learnt, step by step. As its script is deterministic, this is its local state. */
  history = ''

  constructor(script: Script) {
    this.script = script
  }

  advance(): void {
    const step = this.script.next()
    this.status = step.done === true ? 'done' : 'ready'
    this.pending = step.done === true ? undefined : step.value
  }
}

/** One state of a model: the memory, where each thread is, and facts that the scripts note for the invariants. */
export class World {
  readonly memory: SimulatedMemory
  /** Facts that are no part of the memory under test. */
  readonly ghost: Record<string, number> = {}
  /** The longs as they were before the last step. */
  before: readonly bigint[] = []
  readonly #threads: SimulatedThread[]
  readonly #mayCrash: ReadonlySet<number>
  #running: SimulatedThread | undefined

  constructor(model: Model) {
    this.memory = new SimulatedMemory(model.cells, model.longs ?? 0)
    model.init?.(this.memory)
    this.memory.onResult = (result) => {
      if (this.#running !== undefined) this.#running.history += `,${result}`
    }
    this.memory.onNotify = (cell) => {
      for (const thread of this.#threads) {
        if (thread.status === 'asleep' && isPark(thread.pending) && thread.pending.cell === cell)
          thread.status = 'ready'
      }
    }
    this.#mayCrash = new Set(model.mayCrash)
    this.#threads = model.threads.map((start) => new SimulatedThread(start(this)))
    for (const thread of this.#threads) this.#run(thread, () => thread.advance())
  }

  isDead(thread: number): boolean {
    return this.#threads[thread]?.status === 'dead'
  }

  isDone(thread: number): boolean {
    return this.#threads[thread]?.status === 'done'
  }

  /** Threads that have neither ended nor died. */
  get unfinished(): readonly number[] {
    return this.#threads.flatMap(({ status }, index) => (status === 'done' || status === 'dead' ? [] : [index]))
  }

  /** Lets the running thread forget what it has learnt: it starts again from a place that `label` tells. */
  forget(label: string): void {
    if (this.#running !== undefined) this.#running.history = label
  }

  get key(): string {
    const { cells, longs } = this.memory
    let key = `${cells.join()}|${longs.join()}`
    for (const fact in this.ghost) key += `|${fact}${this.ghost[fact]}`
    for (const { status, history } of this.#threads) key += `|${status[0]}${history}`
    return key
  }

  get actions(): readonly Action[] {
    return this.#threads.flatMap((thread, index) => this.#actionsOf(thread, index))
  }

  apply(action: Action): void {
    const thread = this.#threads[action.thread]
    if (thread === undefined) throw new Error('no such thread')
    this.before = [...this.memory.longs]
    if (action.kind === 'crash') {
      thread.status = 'dead'
      return
    }
    const { pending } = thread
    if (action.kind === 'give-up' && pending !== undefined && 'isGivenUp' in pending) {
      pending.isGivenUp = true
      thread.history += 'g'
    } else if (action.kind === 'choose' && pending !== undefined && 'choices' in pending) {
      pending.chosen = action.chosen
      thread.history += `c${action.chosen}`
    } else if (isPark(pending) && thread.status === 'ready' && this.memory.cells[pending.cell] === pending.expected) {
      // compares and falls asleep in one step, as the engine does
      thread.status = 'asleep'
      return
    }
    this.#run(thread, () => thread.advance())
  }

  #run(thread: SimulatedThread, body: () => void): void {
    this.#running = thread
    body()
    thread.history += ';'
    this.#running = undefined
  }

  #actionsOf(thread: SimulatedThread, index: number): Action[] {
    const { pending, status } = thread
    if (status === 'done' || status === 'dead') return []
    const actions: Action[] = this.#mayCrash.has(index) ? [{ thread: index, kind: 'crash' }] : []
    if (status === 'asleep' || status === 'woken') {
      if (pending !== undefined && 'isGivenUp' in pending) actions.push({ thread: index, kind: 'give-up' })
      if (status === 'woken') actions.push({ thread: index, kind: 'step' })
      return actions
    }
    if (pending !== undefined && 'choices' in pending) {
      for (let chosen = 0; chosen < pending.choices; chosen++) actions.push({ thread: index, kind: 'choose', chosen })
    } else if (pending === undefined || !('when' in pending) || pending.when()) {
      actions.push({ thread: index, kind: 'step' })
    }
    return actions
  }
}

/**
 * Visits every state that any interleaving of the model's threads can reach, each once. Generators cannot be copied, so
 * a state is reached again by repeating the steps that led to it.
 *
 * @throws ModelViolation with the schedule that leads to a wrong state
 */
export function explore(model: Model, limit = 3_000_000): Exploration {
  const visited = new Set<string>()
  const open: Action[][] = [[]]
  let ends = 0
  for (let schedule = open.pop(); schedule !== undefined; schedule = open.pop()) {
    const world = new World(model)
    for (const action of schedule) world.apply(action)
    for (;;) {
      if (model.transition !== undefined && schedule.length > 0) check(() => model.transition?.(world), schedule)
      const { key } = world
      if (visited.has(key)) break
      visited.add(key)
      if (visited.size > limit) throw new Error(`more than ${limit} states; make the model smaller`)
      check(() => model.invariant?.(world), schedule)
      const [first, ...others] = world.actions
      if (first === undefined) {
        ends++
        checkEnd(model, world, schedule)
        break
      }
      for (const action of others) open.push([...schedule, action])
      schedule.push(first)
      world.apply(first)
    }
  }
  return { states: visited.size, ends }
}

function checkEnd(model: Model, world: World, schedule: readonly Action[]): void {
  if (model.atEnd !== undefined) {
    check(() => model.atEnd?.(world), schedule)
  } else if (world.unfinished.length > 0) {
    throw new ModelViolation(`threads ${world.unfinished.join()} sleep for ever`, schedule)
  }
}

function check(body: () => void, schedule: readonly Action[]): void {
  try {
    body()
  } catch (cause) {
    throw new ModelViolation(cause instanceof Error ? cause.message : 'wrong state', schedule, cause)
  }
}

function isPark(step: Step): step is Park {
  return step !== undefined && 'cell' in step
}

function show(action: Action): string {
  return `${action.thread}${action.kind === 'step' ? '' : action.kind === 'choose' ? `=${action.chosen}` : `(${action.kind})`}`
}

/**
 * Runs a protocol to its end like `LoopWaits` and `blockOn` do: after each sleep it starts again from the top.
 *
 * @param label tells where in its script the thread is
 */
export function* untilDone<R>(world: World, label: string, start: () => Protocol<R>): Generator<Step, R, undefined> {
  for (;;) {
    const progress = yield* untilPark(start())
    if (progress.isDone) return progress.value
    yield progress.park
    world.forget(label)
  }
}

/** The same, but whoever sleeps may give up, and then wakes all so that nothing of it stays behind. */
export function* untilDoneOrGivenUp<R>(
  world: World,
  label: string,
  start: () => Protocol<R>,
): Generator<Step, R | undefined, undefined> {
  for (;;) {
    const progress = yield* untilPark(start())
    if (progress.isDone) return progress.value
    const park: AbortablePark = { ...progress.park, isGivenUp: false }
    yield park
    world.forget(label)
    if (!park.isGivenUp) continue
    yield
    world.memory.notify(park.cell)
    return undefined
  }
}

function* untilPark<R>(protocol: Protocol<R>): Generator<undefined, Progress<R>, undefined> {
  for (;;) {
    const step = protocol.next()
    if (step.done === true) return { isDone: true, value: step.value }
    if (step.value !== undefined) return { isDone: false, park: step.value }
    yield
  }
}
