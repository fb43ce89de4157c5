import type { EngineLink } from '@x/loop-utils/channel'
import { ServiceCore, type StopReport, type StopRequest } from '@x/loop-utils/service'
import { FAULT_CODE, XmlRpcFault } from '../codec/fault.ts'
import type { XmlRpcInput, XmlRpcValue } from '../codec/value.ts'
import { AsyncXmlRpcDispatcher } from '../dispatcher/async-xml-rpc-dispatcher.ts'
import type { MethodOptions, XmlRpcHandler } from '../dispatcher/method.ts'
import type {
  AcknowledgedCalls,
  CallOutcome,
  CrossingCall,
  ListenAddress,
  XmlRpcEngineContract,
} from '../engine/contract.ts'
import { fromCrossing, toCrossing } from '../engine/crossing.ts'
import { xmlRpcEngine } from '../engine/xmlrpc-engine.ts'
import { AsyncRpcFunctions, type CallbackName } from '../homematic/async-rpc-functions.ts'
import { type CentralEntry, CentralRegistry } from '../homematic/central-registry.ts'
import type { Central } from '../homematic/central.ts'
import type { KnownDevice } from '../homematic/device-description.ts'
import { registerCallbacks } from '../homematic/register-callbacks.ts'
import { CallbackQueues } from './callback-queues.ts'
import { type Placement, placementOf } from './engine-placement.ts'
import type { ServerHealthStatus } from './server-health.ts'
import { RequestTally } from './request-tally.ts'
import { engineOptions, serverSettings, type ServerSettings, type XmlRpcServerOptions } from './server-options.ts'

/**
 * The callback server: takes the calls of CCUs, acknowledges them at once, and hands them to the centrals that
 * registered the interfaces, in order for each interface.
 *
 * @example
 * const server = new AsyncXmlRpcServer({ port: 9123 })
 * server.addCentral({ name: 'home', hasClient: (id) => id === 'home-BidCos-RF', onEvent: console.log })
 * await server.start()
 */
export class AsyncXmlRpcServer extends ServiceCore {
  readonly #settings: ServerSettings
  readonly #centrals = new CentralRegistry()
  readonly #functions = new AsyncRpcFunctions(this.#centrals)
  readonly #dispatcher: AsyncXmlRpcDispatcher
  readonly #deviceLists = new Map<string, readonly KnownDevice[]>()
  #queues: CallbackQueues<CrossingCall> | undefined
  #placement: Placement | undefined
  #link: EngineLink<XmlRpcEngineContract> | undefined
  #address: ListenAddress | undefined
  readonly #tally = new RequestTally()
  #failedCallbacks = 0
  #restarts = 0

