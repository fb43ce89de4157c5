import type { Clock } from '@x/loop-utils/clock'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import { type AddressInfo, type ListenOptions, Server as NetServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { BindError } from './bind-error.ts'
import { Connection } from './connection.ts'
import type { BoundAddress, DrainReport, DrainRequest, ListenRequest } from './contract.ts'
import { Exchange, type ExchangeOutcome } from './exchange.ts'
import { refuse } from './http-refusal.ts'
import { type HttpServerOptions, openServer } from './http-server.ts'
import { RunningExchanges } from './running-exchanges.ts'

/** What a listener tells. */
export interface ListenerHandlers {
  /** Takes one request; answers it in the end, or settles the exchange without an answer. */
  readonly take: (exchange: Exchange) => void
  readonly settled: (outcome: ExchangeOutcome) => void
  /** Whether a peer may connect. */
  readonly admits: (socket: Socket) => boolean
  /** A connection is given up: `code` says why, `status` what its peer was told if that answers no request. */
  readonly broken: (socket: Socket, code: string | undefined, status: number | undefined) => void
  /** There are more connections, or less. */
  readonly changed: () => void
}

/** So many connections of peers that may not connect are answered; others end at once. */
const MOST_STRANGERS = 32

const STOPPING = 'the server is stopping'

/** How long a connection whose last answer was given may take to end. */
const LAST_WRITES_MS = 50

/** How long a request may take to notice that it is aborted. */
const ABORT_MS = 1000

/** How long to wait until a port that somebody else has is tried again. */
const RETRY_MS = 1

/** A turn of the loop that is not longer leaves hardly a connection behind that came during it. */
const SHORT_TURN_MS = 0.1

/** How much longer it may be for each millisecond that no such turn has come, as on slow machines. */
const LENIENCY = 1 / 5000

/** How long to wait for a turn in which nobody connects. Node takes one connection a turn, and 511 may wait. */
const LAST_CONNECTIONS_MS = 2000

/** The HTTP server with its connections, from the bind to the last answer. */
export class HttpListener {
  readonly #server: Server | TlsServer
  readonly #handlers: ListenerHandlers
  readonly #clock: Clock
  readonly #sockets = new Set<Socket>()
  /** By the sockets that speak HTTP, which are not the ones above when there is TLS between them. */
  readonly #connections = new WeakMap<Socket, Connection>()
  readonly #running = new RunningExchanges()
  #strangers = 0
  #connected = 0
  #drained = 0
  #isDraining = false
  readonly #watchers = new Set<() => void>()
  readonly #settle = (exchange: Exchange, outcome: ExchangeOutcome): void => this.#onSettled(exchange, outcome)

  constructor(options: HttpServerOptions, handlers: ListenerHandlers, clock: Clock) {
    this.#handlers = handlers
    this.#clock = clock
    this.#server = openServer(options)
    const take = (request: IncomingMessage, response: ServerResponse): void =>
      this.#accept(request, response, this.#connectionOf(request.socket))
    this.#server.on('request', take).on('checkExpectation', take)
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#onError(error, socket as Socket))
    this.#server.on('timeout', (socket) => this.#connectionOf(socket).idle())
    this.#server.on('connection', (socket: Socket) => this.#onConnection(socket))
    this.#server.on('secureConnection', (socket: Socket) => this.#connectionOf(socket))
  }

  get connections(): number {
    return this.#sockets.size
  }

  /**
   * Binds; resolves with the address that was given.
   *
   * @throws BindError
   */
  async listen({ host, port, isShared, isFirst, patienceMs = 0 }: ListenRequest): Promise<BoundAddress> {
    // a port that may be shared would be taken from under another program without a word
    if (isShared && isFirst && port !== 0) await this.#bind({ host, port }).then(() => this.#unbind())
    await this.#bindInTime({ host, port, ...(isShared ? { reusePort: true } : {}) }, patienceMs)
    const address = this.#server.address() as AddressInfo
    return { host: address.address, port: address.port, atMs: this.#clock.now() }
  }

  /** Takes no more connections; the open ones stay. Returns when at the earliest, on the clock that all threads share. */
  unlisten(): number {
    // read before: another thread may have bound the port by the time this one runs on
    const closedAtMs = this.#clock.now()
    // the method of HTTP servers would also end the connections that have no request at this moment
    if (this.#server.listening) NetServer.prototype.close.call(this.#server)
    return closedAtMs
  }

  /**
   * Takes no more connections, at a moment when none should wait to be taken: the system resets those that do. Returns
   * when that was, as {@link unlisten} does.
   */
  async release(): Promise<number> {
    // this turn may have looked for connections before those came that wait now
    await turnOfLoop()
    const beganAt = this.#clock.now()
    for (let now = beganAt; this.#server.listening && now < beganAt + LAST_CONNECTIONS_MS;) {
      const [before, startedAt] = [this.#connected, now]
      await turnOfLoop()
      now = this.#clock.now()
      if (this.#connected === before && now - startedAt < SHORT_TURN_MS + (startedAt - beganAt) * LENIENCY) break
    }
    return this.unlisten()
  }

  /** Takes a request that another HTTP server has received. */
  mount(request: IncomingMessage, response: ServerResponse): void {
    this.#accept(request, response)
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

  #accept(request: IncomingMessage, response: ServerResponse, connection?: Connection): void {
    const exchange = new Exchange({ request, response, connection }, this.#settle)
    if (this.#isDraining) exchange.isLast = true
    this.#running.add(exchange)
    connection?.begin(exchange)
    this.#handlers.take(exchange)
  }

  #connectionOf(socket: Socket): Connection {
    const known = this.#connections.get(socket)
    if (known !== undefined) return known
    const connection = new Connection(socket)
    this.#connections.set(socket, connection)
    return connection
  }

  #bind(options: ListenOptions): Promise<void> {
    const { host = '', port = 0 } = options
    return new Promise((resolve, reject) => {
      const server = this.#server
      const onError = (cause: NodeJS.ErrnoException): void => {
        server.off('listening', onListening)
        reject(new BindError(host, port, cause))
      }
      const onListening = (): void => {
        server.off('error', onError)
        resolve()
      }
      server.once('error', onError).once('listening', onListening).listen(options)
    })
  }

  /** Binds, and tries again for some time while somebody else has the port. */
  async #bindInTime(options: ListenOptions, patienceMs: number): Promise<void> {
    const endsAt = this.#clock.now() + patienceMs
    for (;;) {
      try {
        await this.#bind(options)
        return
      } catch (error) {
        const isTaken = error instanceof BindError && error.reason === 'EADDRINUSE'
        if (!isTaken || this.#isDraining || this.#clock.now() >= endsAt) throw error
      }
      await this.#clock.sleep(RETRY_MS)
    }
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
      // nobody else would notice: the connection is another server's
      else if (!exchange.request.complete) refuse(exchange, { status: 503, text: STOPPING, close: true })
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
    this.#connected++
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

  #onError({ code }: NodeJS.ErrnoException, socket: Socket): void {
    if (socket instanceof TLSSocket && !this.#connections.has(socket)) {
      // nothing could be said before the end of the handshake, and the peer may never read what is said after it
      socket.destroy()
      this.#handlers.broken(socket, code, undefined)
      return
    }
    this.#handlers.broken(socket, code, this.#connectionOf(socket).fail(code))
  }

  #onSettled(exchange: Exchange, outcome: ExchangeOutcome): void {
    this.#running.delete(exchange)
    exchange.connection?.end()
    if (this.#isDraining && outcome !== 'gone') this.#drained++
    this.#handlers.settled(outcome)
    this.#lookAround()
  }
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
