import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { createContext, Script as VmScript, type Context } from 'node:vm'
import { buildSync } from 'esbuild'
import type { Model, Script, SimulatedMemory, Step, World } from './model-checker.ts'

/** What may happen to a thread that sleeps, besides being woken. */
export interface Fate {
  /** A wait that blocks may run out of time at any moment. */
  readonly mayTimeOut?: boolean
  /** The signal that the call was given may be aborted at any moment of a wait; once. */
  readonly mayAbort?: boolean
}

/** How a call ended. */
export type Ending = { readonly value: unknown } | { readonly error: unknown }

/** A fault of the memory, to show that the laws notice one. */
export type Fault = 'none' | 'notifies nobody' | 'sleeps without comparing'

/** With what an aborted call rejects. */
export const ABORTED = 'aborted by the model'

type WordName = 'load' | 'store' | 'add' | 'or' | 'exchange' | 'compareExchange' | 'notify'

/** One operation of `Atomics` that the code wants to do next. */
interface Operation {
  readonly name: WordName | 'wait' | 'waitAsync'
  readonly cell: number
  readonly operands: readonly number[]
}

/** What the code has learnt so far, by which it is brought back to where it was. */
type Entry =
  | { readonly kind: 'result'; readonly name: Operation['name']; readonly result: unknown }
  | { readonly kind: 'woken' | 'aborted' }

type Progress =
  | { readonly at: 'operation'; readonly operation: Operation }
  | { readonly at: 'await' }
  | { readonly at: 'end'; readonly ending: Ending }

/** Leaves the code where it wants to do an operation that has no result yet. */
const SUSPENDED = { suspended: true }

const AWAKE = 0
const ASLEEP = 1
const WOKEN = 2

/** Runs in the context: promises and their handlers belong to it, so that its microtasks can be drained at will. */
const HELPERS = `({
  deferred() {
    let resolve
    const promise = new Promise((settle) => { resolve = settle })
    return { promise, resolve }
  },
  watch(call) {
    const state = { ending: undefined }
    const end = (ending) => { state.ending = ending }
    try {
      const result = call()
      if (result instanceof Promise) result.then((value) => end({ value }), (error) => end({ error }))
      else end({ value: result })
    } catch (error) {
      end({ error })
    }
    return state
  },
})`

interface Helpers {
  readonly deferred: () => { readonly promise: unknown; readonly resolve: (value: unknown) => void }
  readonly watch: (call: () => unknown) => { readonly ending: Ending | undefined }
}

/**
 * Sources of this package that run step by step, with one operation on shared memory in each step, so that the explorer
 * can let other threads come in between. The code is the real one, built for a context of its own in which `Atomics`
 * belongs to the explorer. As a function cannot be left in its middle and entered again, each step runs the call from its
 * beginning: the operations done so far give the results that they gave, and the next one is where it is left.
 */
export class SteppedSource<Exports> {
  readonly exports: Exports
  readonly #context: Context
  readonly #drain = new VmScript('0')
  readonly #helpers: Helpers
  readonly #cellOf: (index: number) => number
  readonly #fault: Fault
  /** Cells that constructors have filled. */
  readonly #initial = new Map<number, number>()
  #mode: 'construct' | 'step' | 'at once' = 'construct'
  #log: Entry[] = []
  #position = 0
  #operation: Operation | undefined
  #promises: ((value: unknown) => void)[] = []
  #nowMs = 0
  #memory: SimulatedMemory | undefined
  /** In each world, on which cell each thread has last fallen asleep. */
  readonly #sleepers = new WeakMap<World, Map<number, number>>()

  constructor(module: URL, options: { readonly cellOf?: (index: number) => number; readonly fault?: Fault } = {}) {
    this.#cellOf = options.cellOf ?? ((index) => index)
    this.#fault = options.fault ?? 'none'
    this.#context = createContext(this.#globals(), { microtaskMode: 'afterEvaluate' })
    this.#helpers = new VmScript(HELPERS).runInContext(this.#context) as Helpers
    this.exports = this.#load(module)
  }

