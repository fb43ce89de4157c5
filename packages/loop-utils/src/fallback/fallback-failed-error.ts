import { XError } from '../errors/x-error.ts'

/** A call failed, and so did what was to stand in for it. `cause` is what the stand-in failed with. */
export class FallbackFailedError extends XError {
  override readonly name = 'FallbackFailedError'
  readonly code = 'LOOP_FALLBACK_FAILED'
  /** What the call failed with, and what the stand-in did. */
  readonly errors: readonly [call: unknown, standIn: unknown]

  constructor(callError: unknown, standInError: unknown) {
    super(
      `the call failed (${describe(callError)}) and its fallback, too (${describe(standInError)}); ` +
        'see errors for both, the call first',
      { cause: standInError },
    )
    this.errors = [callError, standInError]
  }
}

function describe(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message
  return typeof thrown === 'object' && thrown !== null ? 'an object' : String(thrown)
}
