import { CancelledError } from './cancelled-error.ts'

/** What those are rejected with who wait at a thing that is disposed of, or ask it afterwards. */
export function disposedError(name: string, advice = 'make a new one'): CancelledError {
  return new CancelledError(`${name} was disposed of; ${advice}`)
}
