import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { DrainReport, ListenAddress, XmlRpcEngineOptions } from './contract.ts'
import { BindError } from './bind-error.ts'
import { RequestLife } from './request-life.ts'

/** Answers one request; must not reject. Its life ends when the peer is gone or the deadline of a stop is over. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, life: RequestLife) => Promise<void>

type ListenerOptions = Pick<
  XmlRpcEngineOptions,
  'keepAliveTimeoutMs' | 'headersTimeoutMs' | 'requestTimeoutMs' | 'maxConnections'
>

const MALFORMED = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'

/** The HTTP server with its connections, from the bind to the last answer. */
export class HttpListener {
  readonly #server: Server
  readonly #handler: RequestHandler
  readonly #sockets = new Set<Socket>()
  readonly #running = new Map<Promise<void>, RequestLife>()
  #isDraining = false

  constructor(options: ListenerOptions, handler: RequestHandler) {
    this.#handler = handler
    this.#server = createServer({
      keepAliveTimeout: options.keepAliveTimeoutMs,
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      connectionsCheckingInterval: Math.max(1, Math.min(30_000, options.headersTimeoutMs / 2)),
      noDelay: true,
    })
    this.#server.maxConnections = options.maxConnections
    this.#server.on('request', (request, response) => this.#onRequest(request, response))
    this.#server.on('clientError', onClientError)
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  get connections(): number {
    return this.#sockets.size
  }

  /**
   * Binds; resolves with the address that was given.
   *
   * @throws BindError
   */
  listen({ host, port }: ListenAddress): Promise<ListenAddress> {
    return new Promise((resolve, reject) => {
      const onError = (cause: NodeJS.ErrnoException): void => reject(new BindError(host, port, cause))
      this.#server.once('error', onError)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', onError)
        const address = this.#server.address() as AddressInfo
        resolve({ host: address.address, port: address.port })
      })
    })
  }

  /** Takes no more connections and requests, lets those under way finish, then ends what is left. */
  async drain(deadlineMs: number): Promise<DrainReport> {
    this.#isDraining = true
    const isClosed = new Promise<void>((resolve) => {
      if (this.#server.listening) this.#server.close(() => resolve())
      else resolve()
    })
    this.#server.closeIdleConnections()
    const before = this.#running.size
    await this.#finishRunning(deadlineMs)
    const aborted = this.#running.size
    for (const life of this.#running.values()) life.end(new Error('the server is stopping'))
    for (const socket of this.#sockets) socket.destroy()
    await isClosed
    await Promise.all(this.#running.keys())
    return { drained: before - aborted, aborted }
  }

  async #finishRunning(deadlineMs: number): Promise<void> {
    if (this.#running.size === 0) return
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs)
    })
    await Promise.race([Promise.all(this.#running.keys()), deadline])
    clearTimeout(timer)
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isDraining) response.setHeader('Connection', 'close')
    const life = new RequestLife()
    const onClose = (): void => {
      if (!response.writableFinished) life.end(new Error('the peer closed the connection'))
    }
    response.on('close', onClose)
    const run = this.#handler(request, response, life).finally(() => {
      this.#running.delete(run)
      if (this.#isDraining) response.on('finish', () => request.socket.end())
    })
    this.#running.set(run, life)
  }
}

/** A peer that does not speak HTTP gets a short answer where that is possible, and the connection ends. */
function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
  else socket.end(MALFORMED, () => socket.destroy())
}
