import type { Readable } from 'node:stream'

/** What the command line program needs of its process. */
export interface CliIo {
  /** Data, such as the ready line. */
  readonly stdout: (text: string) => void
  /** Messages for people. */
  readonly stderr: (text: string) => void
  readonly stdin: Readable
  /** Calls back for each SIGINT and SIGTERM, until disposed. */
  readonly onSignal: (listener: (signal: NodeJS.Signals) => void) => Disposable
  /** Ends the process without waiting for anything. */
  readonly exitNow: (code: number) => void
}
