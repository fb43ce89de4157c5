import { CCU_FAULTS, CcuFault } from '../ccu-fault.ts'
import { LinkMethods } from './link-methods.ts'
import { ParamsetMethods } from './paramset-methods.ts'
import { NOTHING, optionalText, text, type Params } from './rpc-arguments.ts'
import type { RpcCore } from './rpc-core.ts'
import { asFault } from './rpc-http-server.ts'

type Method = (params: Params) => unknown

/** Most calls in one multicall. */
const MAX_MULTICALL = 10_000
/** A device's firmware has changed, as `updateDevice` tells it. */
const FIRMWARE_CHANGED = 0

/** The methods by which clients of a CCU talk to one of its interface processes. */
export class RpcMethods {
  readonly #core: RpcCore
  readonly #methods: ReadonlyMap<string, Method>

  constructor(core: RpcCore) {
    this.#core = core
    const links = new LinkMethods(core)
    const paramsets = new ParamsetMethods(core)
    this.#methods = new Map<string, Method>([
      ['addLink', (params) => links.addLink(params)],
      ['clientServerInitialized', ([id]) => core.isRegistered(text(id))],
      ['deleteDevice', ([address]) => this.#deleteDevice(text(address))],
      ['getDeviceDescription', ([address]) => this.#describe(text(address))],
      ['getLinkInfo', (params) => links.getLinkInfo(params)],
      ['getLinkPeers', (params) => links.getLinkPeers(params)],
      ['getLinks', (params) => links.getLinks(params)],
      ['getParamset', (params) => paramsets.getParamset(params)],
      ['getParamsetDescription', (params) => paramsets.describeParamset(params)],
      ['getServiceMessages', () => this.#serviceMessages()],
      ['getValue', (params) => paramsets.getValue(params)],
      ['getVersion', () => core.version],
      ['init', ([url, id]) => this.#init(text(url), optionalText(id))],
      ['listBidcosInterfaces', () => this.#interfaces()],
      ['listDevices', () => core.store.descriptions().map((description) => core.present(description))],
      ['ping', ([token]) => this.#ping(text(token))],
      ['putParamset', (params) => paramsets.putParamset(params)],
      ['removeLink', (params) => links.removeLink(params)],
      ['replaceDevice', ([address, by]) => this.#replaceDevice(text(address), text(by))],
      ['reportValueUsage', ([address]) => this.#reportValueUsage(text(address))],
      ['setLinkInfo', (params) => links.setLinkInfo(params)],
      ['setValue', (params) => paramsets.setValue(params)],
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

  #reportValueUsage(address: string): boolean {
    this.#core.store.description(address)
    return true
  }

  #serviceMessages(): readonly unknown[] {
    return this.#core.store.touchedMaintenance().flatMap(([address, paramset]) => {
      const raised = paramset.parameters.filter(({ isService, name }) => isService && paramset.value(name) === true)
      return raised.map(({ name }) => [address, name, true])
    })
  }

  #interfaces(): readonly unknown[] {
    const { interfaceAddress, radio } = this.#core
    const state = { CONNECTED: true, DEFAULT: true, DUTY_CYCLE: Math.round(radio.dutyCycle) }
    return [{ ADDRESS: interfaceAddress, TYPE: 'CCU2', ...state }]
  }

  #describe(address: string): unknown {
    return this.#core.present(this.#core.store.description(address))
  }

  #replaceDevice(address: string, newAddress: string): boolean {
    this.#core.replaceDevice(address, newAddress)
    return true
  }

  #deleteDevice(address: string): string {
    this.#core.removeDevice(address)
    return NOTHING
  }

  #updateFirmware(address: string): boolean {
    if (!this.#core.store.installFirmware(address)) {
      throw new CcuFault(CCU_FAULTS.updateNotPossible, `${address} has the newest firmware`)
    }
    this.#core.updateDevice(address, FIRMWARE_CHANGED)
    return true
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
