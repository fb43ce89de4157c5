import { XError } from '@x/loop-utils/errors'

/** What is wrong with a capture file. */
export type CaptureFileProblem =
  | 'unreadable'
  | 'unwritable'
  | 'foreign'
  | 'version'
  | 'truncated'
  | 'malformed'
  | 'too-large'

const ADVICE: { readonly [P in CaptureFileProblem]: string } = {
  unreadable: 'give the path of a file that can be read',
  unwritable: 'give the path of a file that is not there yet, in a folder that can be written to',
  foreign: 'give a file that a CallbackRecorder has written',
  version: 'read it with a newer version of @x/xmlrpc-server',
  truncated: 'its recording was interrupted; read what is whole with partial: true',
  malformed: 'it was changed after it was recorded; correct or remove that line',
  'too-large': 'raise maxBytes, or record a shorter session',
}

/** A file of recorded callbacks cannot be read or written, or is none. */
export class CaptureFileError extends XError {
  override readonly name = 'CaptureFileError'
  readonly code = 'XMLRPC_CAPTURE'
  readonly reason: CaptureFileProblem
  readonly file: string
  /** The line that is meant, counted from 1; 0 for the file as a whole. */
  readonly line: number

  constructor(reason: CaptureFileProblem, found: { file: string; line?: number; what: string; cause?: unknown }) {
    const { file, line = 0, what, cause } = found
    super(`${file}${line === 0 ? '' : `, line ${line}`}: ${what}; ${ADVICE[reason]}`, { cause })
    this.reason = reason
    this.file = file
    this.line = line
  }
}
