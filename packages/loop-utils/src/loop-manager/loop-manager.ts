import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import type { Handlers } from '../dispatch/handlers.ts'
import {
  checkBoolean,
  checkClock,
  checkDuration,
  checkFunction,
  checkInteger,
  checkObject,
  checkOnEvent,
  checkText,
} from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import { settlesWithin } from '../host/settles-within.ts'
import type { WorkerFactory } from '../host/worker-from.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import { callSafely, warnOfStrayError } from '../observe/stray-error.ts'
import { LoopManagerClosedError } from './loop-manager-errors.ts'
import { type LoopMonitor, type LoopMonitorOptions, monitorLoop } from './loop-monitor.ts'
import { type LoopTask, type LoopTaskContext, ManagedTask } from './managed-task.ts'
import { type StartThreadOptions, type WorkerLoop, WorkerThread } from './worker-loop.ts'

/** What failed. */
export interface LoopFailure {
  readonly kind: 'task' | 'thread'
  readonly name: string
  readonly isCritical: boolean
}

export interface LoopManagerOptions extends Observer {
  /**
   * Told when a task fails otherwise than by its cancellation, when a thread dies unasked, and of what fails in a thread
   * with nobody waiting for it. Default: a warning of the process.
   */
  readonly onError?: (error: unknown, failure: LoopFailure) => void
  /** How many tasks and threads it may have at once; one more is refused with QueueOverflowError. Default 10 000. */
  readonly maxTasks?: number
  /** What deadlines are measured by. Default: the system's. */
  readonly clock?: Clock
}

export interface SpawnOptions {
  /** Whether the manager closes all when the task fails. Default false. */
  readonly critical?: boolean
}

/** What became of the tasks and threads that a manager had when it closed, by name. */
export interface LoopCloseReport {
  /** Tasks that ended well, and threads that released everything and exited. */
  readonly finished: readonly string[]
  /** Tasks that ended with the reason of their cancellation. */
  readonly cancelled: readonly string[]
  /** Tasks that threw something else. */
  readonly failed: readonly string[]
  /** Tasks that had not ended at the deadline. What they still do is not awaited, and what they throw is dropped. */
  readonly abandoned: readonly string[]
  /** Threads that had not exited at the deadline and were terminated. */
  readonly terminated: readonly string[]
  /** What a critical task or thread failed with, if that is why the manager closed. */
  readonly cause: unknown
}

/** What a manager has, and what it has had. */
export interface LoopManagerStats {
  /** Tasks that run. */
  readonly tasks: number
  /** Threads that run. */
  readonly threads: number
  /** Tasks that ended well. */
  readonly finished: number
  /** Tasks that ended by their cancellation. */
  readonly cancelled: number
  /** Tasks that threw something else. */
  readonly failed: number
  /** Tasks that had not ended at the deadline of a close. */
  readonly abandoned: number
  /** Threads that exited. */
  readonly exited: number
}

/** How to close a manager. */
export interface LoopManagerCloseOptions {
  /** How long tasks and threads may take to end, in milliseconds. Default 5000. */
  readonly deadlineMs?: number
}

const begun = new ObservationPoint('x:loop-utils:loop-manager:start')
const ended = new ObservationPoint('x:loop-utils:loop-manager:end')

/** How a task or a thread ended. */
type EndOfMember = 'finished' | 'cancelled' | 'failed' | 'abandoned' | 'exited'

type Member = ManagedTask<unknown> | WorkerThread<Handlers>

/**
 * Owns what runs for long on this thread's loop, and worker threads with loops of their own: everything in it has a name,
 * nothing fails unnoticed, and nothing outlives it.
 *
 * @example
 * ```ts
 * await using manager = new LoopManager({ onError: (error, { name }) => log.error({ error, name }, 'failed') })
 * manager.spawn('poll', async ({ signal }) => {
 *   for (;;) await poll(signal)
 * }, { critical: true })
 * const radio = await manager.startThread<RadioHandlers>('radio', new URL('./radio.thread.js', import.meta.url))
 * await radio.call('send', [frame], { timeoutMs: 1000 })
 * ```
 */
export class LoopManager implements AsyncDisposable {
  readonly #onError: LoopManagerOptions['onError']
  readonly #maxTasks: number
  readonly #clock: Clock
  readonly #observer: Observer
  readonly #members = new Map<string, Member>()
  readonly #counts = { finished: 0, cancelled: 0, failed: 0, abandoned: 0, exited: 0 }
  readonly #monitors = new Set<LoopMonitor>()
  #closing: Promise<LoopCloseReport> | undefined
  readonly #closed: Promise<LoopCloseReport>
  #tellClosed!: (report: LoopCloseReport) => void

