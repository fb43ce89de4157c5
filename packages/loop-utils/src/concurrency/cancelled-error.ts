import { XError } from '../errors/x-error.ts'

/**
 * The reason with which work is aborted that nobody needs any more, such as the slower attempts of a hedge; the message
 * says why. Whoever asked for the work does not see it, unless it cancelled the work itself.
 */
export class CancelledError extends XError {
  override readonly name = 'CancelledError'
  readonly code = 'LOOP_CANCELLED'
}
