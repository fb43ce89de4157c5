import { checkDuration, checkOneOf, ModeOptionError, OptionError } from '@x/loop-utils/errors'
import { callSafely } from '@x/loop-utils/observe'
import { ServiceCore, type StartContext, type StopReport, type StopRequest } from '@x/loop-utils/service'
import type { XmlRpcInput, XmlRpcValue } from '../codec/value.ts'
import { FAULT_CODE, XmlRpcFault } from '../codec/fault.ts'
import type { AsyncXmlRpcDispatcher } from '../dispatcher/async-xml-rpc-dispatcher.ts'
import { instanceMethods } from '../dispatcher/instance-methods.ts'
import type { MethodOptions, XmlRpcHandler } from '../dispatcher/method.ts'
import type { CallOutcome, CrossingCall, GivenCredentials } from '../engine/contract.ts'
import { fromCrossing, toCrossing } from '../engine/crossing.ts'
import { mounts } from '../engine/mounts.ts'
import type { ServerNotice } from '../engine/server-notice.ts'
import { AsyncRpcFunctions } from '../homematic/async-rpc-functions.ts'
import { type CentralEntry, CentralRegistry } from '../homematic/central-registry.ts'
import type { Central } from '../homematic/central.ts'
import type { KnownDevice } from '../homematic/device-description.ts'
import { CallbackIntake } from './callback-intake.ts'
import { createDispatcher } from './create-dispatcher.ts'
import { EngineIntent } from './engine-intent.ts'
import { EngineRoom, switchSettings } from './engine-room.ts'
import { faultOutcome } from './fault-outcome.ts'
import { checkInterfaceId, knownDevices } from './known-devices.ts'
import { NoticePost } from './notice-post.ts'
import type { RequestHandler } from './request-handler.ts'
import { Restrictions } from './restrictions.ts'
import { ServerBreaker } from './server-breaker.ts'
import { backlogs, type ServerHealthStatus } from './server-health.ts'
import { serverSettings, type ServerSettings, type XmlRpcServerOptions } from './server-options.ts'
import type { SwitchOptions, SwitchReport } from './switch-report.ts'
import { within } from './within.ts'
import type { XmlRpcServer } from './xml-rpc-server.ts'

const NOT_STARTED = 'the XML-RPC server is not started\n'

/**
 * The callback server: takes the calls of CCUs, acknowledges them at once, and hands them to the centrals that
 * registered the interfaces, in order for each interface.
 *
 * @example
 * const server = new AsyncXmlRpcServer({ port: 9123 })
 * server.addCentral({ name: 'home', hasClient: (id) => id === 'home-BidCos-RF', onEvent: console.log })
 * await server.start()
 */
export class AsyncXmlRpcServer extends ServiceCore implements XmlRpcServer {
  readonly #settings: ServerSettings
  readonly #centrals: CentralRegistry
  readonly #dispatcher: AsyncXmlRpcDispatcher
  /** The names of the methods that the server answers itself. */
  readonly #reserved: ReadonlySet<string>
  readonly #intake: CallbackIntake
  readonly #intent: EngineIntent
  readonly #room: EngineRoom
  readonly #breaker: ServerBreaker
  readonly #restrictions: Restrictions
  readonly #post: NoticePost
  #isMounted = false

