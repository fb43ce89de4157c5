import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { TaskGroup, TaskGroupClosedError } from '../../src/concurrency/index.ts'
import { QueueOverflowError } from '../../src/errors/index.ts'
import { drained } from '../drained.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'
import { agree, type Chance, Deferred, runInterleavings } from './interleavings.ts'

interface Task {
  readonly id: number
  readonly end: Deferred<string>
  readonly signal: AbortSignal
  isOver: boolean
}

/** A task group and its model, led side by side through one schedule. */
class Run {
  readonly #chance: Chance
  readonly #outer = new AbortController()
  readonly #maxTasks: number
  readonly #isBackground: boolean
  readonly #real: TaskGroup
  readonly #tasks: Task[] = []
  /** Failures that a background group told. */
  readonly #told: unknown[] = []
  readonly #joins: Promise<unknown>[] = []
  readonly #ends: string[] = []
  /** The model: what failed, what all were aborted with, and whether the group has ended. */
  readonly #failures: string[] = []
  #abortedWith: unknown
  #isClosed = false
  /** Whether the outer abort was a moment ago, so that a join may have decided before it. */
  #isJustAborted = false

  constructor(chance: Chance) {
    this.#chance = chance
    this.#maxTasks = chance.percent(20) ? 1 + chance.below(4) : 1000
    this.#isBackground = chance.percent(30)
    this.#real = new TaskGroup({
      signal: this.#outer.signal,
      maxTasks: this.#maxTasks,
      ...(this.#isBackground ? { mode: 'background', onError: (error) => this.#told.push(error) } : {}),
    })
  }

  async play(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) await this.#step(this.#chance.below(100))
    await this.#finish()
  }

  async #step(dice: number): Promise<void> {
    if (dice < 45) this.#run()
    else if (dice < 80) this.#end(this.#chance.pick(this.#running))
    else if (dice < 84) this.#cancel()
    else if (dice < 88) this.#abort()
    else if (dice < 94) this.#join()
    // sometimes several of these happen in one turn
    if (this.#chance.percent(70)) await this.#compare()
  }

  get #running(): Task[] {
    return this.#tasks.filter(({ isOver }) => !isOver)
  }

  #run(): void {
    const id = this.#tasks.length
    let isCalled = false
    let run: Promise<unknown> | undefined
    const isFull = this.#real.size >= this.#maxTasks
    try {
      run = this.#real.run(({ signal }) => {
        isCalled = true
        const task = { id, end: new Deferred<string>(), signal, isOver: false }
        this.#tasks.push(task)
        this.#obey(task)
        return task.end.promise
      })
    } catch (error) {
      if (error instanceof TaskGroupClosedError) agree('closed', this.#isClosed || this.#joins.length > 0, true)
      else agree('refused', error instanceof QueueOverflowError && isFull, true)
      return
    }
    agree('called', isCalled, this.#abortedWith === undefined)
    run.then(
      () => this.#ends.push(`${id} ended`),
      () => this.#ends.push(`${id} failed`),
    )
  }

  /** Half of the tasks end when they are told to. */
  #obey(task: Task): void {
    if (this.#chance.percent(50)) return
    task.signal.addEventListener('abort', () => {
      task.isOver = true
      task.end.reject(task.signal.reason)
    })
  }

  #end(task: Task | undefined): void {
    if (task === undefined) return
    task.isOver = true
    const dice = this.#chance.below(100)
    if (dice < 60) task.end.resolve(`value ${task.id}`)
    else if (dice < 75 && this.#abortedWith !== undefined) task.end.reject(task.signal.reason)
    else this.#fail(task)
  }

  #fail(task: Task): void {
    const error = `error ${task.id}`
    this.#failures.push(error)
    if (!this.#isBackground) this.#abortedWith ??= error
    task.end.reject(error)
  }

  #cancel(): void {
    const reason = `cancel ${this.#tasks.length}`
    // a failure of this very turn aborts in a microtask, so the group may not know yet
    if (!this.#isClosed && !this.#real.signal.aborted) this.#abortedWith = reason
    this.#real.cancel(reason)
  }

  #abort(): void {
    if (this.#outer.signal.aborted) return
    if (!this.#isClosed && !this.#real.signal.aborted) this.#abortedWith = 'outer'
    this.#isJustAborted = true
    this.#outer.abort('outer')
  }

  #join(): void {
    this.#joins.push(
      this.#real.join().then(
        () => this.#joined('ok'),
        (error: unknown) =>
          this.#joined(error instanceof AggregateError ? error.errors.map(String).join() : String(error)),
      ),
    )
  }

  #joined(how: string): void {
    if (this.#running.length > 0) throw new Error('joined while a task runs')
    this.#isClosed = true
    const failures = this.#isBackground ? [] : this.#failures
    if (this.#isJustAborted && failures.length === 0) return
    const { aborted } = this.#outer.signal
    agree('joined', how, failures.length > 0 ? failures.join() : aborted ? 'outer' : 'ok')
  }

  async #compare(): Promise<void> {
    await drained()
    this.#isJustAborted = false
    agree('size', this.#real.size, this.#running.length)
    if (this.#isBackground) agree('told', this.#told, this.#failures)
    if (this.#isClosed) return
    agree('aborted with', this.#real.signal.aborted ? this.#real.signal.reason : undefined, this.#abortedWith)
    for (const { signal } of this.#running) agree('a task is aborted', signal.aborted, this.#abortedWith !== undefined)
  }

  async #finish(): Promise<void> {
    await this.#compare()
    const isDisposed = this.#joins.length === 0 && this.#chance.percent(50)
    if (isDisposed) {
      const dispose = this.#real[Symbol.asyncDispose]()
      this.#abortedWith ??= 'disposed'
      this.#joins.push(dispose.catch(() => undefined))
    } else this.#join()
    for (let [task] = this.#running; task !== undefined; [task] = this.#running) {
      this.#end(task)
      await drained()
    }
    await Promise.all(this.#joins)
    agree('size at the end', this.#real.size, 0)
    agree('listeners', getEventListeners(this.#outer.signal, 'abort').length, 0)
    let isRefused = false
    try {
      this.#real.spawn(() => undefined)
    } catch (error) {
      isRefused = error instanceof TaskGroupClosedError
    }
    agree('refuses after its end', isRefused, true)
  }
}

const COUNT = lawCount({ inSuite: 2000, inSoak: 50_000 })

it(
  `ends all tasks together in ${COUNT} random interleavings of failures, cancels, aborts and joins`,
  async () => {
    expect(await runInterleavings(COUNT, (chance) => new Run(chance).play(5 + chance.below(20)))).toEqual([])
  },
  LAW_TIMEOUT_MS,
)

it('begins no task between the last look of join and the end of the group', async () => {
  let begun = 0
  for (let depth = 0; depth < 12; depth++) {
    const group = new TaskGroup()
    const first = new Deferred()
    const second = new Deferred()
    group.spawn(() => first.promise)
    let isJoined = false
    const join = group.join().then(() => (isJoined = true))
    first.resolve()
    for (let level = 0; level < depth; level++) await Promise.resolve()
    try {
      group.spawn(() => second.promise)
    } catch (error) {
      if (!(error instanceof TaskGroupClosedError)) throw error
      await join
      continue
    }
    begun++
    await drained()
    expect(isJoined, `joined beside a task that began after ${depth} microtasks`).toBe(false)
    second.resolve()
    await join
  }
  expect(begun).toBeGreaterThan(0)
  expect(begun).toBeLessThan(12)
})
