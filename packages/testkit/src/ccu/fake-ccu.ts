import { checkInteger, checkText, OptionError } from '@x/loop-utils/errors'
import type { CcuRegistration } from './callback/registration.ts'
import type { EventDelivery } from './callback/value-event.ts'
import type { DeviceSpec } from './catalogue/default-fleet.ts'
import { fleetDevices, type FleetName } from './catalogue/fleet.ts'
import { DeviceStore, type PlayedDevice } from './catalogue/device-store.ts'
import type { DeviceDescription } from './catalogue/descriptions.ts'
import { checkValue, type Paramset } from './catalogue/paramset.ts'
import type { Parameter, ParameterValue } from './catalogue/parameter.ts'
import type { CcuFault } from './ccu-fault.ts'
import { checkCcuOptions, type CheckedCcuOptions, type FakeCcuOptions } from './ccu-options.ts'
import { Actuators, type SetValue } from './behaviour/actuators.ts'
import { LinkTable } from './behaviour/link-table.ts'
import { Radio } from './behaviour/radio.ts'
import { FaultScript, type CcuFaultOrder } from './fault-script.ts'
import { Power, type CcuState, type RebootOptions } from './power.ts'
import { ccuQuirks, changeQuirks, PROFILES, type CcuProfile, type CcuQuirks } from './quirks.ts'
import { RecordLog } from './record-log.ts'
import {
  toOutcome,
  type CcuAnswer,
  type CcuCall,
  type CcuEvent,
  type CcuOutcome,
  type CcuValueChange,
} from './records.ts'
import { Registrations } from './registrations.ts'
import { RpcHttpServer } from './rpc/rpc-http-server.ts'
import { RpcMethods } from './rpc/rpc-methods.ts'
import { present } from './sent-description.ts'
import type { WireStyle } from './wire/wire-style.ts'
import { toPlain, typedValue } from './wire/wire-value.ts'

const INTERFACE_ADDRESS = 'LEQ0999999'
const VERSION = '3.61.7'
/** Room for the records of each kind, in characters of their JSON. */
const MAX_RECORDED = 32 * 1024 * 1024

/** A value that a device reports. */
export interface CcuReport {
  readonly address: string
  readonly parameter: string
  readonly value: ParameterValue
}

/**
 * Plays one interface process of a Homematic CCU over real sockets: answers the calls of its clients, and calls the
 * servers that registered with `init`. Its XML is written and read by the npm library `xmlrpc`.
 *
 * It outlives whatever a callback server does: refuses, hangs, answers nonsense. Everything it keeps is bounded.
 *
 * @example
 * await using ccu = await new FakeCcu().start()
 * // point the program under test at ccu.url, then
 * ccu.report('LEQ0000004:1', 'STATE', true)
 * await ccu.settled()
 * expect(ccu.answers().at(-1)?.outcome).toEqual({ kind: 'answered', value: true })
 */
export class FakeCcu implements AsyncDisposable {
  readonly #options: CheckedCcuOptions
  readonly #store: DeviceStore
  readonly #server: RpcHttpServer
  readonly #methods: RpcMethods
  readonly #registrations: Registrations
  readonly #script = new FaultScript()
  readonly #calls: RecordLog<CcuCall>
  readonly #answers: RecordLog<CcuAnswer>
  readonly #listeners = new Set<(event: CcuEvent) => void>()
  readonly #actuators: Actuators
  readonly #links: LinkTable
  readonly #radio: Radio
  readonly #power: Power
  #profile: CcuProfile
  #quirks: CcuQuirks
  #started: Promise<this> | undefined