  /** @throws OptionError when an option is not usable */
  constructor(options: XmlRpcServerOptions = {}) {
    const settings = serverSettings(options)
    super({ name: 'xmlrpc-server', ...(settings.onError === undefined ? {} : { onError: settings.onError }) })
    this.#settings = settings
    this.#dispatcher = new AsyncXmlRpcDispatcher({
      encode: { dialect: settings.dialect },
      exposeErrors: settings.exposeErrors,
      maxMulticallCalls: settings.maxMulticallCalls,
    })
    registerCallbacks(this.#dispatcher, this.#functions)
    this.#dispatcher.registerIntrospectionFunctions().registerMulticallFunctions()
  }

  /** Adds a central; false when there is one of that name, which stays. @throws OptionError */
  addCentral(central: Central): boolean {
    return this.#centrals.addCentral(central)
  }

  /** Removes a central; false when there is none of that name. */
  removeCentral(central: Pick<Central, 'name'>): boolean {
    return this.#centrals.removeCentral(central)
  }

  /** The central to which an interface belongs. */
  getCentralEntry(interfaceId: string): CentralEntry | undefined {
    return this.#centrals.getCentralEntry(interfaceId)
  }

  /** Whether there is no central. */
  get noCentralAssigned(): boolean {
    return this.#centrals.noCentralAssigned
  }

  /**
   * Registers a method of your own: its result, or what it throws, is the answer.
   *
   * @throws OptionError when the name or an option is not usable
   */
  register(name: string, handler: XmlRpcHandler, options?: MethodOptions): this {
    this.#dispatcher.register(name, handler, options)
    this.#pushMethods()
    return this
  }

  /** Registers the public methods of an object. @throws OptionError */
  registerInstance(instance: object, options?: { readonly methods?: readonly string[] }): this {
    this.#dispatcher.registerInstance(instance, options)
    this.#pushMethods()
    return this
  }

  /**
   * Says which devices of an interface are known: `listDevices` is then answered without asking the central, also
   * while this loop is busy. `undefined` takes it back.
   */
  setKnownDevices(interfaceId: string, devices: readonly KnownDevice[] | undefined): void {
    if (devices === undefined) this.#deviceLists.delete(interfaceId)
    else this.#deviceLists.set(interfaceId, devices)
    if (this.#link?.state === 'up') this.#report(this.#pushDeviceList(this.#link, interfaceId))
  }

  /** The address that is bound, or that is to be. */
  get listenIpAddr(): string {
    return this.#address?.host ?? this.#settings.host
  }

  /** The port that is bound; before the start the one that is asked for, which may be 0. */
  get listenPort(): number {
    return this.#address?.port ?? this.#settings.port
  }

  get started(): boolean {
    return this.state === 'running'
  }

  get healthStatus(): ServerHealthStatus {
    return {
      started: this.started,
      requestCount: this.#tally.requests,
      errorCount: this.#tally.errors,
      errorRate: this.#tally.errorRate,
      lastRequest: this.#tally.lastRequest,
      centralsRegistered: this.#centrals.size,
      centralNames: this.#centrals.names,
      unknownInterfaceIds: this.#centrals.unknownInterfaceIds,
      waitingCallbacks: this.#queues?.waiting ?? 0,
      failedCallbacks: this.#failedCallbacks,
      engineRestarts: this.#restarts,
    }
  }

  protected override counters(): Readonly<Record<string, number>> {
    const { requestCount, errorCount, unknownInterfaceIds, waitingCallbacks, failedCallbacks } = this.healthStatus
    return { requestCount, errorCount, unknownInterfaceIds, waitingCallbacks, failedCallbacks }
  }

  protected override async onStart(): Promise<void> {
    this.#queues = this.#createQueues()
    this.#placement = placementOf(this.#settings)
    this.#link = await this.#placement.host.place(xmlRpcEngine, engineOptions(this.#settings), {
      events: {
        acknowledged: (calls) => this.#onAcknowledged(calls),
        counters: (counters) => this.#tally.update(counters),
      },
      questions: { call: (call) => this.#answer(call) },
      replay: (link) => this.#equip(link),
      onState: (state, cause) => this.#onLinkState(state, cause),
      onError: (error) => this.#settings.onError?.(error),
    })
    await this.#equip(this.#link)
  }

  protected override async onStop({ deadlineMs, drain, failure }: StopRequest): Promise<Partial<StopReport>> {
    const link = this.#link
    const placement = this.#placement
    this.#link = undefined
    this.#placement = undefined
    const endsAt = performance.now() + deadlineMs
    const left = (): number => Math.max(0, endsAt - performance.now())
    if (drain && failure === undefined) await link?.call('drain', { deadlineMs }).catch(() => undefined)
    const report = await link?.close({ drain, deadlineMs: left() })
    const callback = await this.#finishCallbacks(drain ? left() : 0)
    if (placement?.isOwn === true) await placement.host.close()
    this.#address = undefined
    this.#tally.engineGone()
    if (report === undefined) return {}
    return callback === 0 ? report : { ...report, discarded: { ...report.discarded, callback } }
  }

  #createQueues(): CallbackQueues<CrossingCall> {
    return new CallbackQueues({
      maxWaiting: this.#settings.maxWaitingCallbacks,
      handle: ({ method, params }) => this.#handleCallback(method, fromCrossing(params) as XmlRpcValue[]),
      onError: (error) => this.#countFailure(error),
      onFull: () => this.#link?.pause(),
      onRoom: () => this.#link?.resume(),
    })
  }

  /** Brings a fresh engine to where it has to be: methods, device lists, and the port, the same as before if any. */
  async #equip(link: EngineLink<XmlRpcEngineContract>): Promise<void> {
    const { host, port } = this.#settings
    await link.call('setMethods', { names: this.#dispatcher.methodNames() })
    for (const interfaceId of this.#deviceLists.keys()) await this.#pushDeviceList(link, interfaceId)
    this.#address = await link.call('listen', this.#address ?? { host, port })
  }

  async #pushDeviceList(link: EngineLink<XmlRpcEngineContract>, interfaceId: string): Promise<void> {
    const devices = this.#deviceLists.get(interfaceId)
    await link.call('setDeviceList', { interfaceId, devices: devices === undefined ? null : toCrossing(devices) })
  }

  #pushMethods(): void {
    if (this.#link?.state !== 'up') return
    this.#report(this.#link.call('setMethods', { names: this.#dispatcher.methodNames() }))
  }

  /** What fails here fails because the engine is gone, and a fresh one is told everything again. */
  #report(pushed: Promise<void>): void {
    pushed.catch((error: unknown) => {
      if (this.#link?.state === 'up') this.#settings.onError?.(error)
    })
  }

  #onAcknowledged({ calls }: AcknowledgedCalls): void {
    for (const call of calls) this.#queues?.push(String((call.params.data as readonly unknown[])[0]), call)
  }

  #onLinkState(state: 'up' | 'restarting' | 'down', cause: Error | undefined): void {
    if (state === 'restarting') {
      this.#restarts++
      this.#tally.engineGone()
      this.setRestriction('the engine is being started again', cause)
    } else if (state === 'up') this.setRestriction(undefined)
    else this.fail(cause)
  }

  #handleCallback(method: string, params: readonly XmlRpcValue[]): void | Promise<void> {
    const result = this.#functions.call(method as CallbackName, params)
    if (result instanceof Promise) return result.then(() => undefined)
    return undefined
  }

  #countFailure(error: unknown): void {
    this.#failedCallbacks++
    this.#settings.onError?.(error)
  }

  async #answer({ method, params }: CrossingCall): Promise<CallOutcome> {
    try {
      const result: XmlRpcInput = await this.#dispatcher.invoke(method, fromCrossing(params) as XmlRpcValue[])
      return { kind: 'result', value: toCrossing(result) }
    } catch (error) {
      if (error instanceof XmlRpcFault) return faultOutcome(error)
      return faultOutcome(new XmlRpcFault(FAULT_CODE.internalError, 'the result has no form in XML-RPC'))
    }
  }

  /** Waits until all accepted callbacks are handled; returns how many were not by then. */
  async #finishCallbacks(deadlineMs: number): Promise<number> {
    const queues = this.#queues
    if (queues === undefined) return 0
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs)
    })
    await Promise.race([queues.idle(), deadline])
    clearTimeout(timer)
    return queues.discard()
  }
}

function faultOutcome({ faultCode, faultString }: XmlRpcFault): CallOutcome {
  return { kind: 'fault', faultCode, faultString }
}
