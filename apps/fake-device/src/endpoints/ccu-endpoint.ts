import { OptionError } from '@x/loop-utils/errors'
import {
  CcuFault,
  FakeCcu,
  type CcuEvent,
  type CcuReport,
  type FakeCcuOptions,
  type PlayedDevice,
} from '@x/testkit/ccu'
import type { CcuView, DeviceSpec, DeviceState, DeviceView, FaultRequest, FaultView } from '@x/testkit/control'
import { FaultExistsError, FaultProxy, TooManyFaultsError, type Fault } from '@x/testkit/faults'
import { ApiProblem } from '../api/problem.ts'
import type { EventLog } from '../events/event-log.ts'
import { shorten } from '../events/shorten.ts'
import { findParameter, propertyKey, toParameterValue, toPropertyValue, viewDevice } from './ccu-device-view.ts'
import type { Endpoint } from './endpoint.ts'

/** Where the fake CCU is reached, and what it is like. */
export interface CcuEndpointOptions {
  readonly host: string
  /** Where its clients reach it. Default 0, a free port. */
  readonly port: number
  readonly events: EventLog
  readonly ccu?: FakeCcuOptions
}

/** The fake CCU behind a fault proxy, both for the control API. */
export class CcuEndpoint implements Endpoint {
  readonly name = 'ccu'
  readonly ccu: FakeCcu
  readonly #options: CcuEndpointOptions
  #proxy: FaultProxy | undefined
  #observer: Disposable | undefined

  /** @throws OptionError */
  constructor(options: CcuEndpointOptions) {
    this.#options = options
    // clients come through the proxy; the CCU itself is reached from this machine only
    this.ccu = new FakeCcu({ ...options.ccu, host: '127.0.0.1', port: 0 })
  }

  get url(): string {
    const { host, port } = this.#running
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  view(): CcuView {
    const { interfaceName } = this.ccu
    return { url: this.url, interfaceName, registrations: this.ccu.registrations(), totals: this.ccu.totals() }
  }

  async start(): Promise<void> {
    const { host, port } = this.#options
    await this.ccu.start()
    const proxy = new FaultProxy({ upstream: { port: this.ccu.port }, host, port })
    try {
      this.#proxy = await proxy.start()
    } catch (error) {
      await this.ccu.stop()
      throw error
    }
    this.#observer = this.ccu.observe((event) => this.#publish(event))
  }

  async stop(): Promise<void> {
    this.#observer?.[Symbol.dispose]()
    await this.#proxy?.stop()
    await this.ccu.stop()
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

  addFault(fault: FaultRequest): FaultView {
    try {
      return this.#view(this.#running.addFault(fault))
    } catch (error) {
      if (error instanceof FaultExistsError) throw new ApiProblem('FAKE_CONFLICT', error.message, 'name')
      if (error instanceof TooManyFaultsError) throw new ApiProblem('FAKE_BAD_REQUEST', error.message)
      throw fromOption(error)
    } finally {
      this.#publishFaults()
    }
  }

  removeFault(name: string): boolean {
    const isRemoved = this.#running.removeFault(name)
    if (isRemoved) this.#publishFaults()
    return isRemoved
  }

  clearFaults(): void {
    this.#running.clearFaults()
    this.ccu.clearFaults()
    this.#publishFaults()
  }

  faults(): readonly FaultView[] {
    return this.#running.faults().map((fault) => this.#view(fault))
  }

  get #running(): FaultProxy {
    if (this.#proxy === undefined) throw new Error('the endpoint was not started')
    return this.#proxy
  }

  #find(id: string): PlayedDevice | undefined {
    return this.ccu.devices().find(({ address }) => address === id)
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

  #view({ name, type, stream, toxicity, attributes }: Fault): FaultView {
    const finite = Object.entries(attributes).filter(([, value]) => Number.isFinite(value))
    return { endpoint: this.name, name, type, stream, toxicity, attributes: Object.fromEntries(finite) }
  }

  #publishFaults(): void {
    this.#options.events.append('faults', { faults: this.faults() })
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

/** A wrong option of the fake is a wrong member of the request's body. */
function fromOption(error: unknown): unknown {
  if (!(error instanceof OptionError)) return error
  return new ApiProblem('FAKE_BAD_REQUEST', error.message, error.option.replace(/^(fault|device|order)\./, ''))
}
