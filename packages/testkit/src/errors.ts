import { isXError, XError } from '@x/loop-utils/errors'

/** The base of the errors that the testkit throws. Their codes begin with `TESTKIT_`. */
export abstract class TestkitError extends XError {
  abstract override readonly code: `TESTKIT_${string}`
}

/** True for any {@link TestkitError}, also one of another installed copy of the package. */
export function isTestkitError(value: unknown): value is TestkitError {
  return isXError(value) && value.code.startsWith('TESTKIT_')
}
