import type { Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import type { Exchange } from './exchange.ts'
import { type HttpRefusal, refuse } from './http-refusal.ts'

/** So many requests of a connection may wait for their answers before no more are read. */
const MOST_UNANSWERED = 128

/** What a request is answered with that is not in order, by the code of Node's error; 400 for all others. */
const STATUS_OF: Readonly<Record<string, BrokenStatus>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
}

type BrokenStatus = 400 | 408 | 413 | 431

const TEXT_OF: Readonly<Record<BrokenStatus, string>> = {
  400: 'not HTTP',
  408: 'the request took too long',
  413: 'the extensions of a chunk are too long',
  431: 'the headers are too long',
}

/** One connection, over which requests are answered in their order. */
export class Connection {
  readonly #socket: Socket
  #unanswered = 0
  #latest: Exchange | undefined
  #isHeld = false
  #isWatched = false
  #onHangUp: Set<() => void> | undefined

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** A request has come. While too many wait for their answers, the peer has to wait, too. */
  begin(exchange: Exchange): void {
    this.#latest = exchange
    if (++this.#unanswered >= MOST_UNANSWERED && !this.#isHeld) this.#hold()
  }

  /** A request is over. */
  end(): void {
    if (--this.#unanswered > MOST_UNANSWERED / 2 || !this.#isHeld) return
    this.#isHeld = false
    this.#socket.resume()
  }

  /** Calls back when the peer has ended its side; returns how to take that back. */
  onHangUp(callback: () => void): () => void {
    if (this.#socket.readableEnded) callback()
    this.#onHangUp ??= this.#watchHangUp()
    this.#onHangUp.add(callback)
    return () => this.#onHangUp?.delete(callback)
  }

  /**
   * What came is not HTTP, or comes too slowly: whoever sent it is told, after the answers before it, and the connection
   * ends. Returns the status if that answer belongs to no request that is under way.
   */
  fail(code: string | undefined): BrokenStatus | undefined {
    const socket = this.#socket
    const latest = this.#latest
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return undefined
    }
    const status = STATUS_OF[code ?? ''] ?? 400
    if (latest !== undefined && !latest.request.complete) {
      if (latest.response.headersSent) socket.destroy()
      else refuse(latest, { status, text: TEXT_OF[status], close: true } satisfies HttpRefusal)
      return undefined
    }
    if (this.#unanswered > 0 && latest !== undefined) latest.isLast = true
    else socket.end(rawAnswer(status), () => socket.destroy())
    return status
  }

  /** Nothing went over it for the time that it may be idle, or for which the peer may read nothing. */
  idle(): void {
    const readsNothing = this.#socket.writableLength > 0
    const waitsForNothing = this.#unanswered === 0 && this.#latest !== undefined
    if (readsNothing || waitsForNothing) this.#socket.destroy()
  }

  #hold(): void {
    this.#isHeld = true
    this.#socket.pause()
    if (this.#isWatched) return
    this.#isWatched = true
    // whoever reads a body makes the socket go on
    this.#socket.on('resume', () => {
      if (this.#isHeld) this.#socket.pause()
    })
  }

  #watchHangUp(): Set<() => void> {
    const callbacks = new Set<() => void>()
    this.#socket.once('end', () => {
      for (const callback of callbacks) callback()
    })
    return callbacks
  }
}

function rawAnswer(status: BrokenStatus): string {
  const text = `${TEXT_OF[status]}\n`
  const headers = `Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${text.length}`
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n\r\n${text}`
}
