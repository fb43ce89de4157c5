import type { Clock } from '@x/loop-utils/clock'
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { type AddressInfo, type ListenOptions, Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { BindError } from './bind-error.ts'
import type {
  BoundAddress,
  DrainReport,
  DrainRequest,
  ListenRequest,
  TlsIdentity,
  XmlRpcEngineOptions,
} from './contract.ts'
import { Exchange, type ExchangeOutcome } from './exchange.ts'
import { RunningExchanges } from './running-exchanges.ts'

/** What a listener tells. */
export interface ListenerHandlers {
  /** Takes one request; answers it in the end, or settles the exchange without an answer. */
  readonly take: (exchange: Exchange) => void
  readonly settled: (outcome: ExchangeOutcome) => void
  /** Whether a peer may connect. */
  readonly admits: (socket: Socket) => boolean
  /** There are more connections, or less. */
  readonly changed: () => void
}

type ListenerOptions = Pick<
  XmlRpcEngineOptions,
  'keepAliveTimeoutMs' | 'headersTimeoutMs' | 'requestTimeoutMs' | 'maxConnections' | 'access'
>

const MALFORMED = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'

/** So many connections of peers that may not connect are answered; others end at once. */
const MOST_STRANGERS = 32

const STOPPING = 'the server is stopping'

/** How long a connection whose last answer was given may take to end. */
const LAST_WRITES_MS = 50

/** How long a request may take to notice that it is aborted. */
const ABORT_MS = 1000

/** The HTTP server with its connections, from the bind to the last answer. */
export class HttpListener {
  readonly #server: Server | TlsServer
  readonly #handlers: ListenerHandlers
  readonly #clock: Clock
  readonly #sockets = new Set<Socket>()
  readonly #running = new RunningExchanges()
  #strangers = 0
  #drained = 0
  #isDraining = false
  readonly #watchers = new Set<() => void>()
  readonly #settle = (exchange: Exchange, outcome: ExchangeOutcome): void => this.#onSettled(exchange, outcome)

  constructor(options: ListenerOptions, handlers: ListenerHandlers, clock: Clock) {
    this.#handlers = handlers
    this.#clock = clock
    this.#server = openServer(options)
    this.#server.maxConnections = options.maxConnections
    this.#server.on('request', (request, response) => this.accept(request, response))
    this.#server.on('clientError', onClientError)
    this.#server.on('connection', (socket: Socket) => this.#onConnection(socket))
  }

  get connections(): number {
    return this.#sockets.size
  }

  /**
   * Binds; resolves with the address that was given.
   *
   * @throws BindError
   */
  async listen({ host, port, isShared, isFirst }: ListenRequest): Promise<BoundAddress> {
    // a port that may be shared would be taken from under another program without a word
    if (isShared && isFirst && port !== 0) await this.#bind({ host, port }).then(() => this.#unbind())
    await this.#bind({ host, port, ...(isShared ? { reusePort: true } : {}) })
    const address = this.#server.address() as AddressInfo
    return { host: address.address, port: address.port, atMs: this.#clock.now() }
  }

  /** Takes no more connections; the open ones stay. Returns when, on the clock that all threads share. */
  unlisten(): number {
    // the method of HTTP servers would also end the connections that have no request at this moment
    if (this.#server.listening) NetServer.prototype.close.call(this.#server)
    return this.#clock.now()
  }

  /** Takes a request, from a connection of its own or of another server's. */
  accept(request: IncomingMessage, response: ServerResponse, isMounted = false): void {
    const exchange = new Exchange({ request, response, isMounted }, this.#settle)
    if (this.#isDraining) exchange.isLast = true
    this.#running.add(exchange)
    this.#handlers.take(exchange)
  }

  /**
   * Takes no more connections, answers what is under way and what comes over open connections, ending each with its
   * answer; after the deadline ends what is left.
   */
  async drain({ deadlineMs, idleGraceMs }: DrainRequest): Promise<DrainReport> {
    const drainedBefore = this.#drained
    this.#isDraining = true
    this.unlisten()
    for (const exchange of this.#running) exchange.isLast = true
    const endsAt = this.#clock.now() + deadlineMs
    await this.#quiet(Math.min(idleGraceMs, deadlineMs), () => this.#sockets.size === 0 && this.#running.size === 0)
    this.#server.closeIdleConnections()
    await this.#quiet(endsAt - this.#clock.now(), () => this.#running.size === 0)
    return { drained: this.#drained - drainedBefore, aborted: await this.#cutOff() }
  }

  #bind(options: ListenOptions): Promise<void> {
    const { host = '', port = 0 } = options
    return new Promise((resolve, reject) => {
      const onError = (cause: NodeJS.ErrnoException): void => reject(new BindError(host, port, cause))
      this.#server.once('error', onError)
      this.#server.listen(options, () => {
        this.#server.off('error', onError)
        resolve()
      })
    })
  }

  #unbind(): Promise<void> {
    return new Promise((resolve) => NetServer.prototype.close.call(this.#server, () => resolve()))
  }

  /** Resolves when `isQuiet` or when the time is over. */
  async #quiet(timeMs: number, isQuiet: () => boolean): Promise<void> {
    if (timeMs <= 0 || isQuiet()) return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        timer[Symbol.dispose]()
        this.#watchers.delete(watch)
        resolve()
      }
      const watch = (): void => {
        if (isQuiet()) end()
      }
      const timer = this.#clock.setTimer(end, timeMs)
      this.#watchers.add(watch)
    })
  }

  #lookAround(): void {
    for (const watch of this.#watchers) watch()
  }

  /** Ends everything that is left; returns how many requests that were. */
  async #cutOff(): Promise<number> {
    const aborted = this.#running.size
    const isClosed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const exchange of this.#running) {
      exchange.cutOff(new Error(STOPPING))
      if (!exchange.isMounted) exchange.request.socket.destroy()
    }
    // what was answered last is on its way out
    await this.#quiet(LAST_WRITES_MS, () => this.#sockets.size === 0)
    for (const socket of this.#sockets) socket.destroy()
    await isClosed
    await this.#quiet(ABORT_MS, () => this.#running.size === 0)
    return aborted
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket)
    this.#handlers.changed()
    const isStranger = !this.#handlers.admits(socket)
    if (isStranger) this.#strangers++
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#handlers.changed()
      if (isStranger) this.#strangers--
      this.#lookAround()
    })
    if (isStranger && this.#strangers > MOST_STRANGERS) {
      this.#handlers.settled('denied')
      socket.destroy()
    }
  }

  #onSettled(exchange: Exchange, outcome: ExchangeOutcome): void {
    this.#running.delete(exchange)
    if (this.#isDraining && outcome !== 'gone') this.#drained++
    this.#handlers.settled(outcome)
    this.#lookAround()
  }
}

function openServer({ access, ...options }: ListenerOptions): Server | TlsServer {
  const { keepAliveTimeoutMs, headersTimeoutMs, requestTimeoutMs } = options
  const settings: ServerOptions = {
    keepAliveTimeout: keepAliveTimeoutMs,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.max(1, Math.min(30_000, Math.floor(headersTimeoutMs / 2))),
    noDelay: true,
  }
  if (access.tls === null) return createServer(settings)
  return createTlsServer({ ...settings, ...tlsSettings(access.tls), handshakeTimeout: headersTimeoutMs })
}

function tlsSettings({ key, cert, passphrase, clientCa }: TlsIdentity): object {
  return {
    key,
    cert,
    ALPNProtocols: ['http/1.1'],
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  }
}

/** A peer that does not speak HTTP gets a short answer where that is possible, and the connection ends. */
function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
  else socket.end(MALFORMED, () => socket.destroy())
}
