import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { seeded, systemClock, type Clock, type Random } from '@x/loop-utils/clock'
import { checkInteger, checkText } from '@x/loop-utils/errors'
import type { Fault, FaultSpec } from './fault.ts'
import { ProxyListenError } from './fault-errors.ts'
import { FaultSet } from './fault-set.ts'
import { ProxiedConnection, type ConnectionEnd } from './proxied-connection.ts'

/** Where a proxy listens and leads to. */
export interface FaultProxyOptions {
  /** Where connections go. */
  readonly upstream: { readonly host?: string; readonly port: number }
  /** Where to listen. Default 127.0.0.1. */
  readonly host?: string
  /** Default 0, a free one. */
  readonly port?: number
  /** Makes everything that is left to chance repeatable. */
  readonly seed?: number
  /** How many bytes each direction of a connection holds before its source is paused. Default 65536. */
  readonly bufferBytes?: number
  /** Further connections are reset. Default 1024. */
  readonly maxConnections?: number
  /** Default: the system's. */
  readonly clock?: Clock
}

/** What has passed through a proxy since it was made. */
export interface FaultProxyStats {
  /** Connections that are open now. */
  readonly open: number
  readonly accepted: number
  /** Connections that ended, by how. */
  readonly ended: Readonly<Record<ConnectionEnd, number>>
  readonly bytesUpstream: number
  readonly bytesDownstream: number
  /** Bytes held back now. */
  readonly bufferedBytes: number
}

/**
 * A TCP proxy that does harm on demand. Without a fault it passes every byte on unchanged, and both ends of the
 * connection; faults may be added and removed while connections are open.
 */
export class FaultProxy implements AsyncDisposable {
  readonly host: string
  readonly #port: number
  readonly #upstream: { readonly host: string; readonly port: number }
  readonly #clock: Clock
  readonly #random: Random
  readonly #bufferBytes: number
  readonly #maxConnections: number
  readonly #faults: FaultSet = new FaultSet(() => this.#refresh())
  readonly #connections = new Set<ProxiedConnection>()
  readonly #ended: Record<ConnectionEnd, number> = { closed: 0, cut: 0, reset: 0, refused: 0 }
  #bytes: [number, number] = [0, 0]
  #accepted = 0
  #started: Promise<this> | undefined
  #server: Server | undefined

  /** @throws OptionError */
  constructor(options: FaultProxyOptions) {
    this.host = checkText('host', options.host ?? '127.0.0.1')
    this.#port = checkPort('port', options.port ?? 0)
    this.#upstream = {
      host: checkText('upstream.host', options.upstream.host ?? '127.0.0.1'),
      port: checkPort('upstream.port', options.upstream.port),
    }
    this.#random = options.seed === undefined ? Math.random : seeded(checkInteger('seed', options.seed))
    this.#bufferBytes = checkInteger('bufferBytes', options.bufferBytes ?? 64 * 1024, { min: 1 })
    this.#maxConnections = checkInteger('maxConnections', options.maxConnections ?? 1024, { min: 1 })
    this.#clock = options.clock ?? systemClock
  }

  /** The port it listens on; the asked one while it does not. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null | undefined)?.port ?? this.#port
  }

  /** Begins to listen; resolves once it does. Calling it again does nothing. @throws ProxyListenError */
  start(): Promise<this> {
    this.#started ??= this.#listen()
    return this.#started
  }

  /** Stops listening and resets what is open. Idempotent. */
  async stop(): Promise<void> {
    await this.#started?.catch(() => undefined)
    const server = this.#server
    this.#started = undefined
    this.#server = undefined
    if (server === undefined) return
    const isClosed = once(server, 'close')
    server.close()
    this.resetConnections()
    await isClosed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** @throws OptionError, FaultExistsError or TooManyFaultsError; then nothing changes */
  addFault(spec: FaultSpec): Fault {
    return this.#faults.add(spec)
  }

  /** Returns false when there is none of that name. */
  removeFault(name: string): boolean {
    return this.#faults.remove(name)
  }

  clearFaults(): void {
    this.#faults.clear()
  }

  /** The faults in force, oldest first. */
  faults(): readonly Fault[] {
    return this.#faults.all()
  }

  /** Resets every open connection. */
  resetConnections(): void {
    for (const connection of this.#connections) connection.finish('reset')
  }

  stats(): FaultProxyStats {
    let [bytesUpstream, bytesDownstream] = this.#bytes
    let bufferedBytes = 0
    for (const connection of this.#connections) {
      bytesUpstream += connection.bytes[0]
      bytesDownstream += connection.bytes[1]
      bufferedBytes += connection.bufferedBytes
    }
    const ended = { ...this.#ended }
    return {
      open: this.#connections.size,
      accepted: this.#accepted,
      ended,
      bytesUpstream,
      bytesDownstream,
      bufferedBytes,
    }
  }

  async #listen(): Promise<this> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
    server.listen(this.#port, this.host)
    try {
      await once(server, 'listening')
    } catch (error) {
      this.#started = undefined
      throw new ProxyListenError(this.host, this.#port, error)
    }
    // a failed accept, for want of descriptors, concerns one connection only
    server.on('error', () => (this.#ended.refused += 1))
    this.#server = server
    return this
  }

  #accept(client: Socket): void {
    this.#accepted += 1
    if (this.#connections.size >= this.#maxConnections || this.#server === undefined) {
      this.#ended.reset += 1
      client.resetAndDestroy()
      return
    }
    const connection: ProxiedConnection = new ProxiedConnection(
      client,
      {
        upstream: this.#upstream,
        faults: this.#faults,
        clock: this.#clock,
        random: this.#random,
        bufferBytes: this.#bufferBytes,
      },
      (end) => this.#forget(connection, end),
    )
    this.#connections.add(connection)
  }

  #forget(connection: ProxiedConnection, end: ConnectionEnd): void {
    this.#connections.delete(connection)
    this.#ended[end] += 1
    const [up, down] = connection.bytes
    this.#bytes = [this.#bytes[0] + up, this.#bytes[1] + down]
  }

  #refresh(): void {
    for (const connection of this.#connections) connection.refresh()
  }
}

function checkPort(option: string, value: number): number {
  return checkInteger(option, value, { min: 0, max: 65_535 })
}
