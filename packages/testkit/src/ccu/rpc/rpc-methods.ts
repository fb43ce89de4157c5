import type { DeviceStore } from '../catalogue/device-store.ts'
import { checkValue } from '../catalogue/paramset.ts'
import { CCU_FAULTS, CcuFault } from '../ccu-fault.ts'
import type { Parameter, ParameterValue } from '../catalogue/parameter.ts'
import type { ParameterDescription } from '../catalogue/descriptions.ts'
import { typedValue, WireDouble } from '../wire/wire-value.ts'
import { asFault } from './rpc-http-server.ts'

/** What the methods need of their CCU. */
export interface RpcCore {
  readonly store: DeviceStore
  readonly version: string
  readonly interfaceAddress: string
  register(url: string, interfaceId: string): void
  unregister(url: string): void
  isRegistered(interfaceId: string): boolean
  /** Stores the value and reports it to everyone who is registered. */
  apply(address: string, parameter: Parameter, value: ParameterValue): void
  pong(token: string): void
  removeDevice(address: string): void
  /** Sees every call before it is answered, those within a multicall too; what it throws is the answer. */
  before(method: string, params: Params): void
  /** Sees every call with the fault that it was answered with, if any. */
  record(method: string, params: Params, fault?: CcuFault): void
}

type Params = readonly unknown[]
type Method = (params: Params) => unknown

/** Most calls in one multicall. */
const MAX_MULTICALL = 10_000
/** What the interface processes answer when there is nothing to tell. */
const NOTHING = ''

/** The methods by which clients of a CCU talk to one of its interface processes. */
export class RpcMethods {
  readonly #core: RpcCore
  readonly #methods: ReadonlyMap<string, Method>

