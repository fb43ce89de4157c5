import { isUtf8 } from 'node:buffer'
import type { Capture, CapturedAnswer, CapturedRequest } from './capture.ts'
import { CaptureFileError, type CaptureFileProblem } from './capture-file-error.ts'
import { bodyBytes, CAPTURE_FORMAT, CAPTURE_VERSION, type BodyText } from './capture-format.ts'

type Members = Readonly<Record<string, unknown>>

/** Puts the lines of a capture file together. */
export class CaptureReader {
  readonly #file: string
  readonly #requests = new Map<number, Omit<CapturedRequest, 'answer'>>()
  readonly #answers = new Map<number, CapturedAnswer>()
  #startedAt = ''
  #dropped: number | undefined
  #line = 0

  constructor(file: string) {
    this.#file = file
  }

  /** Takes the next line. @throws CaptureFileError */
  add(line: Buffer): void {
    this.#line++
    const members = parse(line)
    if (this.#line === 1) this.#addHeader(members)
    else if (members === undefined) throw this.#error('malformed', 'is no JSON object')
    else if (this.#dropped !== undefined) throw this.#error('malformed', 'comes after the end')
    else if ('request' in members) this.#addRequest(members)
    else if ('answer' in members) this.#addAnswer(members)
    else if (members['end'] === true) this.#dropped = this.#count(members, 'dropped', 0)
    else throw this.#error('malformed', 'is neither a request nor an answer nor the end')
  }

  /** What is left behind the last line break. */
  addRest(text: string, isPartial: boolean): void {
    if (text === '' && this.#line > 0) return
    if (this.#line === 0) throw this.#error('foreign', 'has no line that says what it is', 1)
    if (!isPartial) throw this.#error('truncated', 'ends in the middle of a line', this.#line + 1)
  }

  capture(): Capture {
    const requests = [...this.#requests.values()].map((request) => ({
      ...request,
      answer: this.#answers.get(request.number),
    }))
    return {
      startedAt: this.#startedAt,
      requests,
      isComplete: this.#dropped !== undefined,
      dropped: this.#dropped ?? 0,
    }
  }

  #addHeader(members: Members | undefined): void {
    if (members?.['format'] !== CAPTURE_FORMAT) throw this.#error('foreign', 'does not say that it records callbacks')
    const { version } = members
    if (version !== CAPTURE_VERSION) throw this.#error('version', `has version ${String(version)} of the format`)
    this.#startedAt = this.#text(members, 'startedAt')
  }

  #addRequest(members: Members): void {
    const number = this.#count(members, 'request', 1)
    if (this.#requests.has(number)) throw this.#error('malformed', `has request ${number} once more`)
    const path = this.#text(members, 'path')
    if (!path.startsWith('/')) throw this.#error('malformed', 'has a path that does not begin with /')
    const headers = this.#headers(members)
    this.#requests.set(number, { number, atMs: this.#ms(members), path, headers, body: this.#body(members) })
  }

  #addAnswer(members: Members): void {
    const number = this.#count(members, 'answer', 1)
    if (!this.#requests.has(number) || this.#answers.has(number)) {
      throw this.#error('malformed', `answers request ${number}, which waits for none`)
    }
    const status = this.#count(members, 'status', 100)
    this.#answers.set(number, { atMs: this.#ms(members), status, body: this.#body(members) })
  }

  #body(members: Members): Buffer {
    const { encoding } = members
    if (encoding !== 'utf8' && encoding !== 'latin1') throw this.#error('malformed', 'has no known encoding')
    const text: BodyText = { encoding, body: this.#text(members, 'body') }
    const bytes = bodyBytes(text)
    // what the encoding has no bytes for would be replayed as something else
    if (bytes.toString(encoding) !== text.body) throw this.#error('malformed', 'has a body that is not in its encoding')
    return bytes
  }

  #headers({ headers }: Members): Readonly<Record<string, string>> {
    const isObject = typeof headers === 'object' && headers !== null && !Array.isArray(headers)
    if (isObject && Object.values(headers).every((value) => typeof value === 'string')) {
      return headers as Readonly<Record<string, string>>
    }
    throw this.#error('malformed', 'has no headers')
  }

  #text(members: Members, name: string): string {
    const value = members[name]
    if (typeof value === 'string') return value
    throw this.#error('malformed', `has no text for '${name}'`)
  }

  #count(members: Members, name: string, min: number): number {
    const value = members[name]
    if (Number.isSafeInteger(value) && (value as number) >= min) return value as number
    throw this.#error('malformed', `has no number for '${name}'`)
  }

  #ms({ atMs }: Members): number {
    if (typeof atMs === 'number' && Number.isFinite(atMs) && atMs >= 0) return atMs
    throw this.#error('malformed', "has no time for 'atMs'")
  }

  #error(reason: CaptureFileProblem, what: string, line = this.#line): CaptureFileError {
    return new CaptureFileError(reason, { file: this.#file, line, what: `it ${what}` })
  }
}

/** Undefined for what is no JSON object, in UTF-8 as JSON has to be. */
function parse(line: Buffer): Members | undefined {
  if (!isUtf8(line)) return undefined
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
  } catch {
    return undefined
  }
}
