import {
  CcuFault,
  FakeCcu,
  type CcuEvent,
  type CcuReport,
  type CcuState,
  type FakeCcuOptions,
  type PlayedDevice,
} from '@x/testkit/ccu'
import type {
  CcuView,
  DeviceSpec,
  DeviceState,
  DeviceView,
  FaultRequest,
  FaultView,
  RebootOptions,
} from '@x/testkit/control'
import { FaultProxy } from '@x/testkit/faults'
import { ApiProblem } from '../api/problem.ts'
import type { EventLog } from '../events/event-log.ts'
import { shorten } from '../events/shorten.ts'
import { findParameter, propertyKey, toParameterValue, toPropertyValue, viewDevice } from './ccu-device-view.ts'
import type { Endpoint } from './endpoint.ts'
import { FaultBook, fromOption } from './fault-book.ts'

/** Where the fake CCU is reached, and what it is like. */
export interface CcuEndpointOptions {
  readonly host: string
  /** Where its clients reach it. Default 0, a free port. */
  readonly port: number
  readonly events: EventLog
  readonly ccu?: FakeCcuOptions
  /** Gets what goes wrong while nobody waits for it. */
  readonly onError: (error: unknown) => void
  /** The faults of all endpoints, for telling that they changed. */
  readonly onFaults: () => void
}

/** The fake CCU behind a fault proxy, both for the control API. */
export class CcuEndpoint implements Endpoint {
  readonly name = 'ccu'
  readonly ccu: FakeCcu
  readonly #options: CcuEndpointOptions
  readonly #book = new FaultBook(this.name)
  #proxy: FaultProxy | undefined
  /** Opening the proxy after a reboot. */
  #opening: Promise<void> = Promise.resolve()
  #port = 0
  #observer: Disposable | undefined

  /** @throws OptionError */
  constructor(options: CcuEndpointOptions) {
    this.#options = options
    // clients come through the proxy; the CCU itself is reached from this machine only
    this.ccu = new FakeCcu({ ...options.ccu, host: '127.0.0.1', port: 0 })
  }

