import { isXError, XError } from '@x/loop-utils/errors'

/** The base of the errors of the fake-device server. Their codes begin with `FAKE_`. */
export abstract class FakeDeviceError extends XError {
  abstract override readonly code: `FAKE_${string}`
}

/** True for any {@link FakeDeviceError}, also one of another installed copy of the package. */
export function isFakeDeviceError(value: unknown): value is FakeDeviceError {
  return isXError(value) && value.code.startsWith('FAKE_')
}
