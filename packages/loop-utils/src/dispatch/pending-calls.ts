import type { Worker } from 'node:worker_threads'
import { WorkerCrashedError } from '../errors/index.ts'
import type { Clock } from '../clock/index.ts'
import { onWorkerExit } from '../host/worker-exit.ts'
import type { SharedState } from './shared-state.ts'

/** A call of a poster that has no answer yet. */
export interface PendingCall {
  resolve(value: unknown): void
  reject(reason: unknown): void
  /** Whether the dispatcher may have got it. */
  isSent(): boolean
}

/** How long to wait for a worker's exit code once its ports are closed, in milliseconds. */
const EXIT_CODE_MS = 50

/** The exit code when nobody can tell it. */
const UNKNOWN_EXIT_CODE = -1

/** The calls of a poster that have no answer yet. */
export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>()
  readonly #state: SharedState
  readonly #onCount: (count: number) => void
  #lastId = 0

  /** `onCount` hears of every change of their number. */
  constructor(state: SharedState, onCount: (count: number) => void) {
    this.#state = state
    this.#onCount = onCount
  }

  get size(): number {
    return this.#calls.size
  }

  add(call: PendingCall): number {
    const id = ++this.#lastId
    this.#calls.set(id, call)
    this.#changed()
    return id
  }

  /** Takes out a call, to be settled. */
  take(id: number): PendingCall | undefined {
    const call = this.#calls.get(id)
    if (call === undefined) return undefined
    this.#calls.delete(id)
    this.#changed()
    return call
  }

  rejectAll(reason: unknown): void {
    for (const call of this.#takeAll()) call.reject(reason)
  }

  /** The dispatcher's thread died. Waits a moment for the exit code of its worker, if that is known. */
  rejectCrashed(
    worker: { readonly thread: Worker | undefined; readonly exitCode: number | undefined },
    clock: Clock,
  ): void {
    const calls = this.#takeAll()
    if (calls.length === 0) return
    const { thread, exitCode } = worker
    const settle = (code: number): void => {
      for (const call of calls) {
        const crash = { exitCode: code, maybeExecuted: call.isSent(), pendingCalls: calls.length }
        call.reject(new WorkerCrashedError(crash))
      }
    }
    if (thread === undefined || exitCode !== undefined) {
      settle(exitCode ?? UNKNOWN_EXIT_CODE)
      return
    }
    const timer = clock.setTimer(() => {
      watch[Symbol.dispose]()
      settle(UNKNOWN_EXIT_CODE)
    }, EXIT_CODE_MS)
    const watch = onWorkerExit(thread, (code) => {
      timer[Symbol.dispose]()
      settle(code)
    })
  }

  #takeAll(): PendingCall[] {
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    this.#changed()
    return calls
  }

  #changed(): void {
    this.#state.pendingCalls = this.#calls.size
    this.#onCount(this.#calls.size)
  }
}