  /** How the memory is when the threads start. */
  init(memory: SimulatedMemory): void {
    for (const [cell, value] of this.#initial) memory.cells[cell] = value
  }

  /** A model of threads that run these sources. */
  model(threads: readonly ((world: World, thread: number) => Script)[], laws: Omit<Model, 'cells' | 'threads'>): Model {
    return {
      cells: 8,
      ...laws,
      init: (memory) => {
        this.init(memory)
        laws.init?.(memory)
      },
      threads: threads.map((start, thread) => (world: World) => {
        world.ghost[`wait ${thread}`] = AWAKE
        world.ghost[`expects ${thread}`] = 0
        return start(world, thread)
      }),
    }
  }

  /** Runs one call in a thread, an operation a step; the signal is for calls that take one. */
  *call(
    { world, thread, fate = {} }: { readonly world: World; readonly thread: number; readonly fate?: Fate },
    call: (signal: AbortSignal) => unknown,
  ): Generator<Step, Ending, undefined> {
    const log: Entry[] = []
    let { mayAbort = false } = fate
    for (;;) {
      const progress = this.#replay(world, log, call)
      if (progress.at === 'end') return progress.ending
      if (progress.at === 'operation') {
        yield
        const { operation } = progress
        const result = yield* this.#perform(operation, { world, thread, fate })
        log.push({ kind: 'result', name: operation.name, result })
        continue
      }
      const fact = `wait ${thread}`
      const canAbort = mayAbort
      yield { when: () => world.ghost[fact] === WOKEN || canAbort }
      const isWoken = world.ghost[fact] === WOKEN
      log.push({ kind: isWoken ? 'woken' : 'aborted' })
      world.memory.onResult(isWoken ? 101 : 102)
      if (isWoken) world.ghost[fact] = AWAKE
      else {
        mayAbort = false
        // what the listener does belongs to the step of the abort
        this.#replay(world, log, call, 'at once')
      }
    }
  }

  *#perform(
    { name, cell, operands }: Operation,
    { world, thread, fate }: { readonly world: World; readonly thread: number; readonly fate: Fate },
  ): Generator<Step, unknown, undefined> {
    if (name !== 'wait' && name !== 'waitAsync') return this.#apply(world.memory, { name, cell, operands })
    const { memory, ghost } = world
    const fact = `wait ${thread}`
    if (memory.load(cell) !== operands[0] && this.#fault !== 'sleeps without comparing') return 'not-equal'
    this.#fallAsleep(world, { thread, cell, expected: operands[0] ?? 0 })
    if (name === 'waitAsync') return 'async'
    yield { when: () => ghost[fact] === WOKEN || fate.mayTimeOut === true }
    const isWoken = ghost[fact] === WOKEN
    memory.onResult(isWoken ? 101 : 103)
    ghost[fact] = AWAKE
    return isWoken ? 'ok' : 'timed-out'
  }

  /** A thread sleeps on one cell at a time; which one is told by where it is. */
  #fallAsleep(
    world: World,
    place: { readonly thread: number; readonly cell: number; readonly expected: number },
  ): void {
    const { memory, ghost } = world
    let sleepers = this.#sleepers.get(world)
    if (sleepers === undefined) {
      const cells = new Map<number, number>()
      sleepers = cells
      this.#sleepers.set(world, cells)
      memory.onNotify = (notified) => {
        for (const [thread, cell] of cells) {
          if (cell === notified && ghost[`wait ${thread}`] === ASLEEP) ghost[`wait ${thread}`] = WOKEN
        }
      }
    }
    sleepers.set(place.thread, place.cell)
    ghost[`wait ${place.thread}`] = ASLEEP
    ghost[`expects ${place.thread}`] = place.expected
  }

  #apply(memory: SimulatedMemory, { name, cell, operands }: Operation): number {
    const [first = 0, second = 0] = operands
    if (name === 'load') return memory.load(cell)
    if (name === 'add') return memory.add(cell, first)
    if (name === 'exchange') return memory.exchange(cell, first)
    if (name === 'compareExchange') return memory.compareExchange(cell, first, second)
    if (name === 'or') return memory.exchange(cell, (memory.cells[cell] ?? 0) | first)
    if (name === 'store') memory.cells[cell] = first
    else if (name === 'notify' && this.#fault !== 'notifies nobody') memory.notify(cell)
    return first
  }

