import { XError } from './x-error.ts'

/** How a worker ended. */
export interface WorkerCrash {
  readonly exitCode: number
  /** Whether the call may have run before the worker died; it is never repeated unasked. */
  readonly maybeExecuted: boolean
  /** How many calls were waiting for an answer. */
  readonly pendingCalls?: number
  readonly cause?: unknown
}

/** The worker thread that was to answer is gone. */
export class WorkerCrashedError extends XError {
  override readonly name = 'WorkerCrashedError'
  readonly code = 'LOOP_WORKER_CRASHED'
  readonly exitCode: number
  readonly maybeExecuted: boolean
  readonly pendingCalls: number | undefined

  constructor(crash: WorkerCrash) {
    const { exitCode, maybeExecuted, pendingCalls } = crash
    super(
      `worker thread ended with exit code ${exitCode}; the call ` +
        (maybeExecuted ? 'may have run, so repeat it only if that is harmless' : 'did not run and can be repeated'),
      'cause' in crash ? { cause: crash.cause } : undefined,
    )
    this.exitCode = exitCode
    this.maybeExecuted = maybeExecuted
    this.pendingCalls = pendingCalls
  }
}
