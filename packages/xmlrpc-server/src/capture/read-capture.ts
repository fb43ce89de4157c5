import { open } from 'node:fs/promises'
import { checkBoolean, checkInteger, checkText } from '@x/loop-utils/errors'
import type { Capture } from './capture.ts'
import { CaptureFileError } from './capture-file-error.ts'
import { CaptureReader } from './capture-reader.ts'

/** How a capture file is read. */
export interface ReadCaptureOptions {
  /** Largest file that is read, in bytes; all of it is held in memory. Default 256 MiB. */
  readonly maxBytes?: number
  /** Whether a file that ends in the middle of a line is taken for what is whole of it. Default false. */
  readonly partial?: boolean
}

const LINE_FEED = 0x0a

/**
 * Reads a session that a CallbackRecorder has recorded.
 *
 * @throws OptionError; CaptureFileError for a file that is none, was cut off or changed: `reason` and `line` tell
 */
export async function readCapture(file: string, options: ReadCaptureOptions = {}): Promise<Capture> {
  checkText('file', file)
  const maxBytes = checkInteger('maxBytes', options.maxBytes ?? 256 * 1024 * 1024, { min: 1, max: 2 ** 31 - 1 })
  const isPartial = checkBoolean('partial', options.partial ?? false)
  const bytes = await readBytes(file, maxBytes)
  const reader = new CaptureReader(file)
  let from = 0
  for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
    reader.add(bytes.subarray(from, end))
    from = end + 1
  }
  reader.addRest(bytes.toString('utf8', from), isPartial)
  return reader.capture()
}

async function readBytes(file: string, maxBytes: number): Promise<Buffer> {
  try {
    await using handle = await open(file, 'r')
    const facts = await handle.stat()
    if (!facts.isFile()) throw new CaptureFileError('unreadable', { file, what: 'it is not a file' })
    const { size } = facts
    if (size > maxBytes) throw new CaptureFileError('too-large', { file, what: `it has ${size} bytes` })
    return await handle.readFile()
  } catch (cause) {
    if (cause instanceof CaptureFileError) throw cause
    throw new CaptureFileError('unreadable', { file, what: (cause as Error).message, cause })
  }
}
