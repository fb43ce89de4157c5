import { FakeDeviceError } from '../fake-device-error.ts'

/** The server cannot listen where it should. */
export class ListenError extends FakeDeviceError {
  override readonly name = 'ListenError'
  readonly code = 'FAKE_LISTEN'
  readonly host: string
  readonly port: number

  constructor(host: string, port: number, cause: unknown) {
    super(`cannot listen on ${host}:${port}: ${(cause as Error).message}; give a free port, or 0 for any`, { cause })
    this.host = host
    this.port = port
  }
}
