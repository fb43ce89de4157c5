import { isObedience } from '../policy/obedience.ts'

/** Where a task is. `abandoned`: it had not ended when its manager's deadline was over; what it does is not awaited. */
export type LoopTaskState = 'running' | 'finished' | 'failed' | 'cancelled' | 'abandoned'

/** What a task's function gets. */
export interface LoopTaskContext {
  readonly name: string
  /** Aborted when the task is to end. */
  readonly signal: AbortSignal
}

/** A task of a loop manager. */
export interface LoopTask<T> {
  readonly name: string
  readonly state: LoopTaskState
  /** What the function returned. Its rejection never counts as unhandled: the manager has taken note of it. */
  readonly result: Promise<T>
  /** Aborts its signal with `reason` (default: an AbortError). */
  cancel(reason?: unknown): void
}

/** A task from its spawning to its end. */
export class ManagedTask<T> implements LoopTask<T> {
  readonly name: string
  readonly result: Promise<T>
  /** Resolves when it has ended, by whatever way; never when it is abandoned. */
  readonly ended: Promise<void>
  readonly #controller = new AbortController()
  #state: LoopTaskState = 'running'

  /** `onFailure` is told what the function threw, unless that is the reason it was cancelled with. */
  constructor(name: string, fn: (context: LoopTaskContext) => T | PromiseLike<T>, onFailure: (error: unknown) => void) {
    this.name = name
    const { signal } = this.#controller
    this.result = Promise.resolve().then(() => {
      // cancelled before it began
      signal.throwIfAborted()
      return fn({ name, signal })
    })
    this.ended = this.result.then(
      () => this.#end('finished'),
      (error: unknown) => {
        if (signal.aborted && isObedience(error, signal.reason)) this.#end('cancelled')
        else if (this.#end('failed')) onFailure(error)
      },
    ) as Promise<void>
  }

  get state(): LoopTaskState {
    return this.#state
  }

  cancel(reason?: unknown): void {
    this.#controller.abort(reason)
  }

  /** Waits for it no longer; what it throws later is dropped. False when it had ended. */
  abandon(): boolean {
    return this.#end('abandoned')
  }

  #end(state: LoopTaskState): boolean {
    if (this.#state !== 'running') return false
    this.#state = state
    return true
  }
}
