import type { Worker } from 'node:worker_threads'
import type { Clock } from '../clock/index.ts'
import type { ErrorRevival } from '../errors/index.ts'

/** The options of `attachPoster` with defaults filled in. */
export interface ResolvedAttachOptions {
  readonly revival: ErrorRevival
  readonly coalesceBy: ((handler: string, args: readonly unknown[]) => string) | undefined
  readonly worker: Worker | undefined
  readonly clock: Clock
  /** Whether this thread may block for room or an answer. */
  readonly mayBlock: boolean
}
