import { isUtf8 } from 'node:buffer'

/** What the first line of a capture file says that it is. */
export const CAPTURE_FORMAT = 'xmlrpc-callbacks'

/** The version of the format that is written here; the only one that is read. */
export const CAPTURE_VERSION = 1

/** The headers that are kept of a request. Credentials are not. */
export const KEPT_HEADERS: readonly string[] = ['content-type', 'content-encoding', 'user-agent']

/** The first line. */
export interface HeaderLine {
  readonly format: typeof CAPTURE_FORMAT
  readonly version: typeof CAPTURE_VERSION
  /** ISO 8601, by the wall clock. */
  readonly startedAt: string
}

/** Bytes as text: what is UTF-8 as such, anything else one character for each byte. Both keep every byte. */
export interface BodyText {
  readonly encoding: 'utf8' | 'latin1'
  readonly body: string
}

/** A request, when all of it was there. */
export interface RequestLine extends BodyText {
  /** Its number, counted from 1. */
  readonly request: number
  /** Milliseconds since the recording began, by a monotonic clock. */
  readonly atMs: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** The answer to a request. */
export interface AnswerLine extends BodyText {
  /** The number of the request. */
  readonly answer: number
  readonly atMs: number
  readonly status: number
}

/** The last line of a recording that was stopped in order. */
export interface EndLine {
  readonly end: true
  readonly atMs: number
  /** How many requests were not recorded, for want of room. */
  readonly dropped: number
}

/** Any line of a capture file. */
export type CaptureLine = HeaderLine | RequestLine | AnswerLine | EndLine

/** Writes bytes as text that {@link bodyBytes} gives back. */
export function bodyText(bytes: Uint8Array): BodyText {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const encoding = isUtf8(buffer) ? 'utf8' : 'latin1'
  return { encoding, body: buffer.toString(encoding) }
}

/** The bytes of a body that was written as text. */
export function bodyBytes({ encoding, body }: BodyText): Buffer {
  return Buffer.from(body, encoding)
}

/** Milliseconds to the microsecond, which is what clocks are good for. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
