import { OptionError } from '@x/loop-utils/errors'
import {
  type HealthReport,
  ServiceCore,
  type StateChange,
  type StopReport,
  type StopRequest,
} from '@x/loop-utils/service'
import type { MethodOptions, XmlRpcHandler } from '../dispatcher/method.ts'
import { instanceMethods } from '../dispatcher/instance-methods.ts'
import type { CentralEntry } from '../homematic/central-registry.ts'
import type { Central } from '../homematic/central.ts'
import type { KnownDevice } from '../homematic/device-description.ts'
import { AsyncXmlRpcServer } from './async-xml-rpc-server.ts'
import type { RequestHandler } from './request-handler.ts'
import type { ServerHealthStatus } from './server-health.ts'
import type { XmlRpcServerOptions } from './server-options.ts'
import { type Holder, type SharedServer, sharedServers } from './shared-servers.ts'
import type { SwitchOptions, SwitchReport } from './switch-report.ts'
import type { XmlRpcServer } from './xml-rpc-server.ts'

/**
 * A hold on the server of an address, which others may hold, too: it runs as long as one of them does. What is added and
 * registered here goes with the hold; the callbacks of its centrals that wait are handled before, within the deadline.
 * Stopping it lets go once, however often it is called; starting it again takes hold anew.
 */
export class XmlRpcServerLease extends ServiceCore implements XmlRpcServer {
  readonly #holder: Holder
  readonly #centrals = new Map<string, Central>()
  readonly #methods = new Map<
    string,
    { readonly handler: XmlRpcHandler; readonly options: MethodOptions | undefined }
  >()
  readonly #devices = new Map<string, readonly KnownDevice[]>()
  #shared: SharedServer | undefined
  /** Stands in for the server while nothing is held: it has the options, and nothing else. */
  readonly #idle: AsyncXmlRpcServer
  readonly #onHealth = ({ status, reason }: HealthReport): void =>
    this.setRestriction(status === 'degraded' ? reason : undefined)
  readonly #onServerState = ({ state, cause }: StateChange): void => {
    if (state === 'failed') this.fail(cause)
  }

  /** @throws OptionError when an option is not usable */
  constructor(options: XmlRpcServerOptions = {}) {
    const { onError } = options
    super({ name: 'xmlrpc-server', ...(onError === undefined ? {} : { onError }) })
    this.#idle = new AsyncXmlRpcServer(options)
    this.#holder = { options: { ...options }, onError: (error) => onError?.(error) }
  }

  addCentral(central: Central): boolean {
    if (this.#centrals.has(central.name)) return false
    if (!this.#server.addCentral(central)) return false
    if (this.#shared === undefined) this.#idle.removeCentral(central)
    this.#centrals.set(central.name, central)
    return true
  }

  /** Removes a central that was added here; false when there is none of that name. */
  removeCentral(central: Pick<Central, 'name'>): boolean {
    if (!this.#centrals.delete(central.name)) return false
    this.#shared?.server.removeCentral(central)
    return true
  }

  getCentralEntry(interfaceId: string): CentralEntry | undefined {
    return this.#server.getCentralEntry(interfaceId)
  }

  /** Whether nobody who holds the server has added a central. */
  get noCentralAssigned(): boolean {
    return this.#shared === undefined ? this.#centrals.size === 0 : this.#server.noCentralAssigned
  }

  register(name: string, handler: XmlRpcHandler, options?: MethodOptions): this {
    this.#server.register(name, handler, options)
    this.#methods.set(name, { handler, options })
    this.#shared?.methodOwners.set(name, this)
    return this
  }

  unregister(name: string): boolean {
    this.#methods.delete(name)
    const isOwn = this.#shared?.methodOwners.get(name) === this
    if (isOwn) this.#shared?.methodOwners.delete(name)
    return isOwn && this.#server.unregister(name)
  }

  registerInstance(instance: object, options: { readonly methods?: readonly string[] } = {}): this {
    for (const [name, handler] of instanceMethods(instance, options.methods)) this.register(name, handler)
    return this
  }

  setKnownDevices(interfaceId: string, devices: readonly KnownDevice[] | undefined): void {
    this.#server.setKnownDevices(interfaceId, devices)
    if (devices === undefined) this.#devices.delete(interfaceId)
    else this.#devices.set(interfaceId, devices)
  }

  get listenIpAddr(): string {
    return this.#server.listenIpAddr
  }

  get listenPort(): number {
    return this.#server.listenPort
  }

  /** Whether this hold is taken. */
  get started(): boolean {
    return this.state === 'running'
  }

  get mode(): 'loop' | 'thread' {
    return this.#server.mode
  }

  /** That of the server, for all who hold it. */
  get healthStatus(): ServerHealthStatus {
    return { ...this.#server.healthStatus, started: this.started }
  }

  requestHandler(): RequestHandler {
    return this.#server.requestHandler()
  }

  /** Goes over to the other implementation, for all who hold the server. */
  switchImplementation(to: 'loop' | 'thread', options?: SwitchOptions): Promise<SwitchReport> {
    return this.#server.switchImplementation(to, options)
  }

  protected override counters(): Readonly<Record<string, number>> {
    return this.#server.health().counters
  }

  protected override async onStart(): Promise<void> {
    const shared = await sharedServers.acquire(this.#holder)
    this.#shared = shared
    shared.server.on('health', this.#onHealth).on('state', this.#onServerState)
    for (const central of this.#centrals.values()) {
      if (shared.server.addCentral(central)) continue
      this.#centrals.delete(central.name)
      throw new OptionError('central.name', central.name, 'a name that nobody else who holds the server uses')
    }
    for (const [name, { handler, options }] of this.#methods) this.register(name, handler, options)
    for (const [interfaceId, devices] of this.#devices) shared.server.setKnownDevices(interfaceId, devices)
  }

  protected override async onStop({ drain, deadlineMs }: StopRequest): Promise<Partial<StopReport>> {
    const shared = this.#shared
    if (shared === undefined) return {}
    shared.server.off('health', this.#onHealth).off('state', this.#onServerState)
    const isLast = shared.holders.size === 1
    const callback = isLast ? 0 : await this.#finish(shared, drain ? deadlineMs : 0)
    const report = await sharedServers.release(shared, this.#holder, { drain, deadlineMs })
    this.#leave(shared)
    this.#shared = undefined
    return report ?? (callback === 0 ? {} : { discarded: { callback } })
  }

  /** Waits for the callbacks of the centrals of this hold; returns how many were not handled in time. */
  async #finish({ server }: SharedServer, deadlineMs: number): Promise<number> {
    const centrals = [...this.#centrals.values()]
    const left = await Promise.all(centrals.map((central) => server.finishCallbacks(central, deadlineMs)))
    return left.reduce((sum, count) => sum + count, 0)
  }

  #leave({ server, methodOwners }: SharedServer): void {
    for (const central of this.#centrals.values()) server.removeCentral(central)
    for (const interfaceId of this.#devices.keys()) server.setKnownDevices(interfaceId, undefined)
    for (const name of this.#methods.keys()) {
      if (methodOwners.get(name) !== this) continue
      methodOwners.delete(name)
      server.unregister(name)
    }
  }

  get #server(): AsyncXmlRpcServer {
    return this.#shared?.server ?? this.#idle
  }
}
