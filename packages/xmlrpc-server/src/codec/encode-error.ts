import { XError } from '@x/loop-utils/errors'

/** A value has no form in the chosen dialect or encoding. `path` leads to it, as in `params[1].NAME`. */
export class XmlRpcEncodeError extends XError {
  override readonly name = 'XmlRpcEncodeError'
  readonly code = 'XMLRPC_ENCODE'
  readonly path: string

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`)
    this.path = path
  }
}
