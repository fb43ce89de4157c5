import { XError } from './x-error.ts'

/** A value that was to cross a thread holds something that cannot. */
export class NotPlainError extends XError {
  override readonly name = 'NotPlainError'
  readonly code = 'LOOP_NOT_PLAIN'
  /** Where it sits, such as `input.items[3].callback`. */
  readonly path: string
  /** What was found there, such as `a function`. */
  readonly found: string

  constructor(path: string, found: string) {
    super(
      `${path} is ${found} and cannot cross a thread; give JSON-like data, bigint, Date, Uint8Array or KeyObject instead`,
    )
    this.path = path
    this.found = found
  }
}
