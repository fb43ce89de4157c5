import { XError } from '../errors/x-error.ts'

/** A loop manager closes or is closed. Its tasks are aborted with it; `cause` is what a critical one failed with. */
export class LoopManagerClosedError extends XError {
  override readonly name = 'LoopManagerClosedError'
  readonly code = 'LOOP_MANAGER_CLOSED'

  constructor(options?: ErrorOptions) {
    super('loop manager is closed; start what shall run before close() is called', options)
  }
}
