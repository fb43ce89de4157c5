import { XError } from '../errors/x-error.ts'

/**
 * The reason with which work is aborted that nobody needs any more, such as the slower attempts of a hedge, and with
 * which something that was disposed of turns everybody away; the message says why. Whoever asked for the work does not
 * see it, unless it cancelled the work, or disposed of what was to do it, itself.
 */
export class CancelledError extends XError {
  override readonly name = 'CancelledError'
  readonly code = 'LOOP_CANCELLED'
}
