import type { IncomingMessage, ServerResponse } from 'node:http'

/** How a request ended: answered as asked, answered with an error or a fault, refused for who sent it, or unanswered. */
export type ExchangeOutcome = 'ok' | 'error' | 'failure' | 'denied' | 'gone'

/** A whole answer but for its status: a body and all headers that tell of it, name and value in turn. */
export interface Answer {
  /** The body: bytes, or a text with one byte as each character, which Node sends in one piece with the headers. */
  readonly body: Uint8Array | string
  readonly length: number
  readonly headers: readonly string[]
}

/** Bodies up to this length are sent as text. */
const SHORT_BODY = 16 * 1024

/** Makes an answer of a body. It tells its length, so that it is never chunked. */
export function answerOf(type: string, bytes: Uint8Array, headers: Readonly<Record<string, string>> = {}): Answer {
  const { buffer, byteOffset, byteLength: length } = bytes
  const own = ['Content-Type', type, 'Content-Length', String(length)]
  const body = length > SHORT_BODY ? bytes : Buffer.from(buffer, byteOffset, length).toString('latin1')
  return { body, length, headers: [...own, ...Object.entries(headers).flat()] }
}

/** Answers longer than this are watched: who does not read them loses the connection. */
const LONG_ANSWER = 64 * 1024

/** One request and its answer, from the headers of the one to the end of the other. */
export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Whether it came in by way of another HTTP server, which has its own paths. */
  readonly isMounted: boolean
  /** How long the body was. */
  bodyBytes = 0
  /** Where it stands among those that are under way; theirs to keep. */
  place = 0
  /** Whether the connection is to end with the answer. */
  isLast = false
  /** Whether the server failed to do a part of what was asked, whatever the answer. */
  hasFailed = false
  readonly #onSettled: (exchange: Exchange, outcome: ExchangeOutcome) => void
  #controller: AbortController | undefined
  #overBy: Error | undefined
  #isSettled = false

  constructor(
    { request, response, isMounted = false }: ExchangeParts,
    onSettled: (exchange: Exchange, outcome: ExchangeOutcome) => void,
  ) {
    this.request = request
    this.response = response
    this.isMounted = isMounted
    this.#onSettled = onSettled
  }

  /** Whether nobody waits for the answer any more. */
  get isOver(): boolean {
    return this.#overBy !== undefined || this.response.destroyed
  }

  /** Aborted when nobody waits for the answer any more. Only made when it is looked at. */
  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal
    this.#controller = new AbortController()
    if (this.response.destroyed) this.cutOff(new Error('the peer closed the connection'))
    else this.response.on('close', () => this.cutOff(new Error('the peer closed the connection')))
    if (this.#overBy !== undefined) this.#controller.abort(this.#overBy)
    return this.#controller.signal
  }

  /** Nobody waits any more, for that reason. */
  cutOff(reason: Error): void {
    if (this.#overBy !== undefined || this.#isSettled) return
    this.#overBy = reason
    this.#controller?.abort(reason)
  }

  /**
   * Writes the whole answer. It always carries a Content-Length and is never chunked: clients of the XmlRpc++ family
   * read nothing else.
   */
  answer(status: number, { body, length, headers }: Answer, outcome: ExchangeOutcome): void {
    const { response } = this
    if (response.destroyed || response.headersSent) {
      this.settle('gone')
      return
    }
    const all = this.isLast ? [...headers, 'Connection', 'close'] : headers
    response.writeHead(status, all as string[])
    if (typeof body === 'string') response.end(body, 'latin1')
    else response.end(body)
    if (length > LONG_ANSWER) this.#watchReader(outcome)
    else this.settle(outcome)
  }

  /** The exchange is over. */
  settle(outcome: ExchangeOutcome): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#onSettled(this, this.hasFailed && outcome !== 'gone' ? 'failure' : outcome)
  }

  /** Settles when all was read. Node sets the socket's idle time again afterwards. */
  #watchReader(outcome: ExchangeOutcome): void {
    const { response } = this
    response.once('close', () => this.settle(response.writableFinished ? outcome : 'gone'))
    if (!this.isMounted) this.request.socket.setTimeout(READER_TIMEOUT_MS)
  }
}

/** How long a peer may read nothing of a long answer. */
const READER_TIMEOUT_MS = 60_000

/** What an exchange is made of. */
export interface ExchangeParts {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly isMounted?: boolean
}
