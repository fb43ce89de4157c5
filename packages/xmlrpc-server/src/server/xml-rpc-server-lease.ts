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
import type { Belonging } from './owners.ts'
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
    this.#shared?.owners.take('central', central.name, this)
    this.#centrals.set(central.name, central)
    return true
  }

  /** Removes a central that was added here; false when there is none of that name. */
  removeCentral(central: Pick<Central, 'name'>): boolean {
    if (!this.#centrals.delete(central.name)) return false
    const shared = this.#shared
    if (shared?.owners.release('central', central.name, this) === true) shared.server.removeCentral(central)
    return true
  }

  getCentralEntry(interfaceId: string): CentralEntry | undefined {
    return this.#server.getCentralEntry(interfaceId)
  }

  /** Whether nobody who holds the server has added a central. */
  get noCentralAssigned(): boolean {
    return this.#shared === undefined ? this.#centrals.size === 0 : this.#server.noCentralAssigned
  }

  /**
   * Registers a method, which goes with this hold.
   *
   * @throws OptionError when the name is not usable, or that of a method of the server or of somebody else who holds it
   */
  register(name: string, handler: XmlRpcHandler, options?: MethodOptions): this {
    this.#checkFree('method', name)
    this.#server.register(name, handler, options)
    this.#methods.set(name, { handler, options })
    this.#shared?.owners.take('method', name, this)
    return this
  }

  /** Forgets a method that was registered here; false when there was none of that name. */
  unregister(name: string): boolean {
    if (!this.#methods.delete(name)) return false
    if (this.#shared?.owners.release('method', name, this) !== false) this.#server.unregister(name)
    return true
  }

  registerInstance(instance: object, options: { readonly methods?: readonly string[] } = {}): this {
    const methods = instanceMethods(instance, options.methods)
    for (const name of methods.keys()) this.#checkFree('method', name)
    this.#server.registerInstance(instance, options)
    for (const [name, handler] of methods) {
      this.#methods.set(name, { handler, options: undefined })
      this.#shared?.owners.take('method', name, this)
    }
    return this
  }

  /**
   * Says which devices of an interface are known, as long as this hold is taken.
   *
   * @throws OptionError when one of them is no device, or somebody else who holds the server has said so
   */
  setKnownDevices(interfaceId: string, devices: readonly KnownDevice[] | undefined): void {
    if (devices === undefined) {
      if (this.#devices.delete(interfaceId)) this.#forgetDevices(interfaceId)
      return
    }
    this.#checkFree('devices', interfaceId)
    this.#server.setKnownDevices(interfaceId, devices)
    this.#devices.set(interfaceId, [...devices])
    this.#shared?.owners.take('devices', interfaceId, this)
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
    this.#bring(shared)
  }

  /** Brings along what was added before; what somebody else has meanwhile is given up. */
  #bring({ server, owners }: SharedServer): void {
    for (const [name, central] of this.#centrals) {
      if (!server.addCentral(central)) {
        this.#centrals.delete(name)
        throw taken('central', name)
      }
      owners.take('central', name, this)
    }
    for (const [name, { handler, options }] of this.#methods) {
      if (!owners.isFree('method', name, this)) this.#methods.delete(name)
      this.register(name, handler, options)
    }
    for (const [interfaceId, devices] of this.#devices) {
      if (!owners.isFree('devices', interfaceId, this)) this.#devices.delete(interfaceId)
      this.setKnownDevices(interfaceId, devices)
    }
  }

  protected override async onStop({ drain, deadlineMs }: StopRequest): Promise<Partial<StopReport>> {
    const shared = this.#shared
    if (shared === undefined) return {}
    const endsAt = performance.now() + deadlineMs
    shared.server.off('health', this.#onHealth).off('state', this.#onServerState)
    const isLast = shared.holders.size === 1
    const callback = isLast ? 0 : await this.#finish(shared, drain ? deadlineMs : 0)
    const leftMs = Math.max(0, endsAt - performance.now())
    const report = await sharedServers.release(shared, this.#holder, { drain, deadlineMs: leftMs })
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

  #leave({ server, owners }: SharedServer): void {
    for (const [name, central] of this.#centrals) {
      if (owners.release('central', name, this)) server.removeCentral(central)
    }
    for (const interfaceId of this.#devices.keys()) this.#forgetDevices(interfaceId)
    for (const name of this.#methods.keys()) {
      if (owners.release('method', name, this)) server.unregister(name)
    }
  }

  #forgetDevices(interfaceId: string): void {
    if (this.#shared?.owners.release('devices', interfaceId, this) === false) return
    this.#server.setKnownDevices(interfaceId, undefined)
  }

  #checkFree(kind: Belonging, name: string): void {
    if (this.#shared?.owners.isFree(kind, name, this) === false) throw taken(kind, name)
  }

  get #server(): AsyncXmlRpcServer {
    return this.#shared?.server ?? this.#idle
  }
}

const OPTION: Readonly<Record<Belonging, string>> = { central: 'central.name', method: 'name', devices: 'interfaceId' }

function taken(kind: Belonging, name: string): OptionError {
  return new OptionError(OPTION[kind], name, 'one that nobody else who holds the server uses')
}
