import { XError } from './x-error.ts'

/** The event name `'error'` was used: Node throws when nobody listens to it, so these packages have no such event. */
export class ReservedEventError extends XError {
  override readonly name = 'ReservedEventError'
  readonly code = 'LOOP_RESERVED_EVENT'
  readonly event: string

  constructor(event: string) {
    super(`event name '${event}' is reserved; give onError to learn of errors`)
    this.event = event
  }
}