  /** @throws OptionError */
  constructor(options: FakeCcuOptions = {}) {
    const checked = checkCcuOptions(options)
    this.#options = checked
    this.#profile = checked.profile
    this.#quirks = checked.quirks
    this.#store = new DeviceStore(INTERFACE_ADDRESS, checked.devices)
    this.#links = new LinkTable(this.#store)
    this.#radio = new Radio({
      store: this.#store,
      report: (address, parameter, value) => this.#apply(address, parameter, { value, source: 'device' }),
    })
    this.#actuators = new Actuators({
      clock: checked.clock,
      travelTimes: checked.travelTimes,
      paramset: (address, key) => this.#store.paramset(address, key),
      apply: (address, parameter, change) => this.#apply(address, parameter, change),
    })
    this.#calls = new RecordLog(checked.maxRecords, MAX_RECORDED)
    this.#answers = new RecordLog(checked.maxRecords, MAX_RECORDED)
    this.#registrations = new Registrations({
      options: checked,
      quirks: () => this.#quirks,
      style: () => this.#style(),
      descriptions: () => this.#store.descriptions().map((description) => present(description, this.#quirks)),
      onAnswer: (answer) => this.#recordAnswer(answer),
      onChange: () => this.#tell({ type: 'registrations', registrations: this.registrations() }),
    })
    this.#methods = this.#createMethods()
    this.#server = new RpcHttpServer({
      host: checked.host,
      maxBodyBytes: checked.maxBodyBytes,
      style: () => this.#style(),
      path: () => this.#quirks.path,
      isStarting: () => this.#power.state === 'starting',
      handle: (method, params) => this.#methods.call(method, params),
    })
    this.#power = new Power({
      server: this.#server,
      clock: checked.clock,
      port: checked.port,
      startingMs: checked.startingMs,
      onDown: () => this.#forget(),
      onState: (state) => this.#tell({ type: 'power', state }),
    })
  }

  /** The port it listens on; before the first start the asked one. */
  get port(): number {
    return this.#power.port
  }

  /** Where its clients call it; with the path, when it is served at one only. */
  get url(): string {
    const { host } = this.#options
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.port}${this.#quirks.path}`
  }

  get interfaceName(): string {
    return this.#options.interfaceName ?? PROFILES[this.#profile].interfaceName
  }

  get profile(): CcuProfile {
    return this.#profile
  }

  /** Whether it can be reached. */
  get state(): CcuState {
    return this.#power.state
  }

  get quirks(): CcuQuirks {
    return this.#quirks
  }

  /** How much of the time that may be sent in has been used, in percent. */
  get dutyCycle(): number {
    return this.#radio.dutyCycle
  }

  /** Changes some habits; from the next call on. @throws OptionError; then nothing changes */
  setQuirks(changes: Partial<CcuQuirks>): void {
    this.#quirks = changeQuirks(this.#quirks, changes)
    this.#tellQuirks()
  }

  /**
   * Takes after another interface process, with all its quirks, from the next call on; who is registered stays so.
   *
   * @throws OptionError; then nothing changes
   */
  setProfile(profile: CcuProfile, quirks: Partial<CcuQuirks> = {}): void {
    this.#quirks = ccuQuirks(profile, quirks)
    this.#profile = profile
    this.#tellQuirks()
  }

  /** Begins to listen; resolves once it does. Calling it again does nothing. @throws CcuListenError */
  start(): Promise<this> {
    this.#started ??= this.#listen()
    return this.#started
  }

  /** Stops listening, gives up calls under way and forgets who is registered, as a reboot does. Idempotent. */
  async stop(): Promise<void> {
    await this.#started?.catch(() => undefined)
    this.#started = undefined
    await this.#power.stop()
  }

  /**
   * Goes down and comes up again at the same port: connections are refused, then calls are answered with 503, then it is
   * ready. Registrations are lost, values and devices are not. Resolves when it is ready.
   *
   * @throws OptionError, CcuListenError
   */
  async reboot(options: RebootOptions = {}): Promise<void> {
    await this.start()
    await this.#power.reboot(options)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** The devices that it plays. */
  devices(): readonly PlayedDevice[] {
    return this.#store.devices
  }

  /** Undefined when it plays no device of that address. */
  device(address: string): PlayedDevice | undefined {
    return this.#store.device(address)
  }

  /** The descriptions of all devices and channels. */
  descriptions(): readonly DeviceDescription[] {
    return this.#store.descriptions()
  }

  /** @throws CcuFault −2 or −3 */
  paramset(address: string, key: 'MASTER' | 'VALUES'): Paramset {
    return this.#store.paramset(address, key)
  }

  /**
   * A device reports a value, as when somebody opens the window: it is stored and everyone registered hears of it.
   *
   * @throws CcuFault −2, −3, −5 or −9; then nothing changes
   */
  report(address: string, parameter: string, value: ParameterValue): void {
    const found = this.#check({ address, parameter, value })
    this.#apply(address, found, { value, source: 'device' })
  }

  /** Several values at once, which everyone hears of in one delivery. @throws CcuFault; then nothing changes */
  reportAll(reports: readonly CcuReport[], as: EventDelivery = 'multicall'): void {
    const checked = reports.map((report) => ({ report, parameter: this.#check(report) }))
    for (const { report, parameter } of checked)
      this.#store.paramset(report.address, 'VALUES').store(parameter.name, report.value)
    for (const { report } of checked) this.#tellValue({ ...report, source: 'device' })
    const events = checked
      .filter(({ parameter }) => parameter.isReported)
      .map(({ report, parameter }) => ({ ...report, value: typedValue(parameter.type, report.value) }))
    if (events.length > 0) this.#registrations.publishBatch(events, as)
  }

  /** Throws what {@link report} would throw. @throws CcuFault −2, −3, −5 or −9 */
  check(report: CcuReport): void {
    this.#check(report)
  }

  /** Adds a device and sends `newDevices`. @throws OptionError */
  addDevice(spec: DeviceSpec): void {
    this.#registrations.announce('newDevices', [
      this.#store.add(spec).map((description) => present(description, this.#quirks)),
    ])
    this.#tell({ type: 'devices' })
  }

  /** Removes a device and sends `deleteDevices`. @throws CcuFault −2 or −4 */
  removeDevice(address: string): void {
    const addresses = this.#store.remove(address)
    this.#forgetDevice(address)
    this.#registrations.announce('deleteDevices', [addresses])
    this.#tell({ type: 'devices' })
  }

  /** Plays another fleet from now on; everyone registered hears what goes and what comes. @throws OptionError */
  loadFleet(fleet: FleetName | readonly DeviceSpec[], seed = 1): void {
    // a fleet that cannot be played is refused before anything changes
    const next = new DeviceStore(INTERFACE_ADDRESS, fleetDevices(fleet, seed))
    const gone = this.#store.descriptions().map(({ ADDRESS }) => ADDRESS)
    this.#actuators.rest()
    this.#links.clear()
    this.#store.takeOver(next)
    if (gone.length > 0) this.#registrations.announce('deleteDevices', [gone])
    const come = this.#store.descriptions().map((description) => present(description, this.#quirks))
    if (come.length > 0) this.#registrations.announce('newDevices', [come])
    this.#tell({ type: 'devices' })
  }

  /** Puts a device of another address in the place of one, and sends `replaceDevice`. @throws CcuFault −2, −4, OptionError */
  replaceDevice(address: string, newAddress: string): void {
    this.#store.replace(address, newAddress)
    this.#forgetDevice(address)
    this.#registrations.announce('replaceDevice', [address, newAddress])
    this.#tell({ type: 'devices' })
  }

  /** Sends `readdedDevice`, as when a device was taught in again. @throws CcuFault −2 */
  readdDevice(address: string): void {
    const { CHILDREN } = this.#store.description(address)
    this.#registrations.announce('readdedDevice', [[address, ...CHILDREN]])
  }

  /** Sends `updateDevice`: hint 0 for a new firmware, 1 for changed links. @throws CcuFault −2 */
  updateDevice(address: string, hint = 0): void {
    this.#store.description(address)
    this.#registrations.announce('updateDevice', [address, hint])
  }

  /** Offers a firmware, which `updateFirmware` then installs; sends `updateDevice`. @throws CcuFault −2, −4; OptionError */
  offerFirmware(address: string, version: string): void {
    this.#store.offerFirmware(address, version)
    this.updateDevice(address)
  }

  /** Sends `error`, as when the interface process has trouble of its own. */
  reportError(errorCode: number, message: string): void {
    this.#registrations.announce('error', [
      checkInteger('errorCode', errorCode, { min: -(2 ** 31), max: 2 ** 31 - 1 }),
      checkText('message', message),
    ])
  }

  /** A sleeping device wakes and gets the configuration that waits for it; false when none does. @throws CcuFault −2, −4 */
  wake(address: string): boolean {
    return this.#radio.wake(address)
  }

  /** At 100 % every command to a device gets a fault −8. @throws OptionError */
  setDutyCycle(percent: number): void {
    this.#radio.setDutyCycle(percent)
  }

  /**
   * Calls a callback server just so, and tells what it answered. The interface id is put first among the parameters.
   *
   * @throws OptionError when nobody is registered under that id
   */
  async invoke(interfaceId: string, method: string, params: readonly unknown[] = []): Promise<CcuOutcome> {
    return toOutcome(await this.#registrations.call(interfaceId, method, [interfaceId, ...params]))
  }

  /** As {@link invoke}, with the parameters as they are: for calls that do not begin with an interface id. */
  async invokeRaw(interfaceId: string, method: string, params: readonly unknown[]): Promise<CcuOutcome> {
    return toOutcome(await this.#registrations.call(interfaceId, method, params))
  }

  /** Lets coming calls fail. @throws OptionError */
  failNext(order: CcuFaultOrder): void {
    this.#script.add(order)
  }

  clearFaults(): void {
    this.#script.clear()
  }

  /** Who is registered. */
  registrations(): readonly CcuRegistration[] {
    return this.#registrations.views()
  }

  /** The calls that it got, oldest first; at most `maxRecords`. */
  calls(): readonly CcuCall[] {
    return this.#calls.all()
  }

  /** The calls that it made and what was answered, oldest first; at most `maxRecords`. */
  answers(): readonly CcuAnswer[] {
    return this.#answers.all()
  }

  /** How many calls it got and made in all. */
  totals(): { readonly calls: number; readonly answers: number } {
    return { calls: this.#calls.total, answers: this.#answers.total }
  }

  /** Resolves once everyone registered was introduced and no event waits. */
  settled(): Promise<void> {
    return this.#registrations.idle()
  }

  /** Tells `listener` of everything that happens, until disposed. What it throws goes to `onError`. */
  observe(listener: (event: CcuEvent) => void): Disposable {
    if (typeof listener !== 'function') throw new OptionError('listener', listener, 'a function')
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  #createMethods(): RpcMethods {
    return new RpcMethods({
      store: this.#store,
      links: this.#links,
      radio: this.#radio,
      version: VERSION,
      interfaceAddress: INTERFACE_ADDRESS,
      quirks: () => this.#quirks,
      spell: (name) => this.#spell(name),
      present: (description) => present(description, this.#quirks),
      register: (url, interfaceId) => this.#registrations.add(url, interfaceId),
      unregister: (url) => this.#registrations.remove(url),
      isRegistered: (interfaceId) => this.#registrations.has(interfaceId),
      set: (address, values: readonly SetValue[]) => this.#actuators.set(address, values),
      pong: (value) => this.#registrations.publish({ address: 'CENTRAL', parameter: 'PONG', value }),
      removeDevice: (address) => this.removeDevice(address),
      replaceDevice: (address, newAddress) => this.replaceDevice(address, newAddress),
      updateDevice: (address, hint) => this.updateDevice(address, hint),
      before: (method, params) => this.#script.strike(method, params),
      record: (method, params, fault) => this.#recordCall(method, params, fault),
    })
  }

  async #listen(): Promise<this> {
    try {
      await this.#power.start()
    } catch (error) {
      this.#started = undefined
      throw error
    }
    return this
  }

  #forget(): void {
    this.#registrations.clear()
    this.#actuators.rest()
  }

  #forgetDevice(address: string): void {
    this.#actuators.rest(address)
    this.#links.forget(address)
  }

  #style(): WireStyle {
    const { encoding, declaresEncoding, untypedStrings, i4, openTags } = this.#quirks
    return { encoding, declaresEncoding, untypedStrings, i4, openTags }
  }

  /** Bytes of UTF-8 that are then taken for ISO 8859-1. */
  #spell(name: string): string {
    const isGarbled = this.#quirks.utf8Names && this.#quirks.encoding !== 'utf-8'
    return isGarbled ? Buffer.from(name, 'utf8').toString('latin1') : name
  }

  #check({ address, parameter, value }: CcuReport): Parameter {
    const found = this.#store.paramset(address, 'VALUES').parameter(parameter)
    checkValue(found, value)
    return found
  }

  #apply(address: string, parameter: Parameter, change: Pick<CcuValueChange, 'value' | 'source'>): void {
    const { value, source } = change
    this.#store.paramset(address, 'VALUES').store(parameter.name, value)
    this.#tellValue({ address, parameter: parameter.name, value, source })
    if (!parameter.isReported) return
    this.#registrations.publish({ address, parameter: parameter.name, value: typedValue(parameter.type, value) })
  }

  #recordCall(method: string, params: readonly unknown[], fault?: CcuFault): void {
    const at = new Date().toISOString()
    const plain = params.map((param) => toPlain(param))
    const failed = fault === undefined ? {} : { fault: { faultCode: fault.faultCode, faultString: fault.faultString } }
    const call = { at, method, params: plain, ...failed }
    this.#calls.add(call, JSON.stringify(plain).length)
    this.#tell({ type: 'call', call })
  }

  #recordAnswer(answer: CcuAnswer): void {
    this.#answers.add(answer, JSON.stringify(answer.outcome).length)
    this.#tell({ type: 'answer', answer })
  }

  #tellQuirks(): void {
    this.#tell({ type: 'quirks', profile: this.#profile, quirks: this.#quirks })
  }

  #tellValue(change: CcuValueChange): void {
    this.#tell({ type: 'value', change })
  }

  #tell(event: CcuEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#options.onError(error)
      }
    }
  }
}
