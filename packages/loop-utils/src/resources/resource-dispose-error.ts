import { XError } from '../errors/x-error.ts'

/** Several resources of one owner could not be released properly; all were tried. */
export class ResourceDisposeError extends XError {
  override readonly name = 'ResourceDisposeError'
  readonly code = 'LOOP_RESOURCE_DISPOSE'
  /** What the disposers threw, in the order in which they ran. `cause` is the first. */
  readonly errors: readonly unknown[]

  constructor(errors: readonly unknown[]) {
    super(`${errors.length} resources could not be released; see errors`, { cause: errors[0] })
    this.errors = errors
  }
}
