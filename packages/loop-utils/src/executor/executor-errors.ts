import { XError } from '../errors/x-error.ts'

/** An executor was used after it closed, or closed before the call came to its end. */
export class ExecutorClosedError extends XError {
  override readonly name = 'ExecutorClosedError'
  readonly code = 'LOOP_EXECUTOR_CLOSED'
  /** Whether the function may have run before. */
  readonly maybeExecuted: boolean

  constructor(maybeExecuted: boolean) {
    super(
      `executor is closed; the function ${maybeExecuted ? 'may have run' : 'did not run'}; ` +
        'run it before close() is called, or on another executor',
    )
    this.maybeExecuted = maybeExecuted
  }
}

/** The library that executors run on is not installed. */
export class PoolMissingError extends XError {
  override readonly name = 'PoolMissingError'
  readonly code = 'LOOP_POOL_MISSING'
  /** The name of its package. */
  readonly package: string

  constructor(name: string, versions: string, cause: unknown) {
    super(`package ${name} is not installed; run npm install ${name}@${versions}, or give another pool`, { cause })
    this.package = name
  }
}
