import { XError } from '@x/loop-utils/errors'

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; choose another one, or 0 for any that is free',
  EADDRNOTAVAIL: 'this machine has no such address (yet); choose one that it has, or 0.0.0.0 for all',
  EACCES: 'the port needs privileges; choose one above 1023',
}

/** A server could not bind its address. `reason` is the system's code, such as `EADDRINUSE`. */
export class BindError extends XError {
  override readonly name = 'BindError'
  readonly code = 'XMLRPC_BIND'
  readonly host: string
  readonly port: number
  readonly reason: string

  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const reason = cause.code ?? 'unknown'
    super(`cannot listen on ${host}:${port}: ${ADVICE[reason] ?? cause.message}`, { cause })
    this.host = host
    this.port = port
    this.reason = reason
  }
}
