import type { PlainModuleRef } from '../channel/module-ref.ts'
import type { Clock, Timer } from '../clock/clock.ts'
import { onSignalAbort } from '../concurrency/abort-listeners.ts'
import type { ErrorRevival } from '../errors/error-revival.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { WorkerCrashedError } from '../errors/worker-crashed-error.ts'
import type { Observer } from '../observe/observer.ts'
import { systemClock } from '../clock/system-clock.ts'
import type { Deadline } from '../timeout/deadline.ts'
import { isReadable, toCloneError } from './cloneable.ts'
import type { TaskMessage, TaskOutcome } from './run-task.ts'
import { type CancelCause, TaskControl } from './task-control.ts'
import type { ExecutorTransfer } from './transfer-list.ts'
import { PoolCrash, type WorkerPool } from './worker-pool.ts'

/** A call as it was accepted, checked. */
export interface AcceptedCall {
  readonly ref: PlainModuleRef
  readonly args: readonly unknown[]
  readonly signal: AbortSignal | undefined
  readonly transfer: readonly ExecutorTransfer[]
  readonly timeoutMs: number
  readonly queueTimeoutMs: number
  readonly deadline: Deadline | undefined
}

/** What a job needs of its executor. */
export interface JobSurroundings {
  readonly clock: Clock
  readonly observer: Observer
  readonly revival: ErrorRevival
  /** How long a function that is cancelled may go on before its thread is ended. */
  readonly graceMs: number
  /** The caller has given up, or been told, before the job came to its end. Called once. */
  readonly onGivenUp: (job: ExecutorJob) => void
}

/** How a job ended for its caller. */
export type JobEnd = 'completed' | 'failed' | 'crashed' | 'aborted' | 'timed-out' | 'closed'

/** One call of an executor, from its acceptance to the end of its caller's wait and of its place on a thread. */
export class ExecutorJob {
  /** Settles for the caller. */
  readonly promise: Promise<unknown>
  /** How it ended for the caller; undefined until then. */
  end: JobEnd | undefined
  readonly #call: AcceptedCall
  readonly #surroundings: JobSurroundings
  readonly #control = new TaskControl()
  readonly #kill = new AbortController()
  #resolve!: (value: unknown) => void
  #reject!: (reason: unknown) => void
  #forgetAbort: (() => void) | undefined
  #isOnThread = false
  /** For the queue first, then for the function. */
  #limit: Timer | undefined
  #deadline: Timer | undefined
  #grace: Timer | undefined

  constructor(call: AcceptedCall, surroundings: JobSurroundings) {
    this.#call = call
    this.#surroundings = surroundings
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    const { signal } = call
    if (signal !== undefined) this.#forgetAbort = onSignalAbort(signal, () => this.giveUp('aborted', signal.reason))
    this.#limitTo(call.queueTimeoutMs, `start of ${this.#what}`)
    const { deadline } = call
    this.#deadline = deadline?.clock.setTimer(() => this.giveUp('timed-out', overdue(call)), deadline.remaining())
  }

  /** The name of its function. */
  get task(): string {
    return this.#call.ref.export
  }

  /** Whether its function was called. */
  get hasBegun(): boolean {
    return this.#control.hasBegun
  }

  /** Occupies a thread of the pool; resolves when that is free again. Never rejects. */
  async occupy(pool: WorkerPool): Promise<void> {
    // given up while the pool was opened; nobody would end the thread if the module never came to the end of its loading
    if (this.end !== undefined) return
    const { args, deadline, ref, timeoutMs, transfer, queueTimeoutMs } = this.#call
    this.#isOnThread = true
    const endsAtMs = deadline === undefined ? Infinity : systemClock.now() + deadline.remaining()
    const message: TaskMessage = { ref, args, control: this.#control.buffer, timeoutMs, endsAtMs }
    if (timeoutMs !== Infinity || queueTimeoutMs !== Infinity) void this.#awaitBegin()
    try {
      const outcome = await pool.run({ message, transfer, kill: this.#kill.signal })
      this.#conclude(outcome as TaskOutcome)
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#grace?.[Symbol.dispose]()
      this.#control.release()
    }
  }

  /** Settles for the caller, and has the function give up; its thread is ended if it does not. */
  giveUp(end: JobEnd, reason: unknown): void {
    if (this.end !== undefined) return
    this.#settle(end, () => this.#reject(reason))
    this.#control.withdraw()
    if (this.#isOnThread) this.#cancel(end)
    this.#surroundings.onGivenUp(this)
  }

  get #what(): string {
    return whatOf(this.#call)
  }

  async #awaitBegin(): Promise<void> {
    await this.#control.whenBegun()
    if (this.end !== undefined || !this.hasBegun) return
    this.#limitTo(this.#call.timeoutMs, this.#what)
  }

  #limitTo(ms: number, what: string): void {
    this.#limit?.[Symbol.dispose]()
    if (ms === Infinity) return
    this.#limit = this.#surroundings.clock.setTimer(() => {
      this.giveUp('timed-out', new TimeoutError(ms, 'call', { what }))
    }, ms)
  }

  #cancel(end: JobEnd): void {
    const { clock, graceMs } = this.#surroundings
    this.#control.cancel(CAUSES[end] ?? 'aborted')
    this.#grace = clock.setTimer(() => this.#kill.abort(), graceMs)
  }

  #conclude(outcome: TaskOutcome): void {
    if (outcome.type === 'value') this.#settle('completed', () => this.#resolve(outcome.value))
    else if (outcome.type === 'error') {
      this.#settle('failed', () => this.#reject(this.#surroundings.revival.revive(outcome.error)))
    }
  }

  /** The thread has ended, or was never given the job. */
  #fail(error: unknown): void {
    const { args: value, transfer } = this.#call
    // once the function has begun, what could not be cloned is its result, and its thread has died of that; before, the
    // pool cannot tell a thread that died from arguments that throw as they are read
    const isCrash = this.hasBegun || (error instanceof PoolCrash && isReadable(value))
    const cause = error instanceof PoolCrash ? error.cause : error
    const reason = isCrash ? this.#crash(error) : toCloneError(cause, { value, path: 'args', transfer })
    this.#settle(isCrash ? 'crashed' : 'failed', () => this.#reject(reason))
  }

  #crash(error: unknown): WorkerCrashedError {
    const { cause, exitCode } = error instanceof PoolCrash ? error : { cause: error, exitCode: 1 }
    return new WorkerCrashedError({ exitCode, maybeExecuted: this.hasBegun, cause })
  }

  #settle(end: JobEnd, tell: () => void): void {
    if (this.end !== undefined) return
    this.end = end
    this.#limit?.[Symbol.dispose]()
    this.#deadline?.[Symbol.dispose]()
    this.#forgetAbort?.()
    tell()
  }
}

function whatOf({ ref }: AcceptedCall): string {
  return `task '${ref.export}'`
}

/** What a call rejects with whose deadline has passed. */
export function overdue(call: AcceptedCall): TimeoutError {
  return new TimeoutError(call.deadline?.budgetMs ?? 0, 'deadline', { what: whatOf(call) })
}

const CAUSES: Partial<Record<JobEnd, Exclude<CancelCause, 'none'>>> = {
  aborted: 'aborted',
  'timed-out': 'timed-out',
  closed: 'closed',
}
