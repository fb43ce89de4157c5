import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { FakeCcu } from '@x/testkit/ccu'
import { createApp } from '../api/app.ts'
import { CallbackEndpoint } from '../endpoints/callback-endpoint.ts'
import { CcuEndpoint } from '../endpoints/ccu-endpoint.ts'
import { EventLog } from '../events/event-log.ts'
import { EventStreams } from '../events/event-stream.ts'
import { ObservationLog } from '../observers/observation-log.ts'
import { PAGE_FOLDER, readPageFiles } from '../page/page-files.ts'
import { readVersion } from '../version.ts'
import { Connections } from './connections.ts'
import { ListenError } from './listen-error.ts'
import { checkServerOptions, type CheckedServerOptions, type FakeDeviceServerOptions } from './server-options.ts'

/** How long requests under way may go on when the server stops, in milliseconds. */
const GRACE_MS = 500
/** How many characters wait for a slow reader of events before it is dropped. */
const MAX_BACKLOG = 1024 * 1024

/** Plays devices over real sockets, with a control API and a page. */
export class FakeDeviceServer implements AsyncDisposable {
  readonly #options: CheckedServerOptions
  readonly #endpoint: CcuEndpoint
  readonly #callbacks: CallbackEndpoint
  readonly #streams: EventStreams
  readonly #server: Server
  readonly #connections: Connections
  #started: Promise<this> | undefined

  /** @throws OptionError */
  constructor(options: FakeDeviceServerOptions = {}) {
    const checked = checkServerOptions(options)
    const { host, ccuPort, ccu, maxEvents, heartbeatMs, maxReaders } = checked
    this.#options = checked
    const events = new EventLog(maxEvents)
    this.#streams = new EventStreams({ log: events, heartbeatMs, maxReaders, maxBacklog: MAX_BACKLOG })
    const onFaults = (): void => {
      events.append('faults', { faults: [this.#endpoint, this.#callbacks].flatMap((each) => each.faults()) })
    }
    const { onError } = checked
    this.#callbacks = new CallbackEndpoint(onFaults)
    const route = (url: URL): Promise<URL> => this.#callbacks.route(url)
    this.#endpoint = new CcuEndpoint({
      host,
      port: ccuPort,
      events,
      onError,
      onFaults,
      ccu: { route, ...ccu, onError },
    })
    const app = createApp({
      api: {
        endpoints: [this.#endpoint, this.#callbacks],
        ccu: this.#endpoint,
        events,
        streams: this.#streams,
        observations: new ObservationLog(checked.maxObservations),
        maxBodyBytes: checked.maxBodyBytes,
        settleTimeoutMs: checked.settleTimeoutMs,
        version: readVersion(),
      },
      hosts: { host, allowedHosts: checked.allowedHosts },
      page: readPageFiles(options.pageFolder ?? PAGE_FOLDER),
      onError: checked.onError,
    })
    this.#server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server
    this.#connections = new Connections(this.#server)
  }

  /** Where the control API and the page are served. */
  get url(): string {
    const { host } = this.#options
    const { port } = this.#server.address() as AddressInfo
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  /** Where clients of the fake CCU reach it. */
  get ccuUrl(): string {
    return this.#endpoint.url
  }

  /** The fake CCU itself, for tests in this process. */
  get ccu(): FakeCcu {
    return this.#endpoint.ccu
  }

  /** How many follow the events now. */
  get readers(): number {
    return this.#streams.readers
  }

  /** Begins to listen; resolves once everything does. It starts once. @throws ListenError or a listen error of a fake */
  start(): Promise<this> {
    this.#started ??= this.#start()
    return this.#started
  }

  /** Ends event streams, lets requests under way finish, then closes everything. Idempotent. */
  async stop(): Promise<void> {
    await this.#started?.catch(() => undefined)
    if (this.#server.listening) {
      const isClosed = once(this.#server, 'close')
      this.#server.close()
      this.#streams.close()
      this.#connections.closeWhenIdle()
      const timer = setTimeout(() => this.#server.closeAllConnections(), GRACE_MS)
      await isClosed
      clearTimeout(timer)
    }
    await this.#endpoint.stop()
    await this.#callbacks.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #start(): Promise<this> {
    const { host, port } = this.#options
    await this.#endpoint.start()
    this.#server.listen(port, host)
    try {
      await once(this.#server, 'listening')
    } catch (error) {
      await this.#endpoint.stop()
      throw new ListenError(host, port, error)
    }
    return this
  }
}
