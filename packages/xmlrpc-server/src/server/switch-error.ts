import { XError } from '@x/loop-utils/errors'

/** A server could not go over to the other implementation. It goes on with the one it has, unless it says otherwise. */
export class SwitchError extends XError {
  override readonly name = 'SwitchError'
  readonly code = 'XMLRPC_SWITCH'
  readonly from: 'loop' | 'thread'
  readonly to: 'loop' | 'thread'
  /** Whether the old implementation still takes requests. */
  readonly isServing: boolean

  constructor({ from, to, isServing }: Pick<SwitchError, 'from' | 'to' | 'isServing'>, options: ErrorOptions) {
    const outcome = isServing ? `mode '${from}' goes on` : 'the port is lost and the server has failed; start it again'
    super(`could not switch to mode '${to}': see the cause; ${outcome}`, options)
    this.from = from
    this.to = to
    this.isServing = isServing
  }
}
