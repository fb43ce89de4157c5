import { NotPlainError } from '../errors/index.ts'
import { type CloneFault, cloneFaultOf } from '../executor/cloneable.ts'

/** What the engine could not clone, and what it threw. */
export interface CloneFailure {
  readonly value: unknown
  readonly error: unknown
  /** What errors call the value. */
  readonly path: string
  /** Whose value it is, if that is not known where the error is seen. */
  readonly owner?: string
}

/** The part of a value that cannot cross a thread. */
export function faultOf({ value, error, path, owner }: CloneFailure): CloneFault {
  const fault = cloneFaultOf(error, { value, path, transfer: [] })
  return owner === undefined ? fault : { path: `${fault.path} of '${owner}'`, found: fault.found }
}

/** The typed error for it. */
export function toNotPlainError(failure: CloneFailure): NotPlainError {
  const { path, found } = faultOf(failure)
  return new NotPlainError(path, found)
}
