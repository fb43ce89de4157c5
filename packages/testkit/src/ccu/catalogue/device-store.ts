import { OptionError } from '@x/loop-utils/errors'
import { CCU_FAULTS, CcuFault } from '../ccu-fault.ts'
import type { DeviceSpec } from './default-fleet.ts'
import { channelType, describeDevice, type DeviceDescription } from './descriptions.ts'
import { DEVICE_TYPES, type DeviceType } from './device-types.ts'
import { Paramset } from './paramset.ts'

/** The most devices that one fake CCU plays. */
export const MAX_DEVICES = 5000

interface Entry {
  readonly description: DeviceDescription
  readonly paramsets: ReadonlyMap<string, Paramset>
}

/** A device with its channels. */
export interface PlayedDevice {
  readonly address: string
  readonly name: string
  readonly type: DeviceType
}

/** The devices that a fake CCU plays, their descriptions and their values. */
export class DeviceStore {
  readonly #interfaceAddress: string
  readonly #devices = new Map<string, PlayedDevice>()
  readonly #entries = new Map<string, Entry>()

  constructor(interfaceAddress: string, devices: readonly DeviceSpec[]) {
    this.#interfaceAddress = interfaceAddress
    devices.forEach((spec, index) => this.add(spec, `devices.${index}`))
  }

  /**
   * Adds a device; returns its descriptions.
   *
   * @throws OptionError for an unknown type, an address that is taken or malformed, or too many devices
   */
  add(spec: DeviceSpec, option = 'device'): readonly DeviceDescription[] {
    const { type, address } = spec
    const found = DEVICE_TYPES.get(type)
    if (found === undefined)
      throw new OptionError(`${option}.type`, type, `one of ${[...DEVICE_TYPES.keys()].join(', ')}`)
    if (typeof address !== 'string' || !/^[A-Z0-9]{7,14}$/.test(address)) {
      throw new OptionError(`${option}.address`, address, 'a serial number of 7 to 14 capital letters and digits')
    }
    if (this.#devices.has(address)) throw new OptionError(`${option}.address`, address, 'an address that is not taken')
    if (this.#devices.size >= MAX_DEVICES) throw new OptionError(option, address, `at most ${MAX_DEVICES} devices`)
    const descriptions = describeDevice(found, address, this.#interfaceAddress)
    for (const description of descriptions) {
      this.#entries.set(description.ADDRESS, { description, paramsets: makeParamsets(description) })
    }
    this.#devices.set(address, { address, name: spec.name ?? found.label, type: found })
    return descriptions
  }

  /** Removes a device; returns its address and those of its channels. @throws CcuFault −2, or −4 for a channel */
  remove(address: string): readonly string[] {
    const { description } = this.#entry(address)
    if (!this.#devices.delete(address)) throw new CcuFault(CCU_FAULTS.addressExpected, address)
    const addresses = [address, ...description.CHILDREN]
    for (const each of addresses) this.#entries.delete(each)
    return addresses
  }

  get devices(): readonly PlayedDevice[] {
    return [...this.#devices.values()]
  }

  /** Undefined when there is no device of that address. */
  device(address: string): PlayedDevice | undefined {
    return this.#devices.get(address)
  }

  /** All descriptions, each device before its channels. */
  descriptions(): readonly DeviceDescription[] {
    return [...this.#entries.values()].map(({ description }) => description)
  }

  /** @throws CcuFault −2 */
  description(address: string): DeviceDescription {
    return this.#entry(address).description
  }

  /** @throws CcuFault −2 for an unknown address, −3 for a paramset that it does not have */
  paramset(address: string, key: string): Paramset {
    const paramset = this.#entry(address).paramsets.get(key)
    if (paramset === undefined) throw new CcuFault(CCU_FAULTS.unknownParamset, `${address} has no ${key}`)
    return paramset
  }

  #entry(address: string): Entry {
    const entry = this.#entries.get(address)
    if (entry === undefined) throw new CcuFault(CCU_FAULTS.unknownDevice, address)
    return entry
  }
}

function makeParamsets(description: DeviceDescription): ReadonlyMap<string, Paramset> {
  const type = description.PARENT === '' ? undefined : channelType(description.TYPE)
  const stored: Readonly<Record<string, Paramset>> = {
    MASTER: new Paramset(type?.master ?? []),
    VALUES: new Paramset(type?.values ?? []),
    LINK: new Paramset([]),
  }
  return new Map(Object.entries(stored).filter(([key]) => description.PARAMSETS.includes(key)))
}
