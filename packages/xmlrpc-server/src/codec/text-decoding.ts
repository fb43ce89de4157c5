import { isAscii, isUtf8 } from 'node:buffer'
import type { DetectedEncoding, XmlRpcEncoding } from './encoding.ts'
import { GatheredBytes } from './gathered-bytes.ts'
import { decodeSingleByte, type SingleByteEncoding } from './single-byte.ts'

/** A piece of a document as text. */
export interface DecodedPiece {
  readonly text: string
  /** The byte behind the text that is none of the encoding, if there is one: nothing after it was read. */
  readonly illegal: number | undefined
}

const NO_BYTES = Buffer.alloc(0)

/**
 * Turns the bytes of one document, behind its byte order mark, into text, piece by piece. What the pieces give in
 * sequence does not depend on where the bytes were cut.
 */
export class TextDecoding {
  /** The encoding that the bytes are read in. It settles at the end when there is a fallback. */
  encoding: XmlRpcEncoding
  readonly #fallback: SingleByteEncoding | undefined
  /** Bytes that await those behind them. */
  #rest: Buffer = NO_BYTES
  /** All bytes from the first that is not ASCII: only at the end it shows whether they are UTF-8. */
  #held: GatheredBytes | undefined

  constructor({ encoding, fallback }: DetectedEncoding) {
    this.encoding = encoding
    this.#fallback = fallback
  }

  decode(bytes: Buffer, isLast: boolean): DecodedPiece {
    if (this.#fallback !== undefined && (this.#held !== undefined || !isAscii(bytes))) {
      return this.#hold(bytes, isLast, this.#fallback)
    }
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const cut = isLast ? all.length : this.#completeLength(all)
    // The caller may use its buffer again.
    this.#rest = cut === all.length ? NO_BYTES : Buffer.from(all.subarray(cut))
    return this.#decodeComplete(all.subarray(0, cut))
  }

  #hold(bytes: Buffer, isLast: boolean, fallback: SingleByteEncoding): DecodedPiece {
    if (!isLast || this.#held !== undefined) {
      this.#held ??= new GatheredBytes()
      this.#held.append(bytes)
    }
    if (!isLast) return { text: '', illegal: undefined }
    const all = this.#held?.take() ?? bytes
    if (!isUtf8(all)) this.encoding = fallback
    return this.#decodeComplete(all)
  }

  #completeLength(bytes: Buffer): number {
    if (this.encoding === 'utf-8') return completeUtf8(bytes)
    if (this.encoding === 'utf-16le' || this.encoding === 'utf-16be') return completeUtf16(bytes, this.encoding)
    return bytes.length
  }

  #decodeComplete(bytes: Buffer): DecodedPiece {
    const { encoding } = this
    if (encoding === 'utf-8') return decodeUtf8(bytes)
    if (encoding === 'us-ascii') return decodeAscii(bytes)
    if (encoding === 'utf-16le' || encoding === 'utf-16be') return decodeUtf16(bytes, encoding)
    return { text: decodeSingleByte(bytes, encoding), illegal: undefined }
  }
}

/** How many bytes a text has in the encoding that it came in. */
export function byteLength(text: string, encoding: XmlRpcEncoding): number {
  if (encoding === 'utf-8') return Buffer.byteLength(text)
  return encoding === 'utf-16le' || encoding === 'utf-16be' ? text.length * 2 : text.length
}

function decodeUtf8(bytes: Buffer): DecodedPiece {
  if (isAscii(bytes)) return { text: bytes.toString('latin1'), illegal: undefined }
  if (isUtf8(bytes)) return { text: bytes.toString('utf8'), illegal: undefined }
  const at = firstIllegalUtf8(bytes)
  return { text: bytes.toString('utf8', 0, at), illegal: bytes[at] }
}

/** Length without a character that is cut at the end. */
function completeUtf8(bytes: Buffer): number {
  const { length } = bytes
  for (let at = length - 1; at >= 0 && at >= length - 3; at--) {
    const byte = bytes[at] ?? 0
    if (byte < 0x80) return length
    if (byte >= 0xc0) return length - at < sequenceLength(byte) ? at : length
  }
  return length
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf8) return 1
  if (lead >= 0xf0) return 4
  return lead >= 0xe0 ? 3 : 2
}

/** The offset of the first byte that is not UTF-8, in bytes that have one. */
function firstIllegalUtf8(bytes: Buffer): number {
  const text = bytes.toString('utf8')
  let at = 0
  let done = 0
  for (;;) {
    const next = text.indexOf('\ufffd', done)
    at += Buffer.byteLength(text.slice(done, next))
    // A replacement character that stands in the bytes is not one that the decoder put there.
    if (next < 0 || !(bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd)) return at
    at += 3
    done = next + 1
  }
}

function decodeAscii(bytes: Buffer): DecodedPiece {
  if (isAscii(bytes)) return { text: bytes.toString('latin1'), illegal: undefined }
  const at = bytes.findIndex((byte) => byte > 127)
  return { text: bytes.toString('latin1', 0, at), illegal: bytes[at] }
}

function completeUtf16(bytes: Buffer, encoding: XmlRpcEncoding): number {
  const even = bytes.length & ~1
  const high = bytes[encoding === 'utf-16le' ? even - 1 : even - 2] ?? 0
  return high >= 0xd8 && high <= 0xdb ? even - 2 : even
}

function decodeUtf16(bytes: Buffer, encoding: XmlRpcEncoding): DecodedPiece {
  const even = bytes.subarray(0, bytes.length & ~1)
  const text = (encoding === 'utf-16le' ? even : Buffer.from(even).swap16()).toString('utf16le')
  const lone = text.search(/\p{Surrogate}/u)
  if (lone >= 0) return { text: text.slice(0, lone), illegal: bytes[lone * 2] }
  return { text, illegal: bytes.length === even.length ? undefined : bytes.at(-1) }
}
