import { XmlRpcProtocolError } from './protocol-error.ts'
import { isDeclarationBeginning, MAX_DECLARATION } from './scanner.ts'
import type { SingleByteEncoding } from './single-byte.ts'

/** The encodings that documents are read in. UTF-16 needs its byte order mark. */
export type XmlRpcEncoding = 'utf-8' | 'us-ascii' | 'utf-16le' | 'utf-16be' | SingleByteEncoding

/** How to find the encoding of a document that does not state it. */
export interface EncodingHints {
  /** What the transport says, such as the `charset` of a Content-Type. Mark and declaration win over it. */
  readonly charset?: string | undefined
  /** What undeclared bytes that are not UTF-8 are read as. Default: they are refused. */
  readonly encodingFallback?: SingleByteEncoding | undefined
}

/** The encoding of a document, as its first bytes tell. */
export interface DetectedEncoding {
  readonly encoding: XmlRpcEncoding
  /** Length of the byte order mark. */
  readonly markLength: number
  /** What the document is in, should it turn out not to be UTF-8. */
  readonly fallback: SingleByteEncoding | undefined
}

/** As many bytes tell the encoding for sure: a byte order mark and the longest declaration in UTF-16. */
const HEAD_BYTES = 2 + 2 * MAX_DECLARATION

const NAMES: ReadonlyMap<string, XmlRpcEncoding | 'utf-16'> = new Map([
  ['utf-8', 'utf-8'],
  ['utf8', 'utf-8'],
  ['us-ascii', 'us-ascii'],
  ['ascii', 'us-ascii'],
  ['iso-8859-1', 'iso-8859-1'],
  ['iso8859-1', 'iso-8859-1'],
  ['iso_8859-1', 'iso-8859-1'],
  ['latin1', 'iso-8859-1'],
  ['latin-1', 'iso-8859-1'],
  ['iso-8859-15', 'iso-8859-15'],
  ['iso8859-15', 'iso-8859-15'],
  ['latin-9', 'iso-8859-15'],
  ['windows-1252', 'windows-1252'],
  ['cp1252', 'windows-1252'],
  ['utf-16', 'utf-16'],
  ['utf-16le', 'utf-16le'],
  ['utf-16be', 'utf-16be'],
])

const DECLARED = /^[\t\n\r ]*<\?xml[\t\n\r ][^>]*?encoding[\t\n\r ]*=[\t\n\r ]*(?:"([^">]*)"|'([^'>]*)')/
const START = { offset: 0, line: 1, column: 1 }

/** Whether the first bytes of a document are enough for {@link detectEncoding}. */
export function tellsEncoding(head: Buffer): boolean {
  if (head.length >= HEAD_BYTES) return true
  if (head.length < 3) return false
  const marked = markedEncoding(head)
  return !isDeclarationBeginning(marked === undefined ? head.toString('latin1') : markedText(head, marked))
}

/**
 * The encoding of a document: by its byte order mark, else by its declaration, else by what the transport says, else
 * UTF-8.
 *
 * @param head the beginning of the document as far as it {@link tellsEncoding}, or more, or all of it
 * @throws XmlRpcProtocolError when the encoding is not supported or its statements contradict
 */
export function detectEncoding(head: Buffer, { charset, encodingFallback }: EncodingHints): DetectedEncoding {
  const marked = markedEncoding(head)
  if (marked !== undefined) return checkMarked(head, marked)
  const declared = declaredName(head.toString('latin1', 0, MAX_DECLARATION)) ?? charset
  if (declared === undefined) return { encoding: 'utf-8', markLength: 0, fallback: encodingFallback }
  const encoding = named(declared)
  if (encoding === 'utf-16' || encoding === 'utf-16le' || encoding === 'utf-16be') {
    throw new XmlRpcProtocolError(
      'encoding',
      `${encoding} without a byte order mark; begin the document with one`,
      START,
    )
  }
  return { encoding, markLength: 0, fallback: undefined }
}

function markedEncoding(head: Buffer): XmlRpcEncoding | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8'
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : undefined
}

function checkMarked(head: Buffer, encoding: XmlRpcEncoding): DetectedEncoding {
  const markLength = encoding === 'utf-8' ? 3 : 2
  const name = declaredName(markedText(head.subarray(0, HEAD_BYTES), encoding).slice(0, MAX_DECLARATION))
  const declared = name === undefined ? encoding : named(name)
  if (declared === encoding || (declared === 'utf-16' && encoding !== 'utf-8')) {
    return { encoding, markLength, fallback: undefined }
  }
  const problem = `the byte order mark says ${encoding}, the declaration says ${declared}; make them agree`
  throw new XmlRpcProtocolError('encoding', problem, START)
}

/** The text behind a byte order mark, good enough to read a declaration from. */
function markedText(head: Buffer, encoding: XmlRpcEncoding): string {
  if (encoding === 'utf-8') return head.toString('latin1', 3)
  const even = head.subarray(2, head.length & ~1)
  return (encoding === 'utf-16le' ? even : Buffer.from(even).swap16()).toString('utf16le')
}

function declaredName(head: string): string | undefined {
  const match = DECLARED.exec(head)
  return match === null ? undefined : (match[1] ?? match[2])
}

function named(name: string): XmlRpcEncoding | 'utf-16' {
  const encoding = NAMES.get(name.toLowerCase())
  if (encoding !== undefined) return encoding
  const problem = `encoding '${name.slice(0, 40)}' is not supported; send utf-8 or iso-8859-1`
  throw new XmlRpcProtocolError('encoding', problem, START)
}