  /** Brings the call to where its log ends, and on to its next operation. */
  #replay(
    world: World,
    log: Entry[],
    call: (signal: AbortSignal) => unknown,
    mode: 'step' | 'at once' = 'step',
  ): Progress {
    this.#mode = mode
    this.#memory = world.memory
    this.#log = log
    this.#position = 0
    this.#operation = undefined
    this.#promises = []
    this.#nowMs = 0
    // one for each step of thousands: only for calls that take a signal
    const controller = call.length > 0 ? new AbortController() : undefined
    const state = this.#helpers.watch(() => call(controller?.signal as AbortSignal))
    // a call that ended at once, or was left at an operation, has left nothing to be done
    if (state.ending === undefined) this.#runMicrotasks()
    while (this.#operation === undefined && state.ending === undefined) {
      const event = log[this.#position]
      if (event === undefined) break
      this.#position++
      if (event.kind === 'woken') this.#promises.at(-1)?.('ok')
      else controller?.abort(ABORTED)
      this.#runMicrotasks()
    }
    const operation = this.#operation as Operation | undefined
    if (operation !== undefined) return { at: 'operation', operation }
    return state.ending === undefined ? { at: 'await' } : { at: 'end', ending: state.ending }
  }

  #runMicrotasks(): void {
    this.#drain.runInContext(this.#context)
  }

  #do(name: Operation['name'], index: number, operands: readonly number[]): unknown {
    const cell = this.#cellOf(index)
    if (this.#mode === 'construct') return this.#construct({ name, cell, operands })
    // the call was left at an operation: what its `finally` does while it is unwound does not happen
    if (this.#operation !== undefined) throw SUSPENDED
    const known = this.#log[this.#position]
    if (known !== undefined) {
      if (known.kind !== 'result' || known.name !== name) throw new Error(`${name} where the log has ${known.kind}`)
      this.#position++
      return known.result
    }
    if (this.#mode === 'step' || this.#memory === undefined || name !== 'notify') {
      this.#operation = { name, cell, operands }
      throw SUSPENDED
    }
    this.#position++
    const result = this.#apply(this.#memory, { name, cell, operands })
    this.#log.push({ kind: 'result', name, result })
    return result
  }

  #construct({ name, cell, operands }: Operation): number {
    if (name === 'store') this.#initial.set(cell, operands[0] ?? 0)
    else if (name !== 'load') throw new Error(`a constructor does ${name}`)
    return this.#initial.get(cell) ?? 0
  }

  /** Ends construction: from now on every operation is a step. */
  start(): this {
    this.#mode = 'step'
    return this
  }

  #waitAsync(index: number, expected: number): unknown {
    const result = this.#do('waitAsync', index, [expected])
    if (result === 'not-equal') return { async: false, value: result }
    const { promise, resolve } = this.#helpers.deferred()
    this.#promises.push(resolve)
    return { async: true, value: promise }
  }

  #globals(): Record<string, unknown> {
    const names = ['load', 'store', 'add', 'or', 'exchange', 'compareExchange'] as const
    const atomics: Record<string, unknown> = {
      notify: (_words: unknown, index: number) => this.#do('notify', index, []),
      wait: (_words: unknown, index: number, expected: number) => this.#do('wait', index, [expected]),
      waitAsync: (_words: unknown, index: number, expected: number) => this.#waitAsync(index, expected),
    }
    for (const name of names)
      atomics[name] = (_words: unknown, index: number, ...operands: number[]) => this.#do(name, index, operands)
    // each look at the clock takes a millisecond, so that a busy loop ends after one round
    const performance = { now: () => this.#nowMs++ }
    const lent = { AbortSignal, AbortController, process, setInterval, clearInterval, URL }
    // by this, mutation testing makes its changes here, too, and learns what each test reaches
    const { __stryker__ } = globalThis as { readonly __stryker__?: unknown }
    return { Atomics: atomics, performance, ...lent, ...(__stryker__ === undefined ? {} : { __stryker__ }) }
  }

  #load(module: URL): Exports {
    const real = createRequire(import.meta.url)
    const { performance } = this.#context as { performance: unknown }
    const require = (id: string): unknown => {
      if (id === 'node:worker_threads') return { isMainThread: false, threadId: 1 }
      return id === 'node:perf_hooks' ? { performance } : real(id)
    }
    const made = { exports: {} }
    const text = `(function (module, exports, require) { ${textOf(module)}\n})`
    const load = new VmScript(text).runInContext(this.#context) as (...given: unknown[]) => void
    load(made, made.exports, require)
    return made.exports as Exports
  }
}

const texts = new Map<string, string>()

/** A module and all that it imports, as one script. */
function textOf(module: URL): string {
  const known = texts.get(module.href)
  if (known !== undefined) return known
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(module)],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'es2022',
  })
  const text = outputFiles[0]?.text ?? ''
  texts.set(module.href, text)
  return text
}

/** The value on which a thread has last fallen asleep. */
export function sleptOn(world: World, thread: number): number | undefined {
  return world.ghost[`expects ${thread}`]
}

/** Whether a thread still stands in the engine's list of those who sleep. */
export function isListed(world: World, thread: number): boolean {
  return world.ghost[`wait ${thread}`] === ASLEEP
}
