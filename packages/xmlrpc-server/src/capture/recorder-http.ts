import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { BindError } from '../engine/bind-error.ts'

/** An answer to the caller. */
export interface RecorderAnswer {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  readonly body: Uint8Array
}

/** Where to listen, and what to do with a request that is whole. */
export interface RecorderHttpOptions {
  readonly host: string
  readonly port: number
  readonly maxConnections: number
  readonly maxBodyBytes: number
  /** Never rejects. */
  readonly answer: (request: IncomingMessage, body: Buffer) => Promise<RecorderAnswer>
}

/** A CCU does not expect an idle connection to end. */
const KEEP_ALIVE_MS = 300_000
const HEADERS_MS = 20_000
const REQUEST_MS = 60_000

/** Takes whole requests, and answers them with their length, never chunked. */
export class RecorderHttp {
  readonly #options: RecorderHttpOptions
  readonly #server: Server
  readonly #running = new Set<Promise<void>>()
  #isEnding = false

  constructor(options: RecorderHttpOptions) {
    this.#options = options
    const times = { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS }
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      const running = this.#take(request, response).catch(() => void response.destroy())
      this.#running.add(running)
      void running.then(() => this.#running.delete(running))
    }
    const server = createServer({ ...times, noDelay: true, requireHostHeader: false }, take)
    // Node would answer these in chunks
    server.on('checkExpectation', take)
    server.maxConnections = options.maxConnections
    // a peer that has ended its side still gets its answers, as from the server behind
    this.#server = Object.assign(server, { httpAllowHalfOpen: true })
  }

  /** The bound port; 0 when there is none. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0
  }

  /** @throws BindError */
  async listen(): Promise<void> {
    const { host, port } = this.#options
    this.#server.listen(port, host)
    try {
      await once(this.#server, 'listening')
    } catch (error) {
      throw new BindError(host, port, error as NodeJS.ErrnoException)
    }
  }

  /** Takes no more connections; resolves once every request under way was answered. */
  async quiet(): Promise<void> {
    this.#isEnding = true
    if (this.#server.listening) this.#server.close()
    this.#server.closeIdleConnections()
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    const isClosed = this.#server.listening ? once(this.#server, 'close') : undefined
    if (this.#server.listening) this.#server.close()
    this.#server.closeAllConnections()
    await isClosed
    await this.quiet()
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, this.#options.maxBodyBytes)
    if (body === undefined) {
      const text = Buffer.from(`the body exceeds ${this.#options.maxBodyBytes} bytes\n`)
      this.#send(response, { status: 413, headers: { 'Content-Type': 'text/plain', Connection: 'close' }, body: text })
      return
    }
    this.#send(response, await this.#options.answer(request, body))
  }

  #send(response: ServerResponse, { status, headers, body }: RecorderAnswer): void {
    const last = this.#isEnding ? { Connection: 'close' } : {}
    response.writeHead(status, { ...headers, 'Content-Length': body.byteLength, ...last }).end(body)
  }
}

/** Undefined when it is longer than the limit. @throws when the caller goes away */
function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let size = 0
    request.on('data', (piece: Buffer) => {
      size += piece.length
      if (size <= limit) pieces.push(piece)
      else {
        pieces.length = 0
        request.pause()
        resolve(undefined)
      }
    })
    request.on('end', () => resolve(Buffer.concat(pieces)))
    request.on('error', reject)
    request.on('close', () => reject(new Error('the caller went away')))
  })
}