  get url(): string {
    const { host } = this.#options
    if (this.#port === 0) throw new Error('the endpoint was not started')
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}${this.ccu.quirks.path}`
  }

  view(): CcuView {
    const { interfaceName, profile, state, quirks, dutyCycle } = this.ccu
    const devices = this.ccu.devices().length
    const made = { registrations: this.ccu.registrations(), totals: this.ccu.totals() }
    return { url: this.url, interfaceName, profile, state, quirks, dutyCycle, devices, ...made }
  }

  async start(): Promise<void> {
    await this.ccu.start()
    try {
      await this.#open(this.#options.port)
    } catch (error) {
      await this.ccu.stop()
      throw error
    }
    this.#observer = this.ccu.observe((event) => this.#publish(event))
  }

  async stop(): Promise<void> {
    this.#observer?.[Symbol.dispose]()
    await this.ccu.stop()
    await this.#opening
    await this.#proxy?.stop()
  }

  /** Resolves once connections are refused; it comes up again by itself. @throws OptionError */
  async reboot(options: RebootOptions): Promise<void> {
    let observer: Disposable | undefined
    const isDown = new Promise<void>((resolve) => {
      observer = this.ccu.observe((event) => {
        if (event.type === 'power' && event.state === 'down') resolve()
      })
    })
    const rebooted = this.ccu.reboot(options)
    // what fails after it went down is for nobody in particular
    rebooted.catch(() => undefined)
    try {
      await Promise.race([rebooted, isDown])
    } finally {
      observer?.[Symbol.dispose]()
    }
    rebooted.catch(this.#options.onError)
    await this.#opening
  }

  devices(): readonly DeviceView[] {
    return this.ccu.devices().map((device) => viewDevice(this.ccu, device, this.name))
  }

  device(id: string): DeviceView | undefined {
    const device = this.#find(id)
    return device === undefined ? undefined : viewDevice(this.ccu, device, this.name)
  }

  addDevice(spec: DeviceSpec): DeviceView {
    if (this.#find(spec.address) !== undefined) {
      throw new ApiProblem(
        'FAKE_CONFLICT',
        `a device ${spec.address} is there already; give another address`,
        'address',
      )
    }
    try {
      this.ccu.addDevice(spec)
    } catch (error) {
      throw fromOption(error)
    }
    return viewDevice(this.ccu, this.#device(spec.address), this.name)
  }

  removeDevice(id: string): void {
    this.ccu.removeDevice(this.#device(id).address)
  }

  change(id: string, state: DeviceState['state']): void {
    const device = this.#device(id)
    const reports = Object.entries(state).map(([key, value]): CcuReport => {
      const found = findParameter(this.ccu, device, key)
      if (found === undefined) throw new ApiProblem('FAKE_UNKNOWN_PROPERTY', `${id} has no property ${key}`, key)
      const { address, parameter } = found
      const report = { address, parameter: parameter.name, value: toParameterValue(parameter, value, key) }
      this.#check(report, key)
      return report
    })
    this.ccu.reportAll(reports, 'auto')
  }

  /** Lets devices report values, by channel and parameter. @throws ApiProblem; then nothing changes */
  report(reports: readonly CcuReport[], as: 'single' | 'multicall'): void {
    reports.forEach((report, index) => this.#check(report, `reports.${index}`))
    this.ccu.reportAll(reports, as)
  }

  addFault(request: FaultRequest): FaultView {
    const named = this.#book.add(request)
    this.#proxy?.addFault(named)
    this.#options.onFaults()
    return this.#book.view(named.name) as FaultView
  }

  removeFault(name: string): boolean {
    if (!this.#book.remove(name)) return false
    this.#proxy?.removeFault(name)
    this.#options.onFaults()
    return true
  }

  clearFaults(): void {
    this.#book.clear()
    this.#proxy?.clearFaults()
    this.ccu.clearFaults()
    this.#options.onFaults()
  }

  faults(): readonly FaultView[] {
    return this.#book.views()
  }

  async #open(port: number): Promise<void> {
    const proxy = new FaultProxy({ upstream: { port: this.ccu.port }, host: this.#options.host, port })
    this.#book.strike(proxy)
    await proxy.start()
    this.#proxy = proxy
    this.#port = proxy.port
  }

  async #close(): Promise<void> {
    const proxy = this.#proxy
    this.#proxy = undefined
    await proxy?.stop()
  }

  /** A client must not find the proxy listening while the CCU behind it is down. */
  #follow(state: CcuState): void {
    if (state === 'down' || state === 'stopped') this.#opening = this.#opening.then(() => this.#close())
    else this.#opening = this.#opening.then(() => this.#reopen()).catch(this.#options.onError)
  }

  async #reopen(): Promise<void> {
    if (this.#proxy === undefined) await this.#open(this.#port)
  }

  #find(id: string): PlayedDevice | undefined {
    return this.ccu.device(id)
  }

  #device(id: string): PlayedDevice {
    const device = this.#find(id)
    if (device === undefined) throw new ApiProblem('FAKE_UNKNOWN_DEVICE', `there is no device ${id}`)
    return device
  }

  #check(report: CcuReport, path: string): void {
    try {
      this.ccu.check(report)
    } catch (error) {
      if (!(error instanceof CcuFault)) throw error
      const code =
        error.faultCode === -9 ? 'FAKE_VALUE_RANGE' : error.faultCode === -5 ? 'FAKE_VALUE_TYPE' : 'FAKE_BAD_REQUEST'
      throw new ApiProblem(code, error.faultString, path)
    }
  }

  #publish(event: CcuEvent): void {
    const { events } = this.#options
    switch (event.type) {
      case 'value':
        return this.#publishValue(event.change)
      case 'call':
        return events.append('call', { ...event.call, params: event.call.params.map(shorten) })
      case 'answer':
        return events.append('answer', shortenAnswer(event.answer))
      case 'registrations':
        return events.append('registrations', { registrations: event.registrations })
      case 'devices':
        return events.append('devices', {})
      case 'quirks':
        return events.append('quirks', { profile: event.profile, quirks: event.quirks })
      case 'power':
        this.#follow(event.state)
        return events.append('power', { state: event.state })
    }
  }

  #publishValue({ address, parameter, value, source }: Extract<CcuEvent, { type: 'value' }>['change']): void {
    const found = this.ccu.paramset(address, 'VALUES').parameter(parameter)
    this.#options.events.append('state', {
      device: address.split(':')[0] ?? address,
      key: propertyKey(address, parameter),
      value: toPropertyValue(found, value),
      source,
    })
  }
}

type Answer = Extract<CcuEvent, { type: 'answer' }>['answer']

function shortenAnswer(answer: Answer): Answer {
  const { outcome } = answer
  return outcome.kind === 'answered'
    ? { ...answer, outcome: { kind: 'answered', value: shorten(outcome.value) } }
    : answer
}
