import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as the peer got it. */
export interface Heard {
  readonly request: IncomingMessage
  readonly body: Buffer
  /** The number of its connection, counted from 1. */
  readonly connection: number
}

/** Answers one request. */
export type Answering = (heard: Heard, response: ServerResponse) => void

/** A plain HTTP server that notes what it hears; none of ours. */
export class PeerServer implements AsyncDisposable {
  readonly heard: Heard[] = []
  answering: Answering = (_heard, response) => void response.end('ok')
  readonly #server: Server

  private constructor() {
    const numbers = new WeakMap<object, number>()
    let connections = 0
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        const heard = { request, body: Buffer.concat(pieces), connection: numbers.get(request.socket) ?? 0 }
        this.heard.push(heard)
        this.answering(heard, response)
      })
    })
    this.#server.on('connection', (socket) => numbers.set(socket, (connections += 1)))
  }

  static async open(): Promise<PeerServer> {
    const peer = new PeerServer()
    peer.#server.listen(0, '127.0.0.1')
    await once(peer.#server, 'listening')
    return peer
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get bodies(): string[] {
    return this.heard.map(({ body }) => body.toString('latin1'))
  }

  /** Closes what listens and every connection. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}
