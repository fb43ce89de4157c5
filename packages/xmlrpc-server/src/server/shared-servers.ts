import { callSafely } from '@x/loop-utils/observe'
import type { StopOptions, StopReport } from '@x/loop-utils/service'
import { isDeepStrictEqual } from 'node:util'
import { AsyncXmlRpcServer } from './async-xml-rpc-server.ts'
import { Owners } from './owners.ts'
import { ServerConflictError } from './server-conflict-error.ts'
import { serverSettings, type ServerSettings, type XmlRpcServerOptions } from './server-options.ts'

/** What a holder brings along to a server that others may hold, too. */
export interface Holder {
  readonly options: XmlRpcServerOptions
  readonly onError: (error: unknown) => void
}

/** Options that each holder has for himself. */
const OWN_OPTIONS: ReadonlySet<string> = new Set(['onError', 'host', 'port'])

/** A server, those who hold it, and what of it belongs to whom. */
export class SharedServer {
  readonly server: AsyncXmlRpcServer
  readonly holders: Set<Holder> = new Set()
  readonly owners: Owners = new Owners()
  readonly #settings: ServerSettings

  constructor({ options }: Holder) {
    this.#settings = serverSettings(options)
    this.server = new AsyncXmlRpcServer({ ...options, onError: (error) => this.#tell(error) })
    // each holder listens
    this.server.setMaxListeners(0)
  }

  /** @throws ServerConflictError when a holder asks for what the server is not */
  checkFits({ options }: Holder): void {
    const wanted: object = serverSettings(options)
    const { host, port } = this.#settings
    const given = Object.entries(options).filter(([name, value]) => value !== undefined && !OWN_OPTIONS.has(name))
    const differing = given.map(([name]) => name).filter((name) => !this.#isAs(name, wanted))
    if (differing.length > 0) throw new ServerConflictError(host, port, differing)
  }

  #isAs(name: string, wanted: object): boolean {
    const at = (settings: object, key: string): unknown => (settings as Record<string, unknown>)[key]
    if (name === 'allow' || name === 'tls') {
      return isDeepStrictEqual(at(at(wanted, 'access') as object, name), at(this.#settings.access, name))
    }
    if (name === 'credentials') {
      const isSame = isDeepStrictEqual(at(at(wanted, 'access') as object, name), this.#settings.access.credentials)
      return isSame && at(wanted, 'checkCredentials') === this.#settings.checkCredentials
    }
    const [one, other] = [at(wanted, name), at(this.#settings, name)]
    return name === 'logger' || name === 'engineHost' ? one === other : isDeepStrictEqual(one, other)
  }

  #tell(error: unknown): void {
    for (const { onError } of this.holders) callSafely('onError', () => onError(error))
  }
}

/** A shared server on its way up or down. */
interface Place {
  readonly shared: SharedServer
  /** Settles when the server has started, or could not. */
  readonly started: Promise<void>
  /** Resolves when it is gone. */
  gone: Promise<unknown> | undefined
}

/** The servers of this process by address: one each, as long as somebody holds it. A port 0 is never shared. */
export class SharedServers {
  readonly #places = new Map<string, Place>()

  /**
   * The server of an address: the one that is there, or a new one. Resolves when it has started.
   *
   * @throws ServerConflictError, BindError, OptionError
   */
  async acquire(holder: Holder): Promise<SharedServer> {
    const { host, port, listen } = serverSettings(holder.options)
    if (port === 0 || !listen) return this.#open(holder)
    const address = `${host.toLowerCase()} ${port}`
    for (let place = this.#places.get(address); place !== undefined; place = this.#places.get(address)) {
      if (place.gone === undefined && place.shared.server.state !== 'failed') return this.#join(place, holder)
      await (place.gone ?? place.shared.server.stop())
      if (this.#places.get(address) === place) this.#places.delete(address)
    }
    return this.#openAt(address, holder)
  }

  /** Lets go of a server; the last holder stops it. What it gives is undefined for the others. */
  async release(shared: SharedServer, holder: Holder, options: StopOptions): Promise<StopReport | undefined> {
    if (!shared.holders.delete(holder) || shared.holders.size > 0) return undefined
    const found = [...this.#places].find(([, place]) => place.shared === shared)
    const stopped = shared.server.stop(options)
    if (found === undefined) return stopped
    const [address, place] = found
    const leave = (): void => {
      if (this.#places.get(address) === place) this.#places.delete(address)
    }
    place.gone = stopped.then(leave, leave)
    return stopped
  }

  async #open(holder: Holder): Promise<SharedServer> {
    const shared = new SharedServer(holder)
    shared.holders.add(holder)
    await shared.server.start()
    return shared
  }

  async #openAt(address: string, holder: Holder): Promise<SharedServer> {
    const shared = new SharedServer(holder)
    const started = shared.server.start()
    const place: Place = { shared, started, gone: undefined }
    this.#places.set(address, place)
    shared.holders.add(holder)
    return this.#whenStarted(place, holder)
  }

  #join(place: Place, holder: Holder): Promise<SharedServer> {
    place.shared.checkFits(holder)
    place.shared.holders.add(holder)
    return this.#whenStarted(place, holder)
  }

  async #whenStarted({ shared, started }: Place, holder: Holder): Promise<SharedServer> {
    try {
      await started
      return shared
    } catch (error) {
      await this.release(shared, holder, {})
      throw error
    }
  }
}

/** The one registry of this process. */
export const sharedServers: SharedServers = new SharedServers()
