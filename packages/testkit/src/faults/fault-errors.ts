import { TestkitError } from '../errors.ts'

/** A fault of that name is in force already. */
export class FaultExistsError extends TestkitError {
  override readonly name = 'FaultExistsError'
  readonly code = 'TESTKIT_FAULT_EXISTS'
  readonly fault: string

  constructor(fault: string) {
    super(`a fault named '${fault}' is in force already; remove it first, or give this one another name`)
    this.fault = fault
  }
}

/** The bound on the number of faults is reached. */
export class TooManyFaultsError extends TestkitError {
  override readonly name = 'TooManyFaultsError'
  readonly code = 'TESTKIT_FAULT_LIMIT'
  readonly limit: number

  constructor(limit: number) {
    super(`${limit} faults are in force, which is the most; remove some first`)
    this.limit = limit
  }
}

/** The proxy cannot listen where it should. */
export class ProxyListenError extends TestkitError {
  override readonly name = 'ProxyListenError'
  readonly code = 'TESTKIT_PROXY_LISTEN'
  readonly host: string
  readonly port: number

  constructor(host: string, port: number, cause: unknown) {
    super(`cannot listen on ${host}:${port}: ${(cause as Error).message}; give a free port, or 0 for any`, { cause })
    this.host = host
    this.port = port
  }
}