  constructor(core: RpcCore) {
    this.#core = core
    this.#methods = new Map<string, Method>([
      ['clientServerInitialized', ([id]) => core.isRegistered(text(id))],
      ['deleteDevice', ([address]) => this.#deleteDevice(text(address))],
      ['getDeviceDescription', ([address]) => core.store.description(text(address))],
      ['getLinkPeers', ([address]) => this.#nothingFor(text(address))],
      ['getLinks', () => []],
      ['getParamset', ([address, key]) => this.#getParamset(text(address), text(key))],
      ['getParamsetDescription', ([address, key]) => this.#describeParamset(text(address), text(key))],
      ['getServiceMessages', () => this.#serviceMessages()],
      ['getValue', ([address, name]) => this.#getValue(text(address), text(name))],
      ['getVersion', () => core.version],
      ['init', ([url, id]) => this.#init(text(url), id === undefined ? '' : text(id))],
      [
        'listBidcosInterfaces',
        () => [{ ADDRESS: core.interfaceAddress, TYPE: 'CCU2', CONNECTED: true, DEFAULT: true }],
      ],
      ['listDevices', () => core.store.descriptions()],
      ['ping', ([token]) => this.#ping(text(token))],
      ['putParamset', ([address, key, values]) => this.#putParamset(text(address), text(key), values)],
      ['reportValueUsage', ([address]) => this.#reportValueUsage(text(address))],
      ['setValue', ([address, name, value]) => this.#setValue(text(address), text(name), value)],
      ['system.listMethods', () => this.names],
      ['system.methodHelp', ([name]) => (this.#methods.has(text(name)) ? `${text(name)} of the fake CCU` : NOTHING)],
      ['system.multicall', ([calls]) => this.#multicall(calls)],
      ['updateFirmware', ([address]) => this.#updateFirmware(text(address))],
    ])
  }

  get names(): readonly string[] {
    return [...this.#methods.keys()]
  }

  /** @throws CcuFault */
  call(method: string, params: Params): unknown {
    try {
      this.#core.before(method, params)
      const found = this.#methods.get(method)
      if (found === undefined) throw new CcuFault(CCU_FAULTS.general, `${method}: unknown method name`)
      const value = found(params)
      this.#core.record(method, params)
      return value
    } catch (error) {
      const fault = asFault(error)
      this.#core.record(method, params, fault)
      throw fault
    }
  }

  #init(url: string, interfaceId: string): string {
    if (interfaceId === '') this.#core.unregister(url)
    else this.#core.register(url, interfaceId)
    return NOTHING
  }

  #ping(token: string): boolean {
    this.#core.pong(token)
    return true
  }

  #getValue(address: string, name: string): unknown {
    const paramset = this.#core.store.paramset(address, 'VALUES')
    const parameter = paramset.parameter(name)
    if (!parameter.isReadable || parameter.type === 'ACTION') throw new CcuFault(CCU_FAULTS.notSupported, name)
    return typedValue(parameter.type, paramset.value(name))
  }

  #setValue(address: string, name: string, value: unknown): string {
    this.#put(address, 'VALUES', [[name, value]])
    return NOTHING
  }

  #getParamset(address: string, key: string): Readonly<Record<string, unknown>> {
    const paramset = this.#core.store.paramset(address, key)
    const values = Object.entries(paramset.readable())
    return Object.fromEntries(values.map(([name, value]) => [name, typedValue(paramset.parameter(name).type, value)]))
  }

  #putParamset(address: string, key: string, values: unknown): string {
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      throw new CcuFault(CCU_FAULTS.unknownParameter, 'a struct of values is expected')
    }
    this.#put(address, key, Object.entries(values))
    return NOTHING
  }

  /** All or nothing: everything is checked before anything changes. */
  #put(address: string, key: string, values: readonly (readonly [name: string, value: unknown])[]): void {
    const paramset = this.#core.store.paramset(address, key)
    const checked = values.map(([name, value]) => {
      const parameter = paramset.parameter(name)
      if (!parameter.isWritable) throw new CcuFault(CCU_FAULTS.notSupported, `${name} cannot be set`)
      return [parameter, checkValue(parameter, value)] as const
    })
    this.#checkReachable(address)
    for (const [parameter, value] of checked) {
      if (key === 'VALUES') this.#core.apply(address, parameter, value)
      else paramset.store(parameter.name, value)
    }
  }

  #checkReachable(address: string): void {
    const device = address.split(':')[0] ?? ''
    const isUnreachable = this.#core.store.paramset(`${device}:0`, 'VALUES').value('UNREACH') === true
    if (isUnreachable) throw new CcuFault(CCU_FAULTS.general, `${device} is unreachable`)
  }

  #describeParamset(address: string, key: string): unknown {
    const described = Object.entries(this.#core.store.paramset(address, key).describe())
    return Object.fromEntries(described.map(([name, description]) => [name, withDoubles(description)]))
  }

  #reportValueUsage(address: string): boolean {
    this.#core.store.description(address)
    return true
  }

  #nothingFor(address: string): readonly never[] {
    this.#core.store.description(address)
    return []
  }

  #serviceMessages(): readonly unknown[] {
    const maintenance = this.#core.store.devices.map(({ address }) => `${address}:0`)
    return maintenance.flatMap((address) => {
      const paramset = this.#core.store.paramset(address, 'VALUES')
      const raised = paramset.parameters.filter(({ isService, name }) => isService && paramset.value(name) === true)
      return raised.map(({ name }) => [address, name, true])
    })
  }

  #deleteDevice(address: string): string {
    this.#core.removeDevice(address)
    return NOTHING
  }

  #updateFirmware(address: string): never {
    if (this.#core.store.description(address).PARENT !== '') throw new CcuFault(CCU_FAULTS.addressExpected, address)
    throw new CcuFault(CCU_FAULTS.updateNotPossible, `${address} has the newest firmware`)
  }

  #multicall(calls: unknown): readonly unknown[] {
    if (!Array.isArray(calls) || calls.length > MAX_MULTICALL) {
      throw new CcuFault(CCU_FAULTS.general, `system.multicall takes a list of at most ${MAX_MULTICALL} calls`)
    }
    return calls.map((call: unknown) => this.#callWithin(call))
  }

  #callWithin(call: unknown): unknown {
    try {
      const { methodName, params } = (call ?? {}) as Readonly<Record<string, unknown>>
      const method = text(methodName)
      if (method === 'system.multicall') throw new CcuFault(CCU_FAULTS.general, 'a multicall within a multicall')
      return [this.call(method, Array.isArray(params) ? params : [])]
    } catch (error) {
      const { faultCode, faultString } = asFault(error)
      return { faultCode, faultString }
    }
  }
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new CcuFault(CCU_FAULTS.general, `a string is expected, not ${value === undefined ? 'nothing' : typeof value}`)
}

function withDoubles(description: ParameterDescription): unknown {
  if (description.TYPE !== 'FLOAT') return description
  const { DEFAULT, MIN, MAX } = description
  return { ...description, DEFAULT: asDouble(DEFAULT), MIN: asDouble(MIN), MAX: asDouble(MAX) }
}

function asDouble(value: ParameterValue): WireDouble {
  return new WireDouble(Number(value))
}
