import { XError } from './x-error.ts'

/** An operation was asked of a service whose state does not admit it. */
export class ServiceStateError extends XError {
  override readonly name = 'ServiceStateError'
  readonly code = 'LOOP_SERVICE_STATE'
  /** What was asked, such as `ready`. */
  readonly operation: string
  /** The state the service was in. */
  readonly state: string

  /** `advice` completes the message: what to do instead. */
  constructor(operation: string, state: string, advice: string) {
    super(`cannot ${operation} while ${state}; ${advice}`)
    this.operation = operation
    this.state = state
  }
}
