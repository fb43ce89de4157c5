import { XError } from '@x/loop-utils/errors'

/** A server of that address is shared already, with other options. */
export class ServerConflictError extends XError {
  override readonly name = 'ServerConflictError'
  readonly code = 'XMLRPC_SERVER_CONFLICT'
  readonly host: string
  readonly port: number
  /** The options that differ. */
  readonly options: readonly string[]

  constructor(host: string, port: number, options: readonly string[]) {
    const named = options.length === 1 ? `option ${options[0]}` : `options ${options.join(', ')}`
    super(`the server of ${host}:${port} runs with other ${named}; leave them out, or give another port`)
    this.host = host
    this.port = port
    this.options = options
  }
}
