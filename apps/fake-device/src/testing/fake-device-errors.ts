import { FakeDeviceError } from '../fake-device-error.ts'

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The fake-device process did not become ready. */
export class FakeDeviceStartError extends FakeDeviceError {
  override readonly name = 'FakeDeviceStartError'
  readonly code = 'FAKE_START'
  /** How the process ended; undefined when it was ended for being late, or could not be started. */
  readonly exit: ProcessExit | undefined
  /** The last that it wrote to its standard error. */
  readonly stderr: string

  constructor(
    problem: string,
    facts: { readonly exit?: ProcessExit; readonly stderr: string; readonly cause?: unknown },
  ) {
    const said =
      facts.stderr.trim() === '' ? 'it wrote nothing to stderr' : `it wrote to stderr:\n${facts.stderr.trimEnd()}`
    super(`the fake-device process ${problem}; ${said}`, { cause: facts.cause })
    this.exit = facts.exit
    this.stderr = facts.stderr
  }
}