  /** @throws OptionError */
  constructor(options: LoopManagerOptions = {}) {
    const { clock = systemClock, maxTasks = 10_000, onError, onEvent } = checkObject(options)
    this.#onError = onError === undefined ? undefined : checkFunction('onError', onError)
    this.#maxTasks = checkInteger('maxTasks', maxTasks, { min: 1 })
    this.#clock = checkClock(clock)
    this.#observer = { onEvent: checkOnEvent(onEvent) }
    this.#closed = new Promise((resolve) => {
      this.#tellClosed = resolve
    })
  }

  /** Names of the tasks and threads that run, in the order of their start. */
  get names(): readonly string[] {
    return [...this.#members.keys()]
  }

  stats(): LoopManagerStats {
    const tasks = [...this.#members.values()].filter((member) => member instanceof ManagedTask).length
    return { tasks, threads: this.#members.size - tasks, ...this.#counts }
  }

  /** Whether it closes or is closed. */
  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  /** Resolves when it has closed, by a call of `close` or because something critical has failed. */
  get closed(): Promise<LoopCloseReport> {
    return this.#closed
  }

  /**
   * Runs a function as a task, from the next microtask on. Its context has the signal that tells it to end.
   *
   * @throws OptionError when a task or thread of that name runs
   * @throws QueueOverflowError when there are as many as may be
   * @throws LoopManagerClosedError
   */
  spawn<T>(
    name: string,
    fn: (context: LoopTaskContext) => T | PromiseLike<T>,
    options: SpawnOptions = {},
  ): LoopTask<T> {
    checkFunction('fn', fn)
    const isCritical = checkBoolean('critical', checkObject(options).critical ?? false)
    this.#checkRoomFor(name)
    const onFailure = (error: unknown): void => this.#fail(error, { kind: 'task', name, isCritical })
    const task = new ManagedTask(name, fn, onFailure)
    this.#members.set(name, task)
    this.#tellBegun('task', name)
    void task.ended.then(() => this.#forget(task))
    return task
  }

  /**
   * Starts a worker with a loop of its own; its entry calls `serveLoop`. Resolves when that is set up. Rejects with what
   * its set-up throws, with TimeoutError, WorkerCrashedError, OptionError, QueueOverflowError, or
   * LoopManagerClosedError; there is no worker then.
   *
   * @param entry the module of the worker, or a factory: `() => new Worker(new URL('./radio.thread.js', import.meta.url))`
   */
  async startThread<H extends Handlers>(
    name: string,
    entry: URL | string | WorkerFactory,
    options: StartThreadOptions = {},
  ): Promise<WorkerLoop<H>> {
    checkDuration('readyTimeoutMs', checkObject(options).readyTimeoutMs ?? 10_000)
    const isCritical = checkBoolean('critical', options.critical ?? false)
    this.#checkRoomFor(name)
    const failure: LoopFailure = { kind: 'thread', name, isCritical }
    const surroundings = {
      clock: this.#clock,
      onDeath: (error: unknown) => this.#fail(error, failure),
      onTrouble: (error: unknown) => this.#tell(error, failure),
    }
    const thread = new WorkerThread<H>(name, entry, { options, surroundings })
    this.#members.set(name, thread)
    this.#tellBegun('thread', name)
    void thread.exited.then(() => this.#forget(thread))
    try {
      await thread.start(options)
    } catch (error) {
      throw this.isClosed ? new LoopManagerClosedError({ cause: error }) : error
    }
    if (this.isClosed) throw new LoopManagerClosedError()
    return thread
  }

  /**
   * Measures this thread's loop until what is returned is disposed, or the manager closes. Nothing is measured unless
   * this is called.
   *
   * @throws OptionError
   * @throws LoopManagerClosedError
   */
  monitor(options?: LoopMonitorOptions): LoopMonitor {
    if (this.isClosed) throw new LoopManagerClosedError()
    const monitor = monitorLoop(options)
    this.#monitors.add(monitor)
    return {
      read: () => monitor.read(),
      reset: () => monitor.reset(),
      [Symbol.dispose]: () => {
        this.#monitors.delete(monitor)
        monitor[Symbol.dispose]()
      },
    }
  }

  /**
   * Aborts all tasks with a LoopManagerClosedError, has all threads end, and waits for both until the deadline. Then it
   * abandons what tasks are left, and terminates the threads. Idempotent; never rejects but with OptionError. A task that
   * awaits it keeps it waiting until the deadline.
   */
  async close(options: LoopManagerCloseOptions = {}): Promise<LoopCloseReport> {
    const deadlineMs = checkDuration('deadlineMs', checkObject(options).deadlineMs ?? 5000)
    return await this.#closeWith(deadlineMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #closeWith(deadlineMs: number, failure?: { readonly cause: unknown }): Promise<LoopCloseReport> {
    if (this.#closing === undefined) {
      this.#closing = this.#closeAll(deadlineMs, failure)
      void this.#closing.then(this.#tellClosed)
    }
    return this.#closing
  }

  async #closeAll(deadlineMs: number, failure?: { readonly cause: unknown }): Promise<LoopCloseReport> {
    const members = [...this.#members.values()]
    for (const monitor of this.#monitors) monitor[Symbol.dispose]()
    this.#monitors.clear()
    const reason = new LoopManagerClosedError(failure)
    // what one of them does when it is told comes after this turn, when all have been noted
    await Promise.resolve()
    for (const member of members) {
      if (member instanceof ManagedTask) member.cancel(reason)
      else member.close(deadlineMs)
    }
    const ends = members.map((member) => (member instanceof ManagedTask ? member.ended : member.exited))
    await settlesWithin(Promise.all(ends), deadlineMs, this.#clock)
    const late = members.filter(
      (member) => member instanceof WorkerThread && member.isRunning,
    ) as WorkerThread<Handlers>[]
    await Promise.all(late.map((thread) => thread.terminate()))
    for (const member of members) {
      if (member instanceof ManagedTask && member.abandon()) this.#tellEnded(member, 'abandoned')
    }
    this.#members.clear()
    return report(members, late, failure?.cause)
  }

  #fail(error: unknown, failure: LoopFailure): void {
    // it has ended, and is none of those that a close ends
    this.#members.delete(failure.name)
    this.#tell(error, failure)
    if (failure.isCritical) void this.#closeWith(5000, { cause: error })
  }

  #tell(error: unknown, failure: LoopFailure): void {
    const onError = this.#onError
    if (onError === undefined) warnOfStrayError(error, `${failure.kind} '${failure.name}'`)
    else callSafely('onError', () => onError(error, failure))
  }

  #forget(member: Member): void {
    if (!(member instanceof ManagedTask)) this.#tellEnded(member, 'exited')
    else if (member.state !== 'running' && member.state !== 'abandoned') this.#tellEnded(member, member.state)
    if (this.#members.get(member.name) === member) this.#members.delete(member.name)
  }

  #tellBegun(kind: LoopFailure['kind'], name: string): void {
    if (begun.isObserved(this.#observer)) begun.publish({ kind, name }, this.#observer)
  }

  #tellEnded(member: Member, end: EndOfMember): void {
    this.#counts[end]++
    if (!ended.isObserved(this.#observer)) return
    const kind = member instanceof ManagedTask ? 'task' : 'thread'
    ended.publish({ kind, name: member.name, end }, this.#observer)
  }

  #checkRoomFor(name: string): void {
    checkText('name', name)
    if (this.isClosed) throw new LoopManagerClosedError()
    if (this.#members.has(name)) throw new OptionError('name', name, 'a name that no running task or thread has')
    if (this.#members.size >= this.#maxTasks) {
      throw new QueueOverflowError({ queue: 'loop manager', capacity: this.#maxTasks })
    }
  }
}

function report(members: readonly Member[], late: readonly Member[], cause: unknown): LoopCloseReport {
  const tasks = members.filter((member) => member instanceof ManagedTask)
  const namesOf = (some: readonly Member[]): string[] => some.map(({ name }) => name)
  const inState = (state: LoopTask<unknown>['state']): string[] => namesOf(tasks.filter((task) => task.state === state))
  const exited = members.filter((member) => !(member instanceof ManagedTask) && !late.includes(member))
  return {
    finished: [...inState('finished'), ...namesOf(exited)],
    cancelled: inState('cancelled'),
    failed: inState('failed'),
    abandoned: inState('abandoned'),
    terminated: namesOf(late),
    cause,
  }
}
