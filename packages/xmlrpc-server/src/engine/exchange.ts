import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connection } from './connection.ts'

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

/** An exchange with an answer longer than this is over when all was read. */
const LONG_ANSWER = 64 * 1024

/** One request and its answer, from the headers of the one to the end of the other. */
export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** What it came over; undefined when it came by way of another HTTP server. */
  readonly connection: Connection | undefined
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
  #presence: AbortController | undefined
  #forgetHangUp: (() => void) | undefined
  #overBy: Error | undefined
  #isSettled = false

  constructor(
    { request, response, connection }: ExchangeParts,
    onSettled: (exchange: Exchange, outcome: ExchangeOutcome) => void,
  ) {
    this.request = request
    this.response = response
    this.connection = connection
    this.#onSettled = onSettled
  }

  /** Whether it came in by way of another HTTP server, which has its own paths. */
  get isMounted(): boolean {
    return this.connection === undefined
  }

  /** Whether nobody waits for the answer any more. */
  get isOver(): boolean {
    return this.#overBy !== undefined || this.response.destroyed || this.#presence?.signal.aborted === true
  }

  /** Whether it was answered, or ended without an answer. */
  get isSettled(): boolean {
    return this.#isSettled
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

  /**
   * Like {@link signal}, and aborted also when the peer has ended its side: whoever waits long has most likely given up
   * then, and will call again.
   */
  get presence(): AbortSignal {
    if (this.#presence !== undefined) return this.#presence.signal
    const presence = new AbortController()
    this.#presence = presence
    const { signal } = this
    if (signal.aborted) presence.abort(signal.reason)
    signal.addEventListener('abort', () => presence.abort(signal.reason))
    const forget = this.connection?.onHangUp(() => presence.abort(new Error('the peer has ended its side')))
    if (this.#isSettled) forget?.()
    else this.#forgetHangUp = forget
    return presence.signal
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
    this.#forgetHangUp?.()
    this.#onSettled(this, this.hasFailed && outcome !== 'gone' ? 'failure' : outcome)
  }

  /** Settles when all was read. Who does not read loses the connection. */
  #watchReader(outcome: ExchangeOutcome): void {
    const { response } = this
    response.once('close', () => this.settle(response.writableFinished ? outcome : 'gone'))
  }
}

/** What an exchange is made of. */
export interface ExchangeParts {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connection?: Connection | undefined
}
