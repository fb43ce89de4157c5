import { checkCount, checkFunction, checkOneOf } from '../errors/option-checks.ts'
import { QueueOverflowError } from '../errors/queue-errors.ts'
import { callSafely } from '../observe/stray-error.ts'
import { isObedience } from '../policy/obedience.ts'
import type { CallContext, PolicyFunction } from '../policy/policy.ts'
import { CancelledError } from './cancelled-error.ts'
import { openScope, type OwnScope } from './policy-scope.ts'
import { TaskGroupClosedError } from './task-group-closed-error.ts'
import { Waiter, WaiterQueue } from './waiter-queue.ts'

/** How many failures a group keeps for its AggregateError. */
const KEPT_ERRORS = 1000

export interface TaskGroupOptions {
  /** Its abort aborts all tasks; the group then ends with `signal.reason` once they have ended. */
  readonly signal?: AbortSignal | undefined
  /**
   * `'structured'` (default): the first failure aborts all other tasks, and `join` throws. `'background'`: a failure goes
   * to `onError` and leaves the others alone.
   */
  readonly mode?: 'structured' | 'background'
  /** Takes the failures of a background group; needed there. */
  readonly onError?: (error: unknown) => void
  /** How many tasks may run at once; a further one is refused with a QueueOverflowError. Default 65 536. */
  readonly maxTasks?: number
  /** Names it in errors. Default `'task group'`. */
  readonly name?: string
}

/** What a group has, and what it has had. */
export interface TaskGroupStats {
  /** Tasks that run. */
  readonly running: number
  readonly succeeded: number
  /** Tasks that failed, but for those that ended by the abort of the group. */
  readonly failed: number
  /** Tasks that ended by the abort of the group. */
  readonly cancelled: number
  /** Tasks that were not called: the group had ended or was aborted, or too many ran. */
  readonly refused: number
}

/**
 * Tasks that end together: nobody who waits for the group goes on while one of its tasks still runs.
 *
 * @example
 * await using group = new TaskGroup({ signal })
 * group.spawn((context) => read(socket, context.signal))
 * group.spawn((context) => write(socket, context.signal))
 * await group.join()
 */
export class TaskGroup implements AsyncDisposable {
  readonly #name: string
  readonly #maxTasks: number
  readonly #onError: ((error: unknown) => void) | undefined
  readonly #outer: AbortSignal | undefined
  readonly #own: OwnScope
  readonly #joiners = new WaiterQueue<Waiter<void>>()
  readonly #errors: unknown[] = []
  #failures = 0
  #running = 0
  readonly #counts = { succeeded: 0, failed: 0, cancelled: 0, refused: 0 }
  #isClosed = false

  /** @throws OptionError when an option is out of range, or a background group has no `onError` */
  constructor(options: TaskGroupOptions = {}) {
    const mode = checkOneOf('mode', options.mode ?? 'structured', ['structured', 'background'])
    this.#name = options.name ?? 'task group'
    this.#maxTasks = checkCount('maxTasks', options.maxTasks ?? 65_536)
    this.#onError = mode === 'background' ? checkFunction('onError', options.onError as () => void) : undefined
    this.#own = openScope(options.signal)
    this.#outer = options.signal
  }

  /** How many tasks run. */
  get size(): number {
    return this.#running
  }

  /** Aborted with the first failure, by `cancel`, or with the outer signal. */
  get signal(): AbortSignal {
    return this.#own.scope.signal
  }

