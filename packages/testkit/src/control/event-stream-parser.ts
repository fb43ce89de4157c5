/** One message of a `text/event-stream` (WHATWG HTML, 9.2). */
export interface StreamMessage {
  readonly id: string
  readonly event: string
  readonly data: string
}

/** A message of a stream is longer than the parser takes. */
export class StreamTooLongError extends Error {}

/** Reads a `text/event-stream` from text that comes in any pieces. Comments and retry times are passed over. */
export class EventStreamParser {
  readonly #maxLength: number
  /** Pieces of a line whose end has not come. */
  #rest: string[] = []
  #restLength = 0
  #data: string[] = []
  #length = 0
  #event = ''
  #id = ''

  /** `maxLength` bounds what is held of one message, in UTF-16 code units. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /** The messages that are complete with this piece. @throws StreamTooLongError */
  push(piece: string): readonly StreamMessage[] {
    const messages: StreamMessage[] = []
    for (const line of this.#split(piece)) {
      const message = this.#line(line)
      if (message !== undefined) messages.push(message)
    }
    this.#checkLength(this.#length + this.#restLength)
    return messages
  }

  /** The lines that are complete; a long one that comes in many pieces is put together once. */
  #split(piece: string): readonly string[] {
    this.#rest.push(piece)
    this.#restLength += piece.length
    // a CR at the end may be half of a line end
    if (!/[\r\n]/.test(piece) && this.#rest.at(-2)?.endsWith('\r') !== true) return []
    const lines = this.#rest.join('').split(/\r\n|\n|\r(?!$)/)
    const rest = lines.pop() ?? ''
    this.#rest = [rest]
    this.#restLength = rest.length
    return lines
  }

  #line(line: string): StreamMessage | undefined {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') this.#addData(value)
    else if (field === 'event') this.#event = value
    else if (field === 'id' && !value.includes('\0')) this.#id = value
    return undefined
  }

  #addData(value: string): void {
    this.#data.push(value)
    this.#length += value.length
    this.#checkLength(this.#length)
  }

  #dispatch(): StreamMessage | undefined {
    const { length } = this.#data
    const message = { id: this.#id, event: this.#event === '' ? 'message' : this.#event, data: this.#data.join('\n') }
    this.#data = []
    this.#length = 0
    this.#event = ''
    return length === 0 ? undefined : message
  }

  #checkLength(length: number): void {
    if (length > this.#maxLength) throw new StreamTooLongError(`a message has more than ${this.#maxLength} characters`)
  }
}
