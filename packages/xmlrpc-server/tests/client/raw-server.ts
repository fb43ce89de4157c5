import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A request as it came, with its whole body. */
export interface RawRequest {
  readonly request: IncomingMessage
  readonly body: string
}

/** Answers requests with documents written by hand. */
export class RawServer implements AsyncDisposable {
  readonly requests: RawRequest[] = []
  connections = 0
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', () => this.connections++)
  }

  static async listen(
    answer: (response: ServerResponse, request: RawRequest) => void,
    tls?: { readonly key: string; readonly cert: string },
  ): Promise<RawServer> {
    const server = tls === undefined ? createServer() : createTlsServer(tls)
    const raw = new RawServer(server)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        const heard = { request, body: Buffer.concat(pieces).toString('latin1') }
        raw.requests.push(heard)
        answer(response, heard)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return raw
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}

/** A response document with one value. */
export function result(value: string): string {
  return `<?xml version="1.0"?><methodResponse><params><param><value>${value}</value></param></params></methodResponse>`
}

/** Sends a document with status 200. */
export function send(response: ServerResponse, document: string | Buffer): void {
  const body = Buffer.from(document)
  response.writeHead(200, { 'Content-Type': 'text/xml', 'Content-Length': body.length }).end(body)
}
