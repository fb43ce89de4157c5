import type { PlainValue } from './plain-value.ts'
import { XError } from './x-error.ts'

/** What is known of an error whose class does not exist on this side. */
export interface RemoteFailure {
  readonly name: string
  readonly message: string
  readonly code?: string | undefined
  /** Its further fields. */
  readonly fields?: Readonly<Record<string, PlainValue>>
}

/**
 * An error that arrived from another thread and whose class is not registered here. `stack` is the stack of the place
 * where it was thrown.
 */
export class RemoteError extends XError {
  override readonly name = 'RemoteError'
  readonly code = 'LOOP_REMOTE'
  /** The `name` it had. */
  readonly remoteName: string
  /** The `code` it had, if any. */
  readonly remoteCode: string | undefined
  /** The plain fields it had. */
  readonly fields: Readonly<Record<string, PlainValue>>

  constructor({ name, message, code, fields = {} }: RemoteFailure) {
    super(message)
    this.remoteName = name
    this.remoteCode = code
    this.fields = fields
  }
}