  /** @throws OptionError when an option is not usable */
  constructor(options: XmlRpcServerOptions = {}) {
    const settings = serverSettings(options)
    super({ name: 'xmlrpc-server', ...(settings.onError === undefined ? {} : { onError: settings.onError }) })
    this.#settings = settings
    this.#centrals = new CentralRegistry({
      onUnknownInterface: (interfaceId) => settings.logger.warn({ interfaceId }, 'no central has this interface'),
    })
    const functions = new AsyncRpcFunctions(this.#centrals)
    this.#dispatcher = createDispatcher(settings, functions)
    this.#reserved = new Set(this.#dispatcher.methodNames())
    this.#intake = new CallbackIntake({
      settings,
      functions,
      onHold: (interfaceId, isHeld) => this.#room.tell((link) => link.call('hold', { interfaceId, isHeld })),
      onError: (error) => this.#tellError(error),
    })
    this.#intent = new EngineIntent({
      methodNames: () => this.#dispatcher.methodNames(),
      notice: (engine) => this.#notice(engine),
      held: () => this.#intake.queues.held,
    })
    this.#room = this.#createRoom()
    this.#breaker = new ServerBreaker(settings.breaker, (isOpen, cause) => this.#onBreaker(isOpen, cause))
    this.#restrictions = new Restrictions((reason, cause) => {
      this.setRestriction(reason, cause)
      this.#tellNotice()
    })
    this.#post = new NoticePost({
      send: () => this.#tellNotice(),
      isBusy: () => this.#intake.queues.waiting > 0,
    })
  }

  /** Adds a central; false when there is one of that name, which stays. @throws OptionError */
  addCentral(central: Central): boolean {
    const isAdded = this.#centrals.addCentral(central)
    if (isAdded) this.#tellNotice()
    return isAdded
  }

  /** Removes a central; false when there is none of that name. */
  removeCentral(central: Pick<Central, 'name'>): boolean {
    const isRemoved = this.#centrals.removeCentral(central)
    if (isRemoved) this.#tellNotice()
    return isRemoved
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
   * Registers a method of your own: its result, or what it throws, is the answer. One of the same name is replaced.
   *
   * @throws OptionError when the name is not usable or one of the server's own methods, or an option is not usable
   */
  register(name: string, handler: XmlRpcHandler, options?: MethodOptions): this {
    this.#checkFree(name)
    this.#dispatcher.register(name, handler, options)
    this.#tellMethods()
    return this
  }

  /** Forgets a method of your own; false when there was none of that name. */
  unregister(name: string): boolean {
    const isKnown = !this.#reserved.has(name) && this.#dispatcher.unregister(name)
    if (isKnown) this.#tellMethods()
    return isKnown
  }

  /**
   * Registers the public methods of an object, those that `options.methods` names or all of them.
   *
   * @throws OptionError when one of them is no method, or has the name of one of the server's own; then none is
   */
  registerInstance(instance: object, options: { readonly methods?: readonly string[] } = {}): this {
    for (const name of instanceMethods(instance, options.methods).keys()) this.#checkFree(name)
    this.#dispatcher.registerInstance(instance, options)
    this.#tellMethods()
    return this
  }

  /**
   * Says which devices of an interface are known: `listDevices` is then answered without asking the central, also
   * while this loop is busy. `undefined` takes it back. What is done to the list later changes nothing.
   *
   * @throws OptionError when one of them is no device, or has no form in the dialect of the answers
   */
  setKnownDevices(interfaceId: string, devices: readonly KnownDevice[] | undefined): void {
    checkInterfaceId(interfaceId)
    const list = devices === undefined ? undefined : knownDevices(devices, this.#settings)
    this.#intent.setDeviceList(interfaceId, list)
    this.#room.tell((link) => this.#intent.tellDeviceList(link, interfaceId))
  }

  /** The address that is bound, or that is to be. */
  get listenIpAddr(): string {
    return this.#room.address?.host ?? this.#settings.host
  }

  /** The port that is bound; before the start the one that is asked for, which may be 0. */
  get listenPort(): number {
    return this.#room.address?.port ?? this.#settings.port
  }

  get started(): boolean {
    return this.state === 'running'
  }

  /** Where its engine runs, or will. */
  get mode(): 'loop' | 'thread' {
    return this.#room.mode
  }

  get healthStatus(): ServerHealthStatus {
    const { tally, mode, restarts, switches } = this.#room
    const { queues, failed } = this.#intake
    const { counts } = queues
    return {
      started: this.started,
      mode,
      requestCount: tally.requests,
      errorCount: tally.errors,
      errorRate: tally.errorRate,
      lastRequest: tally.lastRequest,
      deniedRequests: tally.denied,
      connections: tally.connections,
      centralsRegistered: this.#centrals.size,
      centralNames: this.#centrals.names,
      unknownInterfaceIds: this.#centrals.unknownInterfaceIds,
      waitingCallbacks: queues.waiting,
      delayedAnswers: tally.delayed,
      droppedCallbacks: counts.dropped,
      coalescedEvents: counts.coalesced,
      interfaces: backlogs(queues.waitingByKey, counts.byInterface),
      failedCallbacks: failed,
      engineRestarts: restarts,
      switches,
      breaker: this.#breaker.state,
    }
  }

  /**
   * A handler for an HTTP server of yours that answers whatever it is given as this server does, at any path: mount it
   * in front of body parsers. Before the start and after the stop it answers with 503.
   *
   * @throws ModeOptionError in thread mode, which requests cannot reach
   */
  requestHandler(): RequestHandler {
    if (this.mode === 'thread') throw new ModeOptionError('requestHandler', "make the server in mode 'loop'")
    this.#isMounted = true
    return (request, response) => {
      const mounted = mounts.get(this.#room.mountKey)
      if (mounted === undefined) response.writeHead(503, { 'Content-Type': 'text/plain' }).end(NOT_STARTED)
      else mounted(request, response)
    }
  }

  /**
   * Goes over to the other implementation on the same port: a fresh engine takes it over, the old one answers what it
   * has under way and tells each connection with its next answer that it ends. No acknowledged callback is lost, and the
   * order of each interface stays. Resolves when the old engine is gone.
   *
   * @throws SwitchError when the other engine cannot be had; ServiceStateError unless running; OptionError;
   *   ModeOptionError for `'thread'` after `requestHandler()`
   */
  async switchImplementation(to: 'loop' | 'thread', options: SwitchOptions = {}): Promise<SwitchReport> {
    checkOneOf('to', to, ['loop', 'thread'])
    const settings = switchSettings(options)
    checkDuration('drainMs', settings.drainMs)
    checkDuration('idleGraceMs', settings.idleGraceMs)
    if (to === 'thread' && this.#isMounted) {
      throw new ModeOptionError('requestHandler', "stay in mode 'loop' as long as the handler is mounted")
    }
    const report = await this.#room.switchTo(to, settings)
    if (report.from !== report.to) this.#settings.logger.warn({ ...report }, 'switched the implementation')
    return report
  }

  /**
   * Waits until the callbacks of a central that wait now are handled, at most for that long; forgets what then still
   * waits, and returns how many those were.
   *
   * @throws OptionError when the deadline is none; `Infinity` is one
   */
  async finishCallbacks({ name }: Pick<Central, 'name'>, deadlineMs: number): Promise<number> {
    const { queues } = this.#intake
    const endsAt = performance.now() + checkDuration('deadlineMs', deadlineMs, { infinite: true })
    await within(deadlineMs, this.#room.caughtUp())
    const keys = [...queues.waitingByKey.keys()].filter((id) => this.#isOf(name, id))
    await within(endsAt - performance.now(), Promise.all(keys.map((key) => queues.settled(key))))
    return keys.reduce((discarded, key) => discarded + queues.discardKey(key), 0)
  }

  protected override counters(): Readonly<Record<string, number>> {
    const status = this.healthStatus
    const { requestCount, errorCount, unknownInterfaceIds, waitingCallbacks, failedCallbacks } = status
    const { droppedCallbacks, coalescedEvents, delayedAnswers, deniedRequests } = status
    return {
      requestCount,
      errorCount,
      unknownInterfaceIds,
      waitingCallbacks,
      failedCallbacks,
      droppedCallbacks,
      coalescedEvents,
      delayedAnswers,
      deniedRequests,
    }
  }

  protected override onStart({ signal }: StartContext): Promise<void> {
    this.#post.open()
    return this.#room.open(signal)
  }

  protected override async onStop({ deadlineMs, drain, failure }: StopRequest): Promise<Partial<StopReport>> {
    const endsAt = performance.now() + deadlineMs
    this.#post.close()
    const report = await this.#room.close({ drain: drain && failure === undefined, deadlineMs })
    const { queues } = this.#intake
    if (drain) await within(endsAt - performance.now(), queues.idle())
    const callback = queues.discard()
    this.#restrictions.clearAll()
    if (report === undefined) return {}
    return callback === 0 ? report : { ...report, discarded: { ...report.discarded, callback } }
  }

  #createRoom(): EngineRoom {
    return new EngineRoom({
      settings: this.#settings,
      intent: this.#intent,
      handlers: {
        calls: (calls) => this.#intake.take(calls),
        answer: (call) => this.#answer(call),
        authorize: (given) => this.#authorize(given),
        progress: (progress) => {
          this.#breaker.note(progress)
          this.#post.soon()
        },
        changed: () => this.#tellNotice(),
        crashed: (cause) => this.#onCrash(cause),
        lost: (cause) => this.fail(cause),
        error: (error) => this.#tellError(error),
      },
    })
  }

  #notice(engine: object): ServerNotice {
    const { tally, mode, restarts, switches } = this.#room
    const { reason = null } = this.#restrictions
    const { queues, failed } = this.#intake
    const { dropped, coalesced } = queues.counts
    const { names: centralNames, unknownInterfaceIds: unknown } = this.#centrals
    return {
      centralNames,
      restriction: reason,
      mode,
      breaker: this.#breaker.state,
      restarts,
      switches,
      callbacks: { waiting: queues.waiting, dropped, coalesced, failed, unknown },
      others: tally.besides(engine),
    }
  }

  /** Whether an interface is one of that central; not if none can be found out, as `hasClient` may throw. */
  #isOf(name: string, interfaceId: string): boolean {
    try {
      return this.getCentralEntry(interfaceId)?.central.name === name
    } catch (error) {
      this.#tellError(error)
      return false
    }
  }

  #checkFree(name: string): void {
    if (!this.#reserved.has(name)) return
    throw new OptionError('name', name, 'a name that is none of the methods that the server answers itself')
  }

  #tellMethods(): void {
    this.#room.tell((link) => this.#intent.tellMethods(link))
  }

  #tellNotice(): void {
    this.#room.tell((link, engine) => this.#intent.tellNotice(link, engine))
  }

  #onCrash(cause: Error | undefined): void {
    if (cause === undefined) this.#restrictions.clear('engine')
    else {
      this.#restrictions.set('engine', 'the engine is being started again', cause)
      this.#breaker.fail(cause)
    }
  }

  #onBreaker(isOpen: boolean, cause: unknown): void {
    if (!isOpen) {
      this.#restrictions.clear('breaker')
      return
    }
    this.#restrictions.set('breaker', 'requests have failed in a row', cause)
    this.#settings.logger.error({ err: cause }, 'requests have failed in a row')
    if (this.#settings.breaker?.switchImplementation !== true || !this.started) return
    this.switchImplementation(this.mode === 'loop' ? 'thread' : 'loop').catch((error: unknown) =>
      this.#tellError(error),
    )
  }

  /** What it is told with may throw, too: nothing that was acknowledged is lost by that. */
  #tellError(error: unknown): void {
    callSafely('onError', () => this.#settings.onError?.(error))
  }

  async #authorize(given: GivenCredentials): Promise<boolean> {
    try {
      return (await this.#settings.checkCredentials?.(given)) === true
    } catch (error) {
      this.#tellError(error)
      return false
    }
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
}