  /**
   * Calls `fn` at once as a task of the group. The promise is its result; it need not be waited for, as a failure is the
   * group's too. After an abort of the group it rejects with the reason and `fn` is not called.
   *
   * @throws TaskGroupClosedError when the group has ended
   * @throws QueueOverflowError when too many tasks run
   */
  run<T>(fn: PolicyFunction<T>): Promise<T> {
    checkFunction('fn', fn)
    if (this.#isClosed || this.#running >= this.#maxTasks) {
      this.#counts.refused++
      if (this.#isClosed) throw new TaskGroupClosedError(this.#name)
      throw new QueueOverflowError({ queue: `tasks of ${this.#name}`, capacity: this.#maxTasks })
    }
    const result = this.#start(fn)
    // who does not look at the result learns of a failure from the group
    result.catch(() => undefined)
    return result
  }

  /** As {@link run}, for a task whose result nobody needs. */
  spawn(fn: PolicyFunction<unknown>): void {
    void this.run(fn)
  }

  /**
   * Waits until all tasks have ended, those that are given meanwhile included, and ends the group. Throws the failure
   * when there was one, an AggregateError of all when there were several (`cause` is the first), and `signal.reason`
   * when the outer signal was aborted.
   */
  async join(): Promise<void> {
    await this.#ended()
    if (this.#failures > 0) throw this.#failure()
    this.#outer?.throwIfAborted()
  }

  /** Aborts all tasks; what they reject with for that reason is no failure. Does nothing after an abort. */
  cancel(reason: unknown = new CancelledError(`${this.#name} was cancelled`)): void {
    if (!this.#own.scope.aborted) this.#own.scope.abort(reason)
  }

  stats(): TaskGroupStats {
    return { running: this.#running, ...this.#counts }
  }

  /** Aborts what still runs, waits for it, and ends the group. Throws the failures that `join` did not. */
  async [Symbol.asyncDispose](): Promise<void> {
    const wasJoined = this.#isClosed
    this.cancel()
    await this.#ended()
    if (!wasJoined && this.#failures > 0) throw this.#failure()
  }

  async #start<T>(fn: PolicyFunction<T>): Promise<T> {
    if (this.#own.scope.aborted) {
      this.#counts.refused++
      throw this.#own.scope.reason
    }
    this.#running++
    const scope = this.#own.scope.child({})
    try {
      const result = await fn(scope)
      this.#counts.succeeded++
      return result
    } catch (error) {
      this.#fail(error)
      throw error
    } finally {
      scope.close()
      this.#running--
      if (this.#running === 0) for (const joiner of this.#joiners) joiner.resolve()
    }
  }

  #fail(error: unknown): void {
    if (this.#own.scope.aborted && isObedience(error, this.#own.scope.reason)) {
      this.#counts.cancelled++
      return
    }
    this.#counts.failed++
    const onError = this.#onError
    if (onError !== undefined) {
      callSafely('onError', () => onError(error))
      return
    }
    this.#failures++
    if (this.#errors.length < KEPT_ERRORS) this.#errors.push(error)
    this.cancel(error)
  }

  #failure(): unknown {
    const [first] = this.#errors
    if (this.#failures === 1) return first
    return new AggregateError(this.#errors, `${this.#failures} tasks of ${this.#name} failed`, { cause: first })
  }

  /** Ends the group at the moment when no task runs, so that none can begin in between. */
  async #ended(): Promise<void> {
    // a task that has just ended may be followed by another in the same turn
    while (this.#running > 0) await Waiter.in(this.#joiners, undefined)
    this.#isClosed = true
    this.#own.close()
  }
}

/**
 * Runs `body` with a group of its own and waits for all tasks: when `body` fails, they are aborted; when one of them
 * fails, the others and the signal of `body` are. Resolves with the result of `body`.
 *
 * @throws as {@link TaskGroup.join} does, as a rejection
 * @example
 * await withTaskGroup(async (group) => {
 *   for (const device of devices) group.spawn((context) => device.start(context.signal))
 * })
 */
export async function withTaskGroup<T>(
  body: (group: TaskGroup, context: CallContext) => T | PromiseLike<T>,
  options?: Omit<TaskGroupOptions, 'mode' | 'onError'>,
): Promise<T> {
  checkFunction('body', body)
  const group = new TaskGroup(options)
  const result = group.run((context) => body(group, context))
  await group.join()
  return result
}
