import { checkText, OptionError } from '@x/loop-utils/errors'
import { CCU_FAULTS, CcuFault } from '../ccu-fault.ts'
import { findDeviceType } from './catalogue.ts'
import { linkParameters } from './channel-link.ts'
import type { DeviceSpec } from './default-fleet.ts'
import { channelType, channelTypesOf, describe, type DeviceDescription } from './descriptions.ts'
import { DEVICE_TYPES, type DeviceType } from './device-types.ts'
import type { Parameter } from './parameter.ts'
import { Paramset } from './paramset.ts'

/** The most devices that one fake CCU plays. */
export const MAX_DEVICES = 5000

/** A device with its channels. */
export interface PlayedDevice {
  readonly address: string
  readonly name: string
  readonly type: DeviceType
}

interface Entry {
  readonly device: PlayedDevice
  firmware: string
  availableFirmware: string
  /** By the address within the device and the key; made when first asked for. */
  readonly paramsets: Map<string, Paramset>
}

interface Place {
  readonly entry: Entry
  /** Undefined for the device itself. */
  readonly channel: number | undefined
}

/** The devices that a fake CCU plays, their descriptions and their values. */
export class DeviceStore {
  readonly #interfaceAddress: string
  #entries = new Map<string, Entry>()

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
    const found = findDeviceType(type)
    if (found === undefined) {
      const names = [...DEVICE_TYPES.keys()].join(', ')
      throw new OptionError(`${option}.type`, type, `one of ${names}, or another type of the catalogue`)
    }
    this.#checkFree(address, `${option}.address`)
    if (this.#entries.size >= MAX_DEVICES) throw new OptionError(option, address, `at most ${MAX_DEVICES} devices`)
    const device = { address, name: spec.name ?? found.label, type: found }
    const { firmware } = found
    const entry: Entry = { device, firmware, availableFirmware: firmware, paramsets: new Map() }
    this.#entries.set(address, entry)
    return this.#describeAll(entry)
  }

  /** Removes a device; returns its address and those of its channels. @throws CcuFault −2, or −4 for a channel */
  remove(address: string): readonly string[] {
    const entry = this.#deviceEntry(address)
    this.#entries.delete(address)
    return this.#describeAll(entry).map(({ ADDRESS }) => ADDRESS)
  }

  /** Puts a device of another address in the place of one, with its values. @throws CcuFault −2 or −4; OptionError */
  replace(address: string, newAddress: string): void {
    const { device, ...rest } = this.#deviceEntry(address)
    this.#checkFree(newAddress, 'newAddress')
    this.#entries.delete(address)
    this.#entries.set(newAddress, { ...rest, device: { ...device, address: newAddress } })
  }

  /** Takes the devices of another store in place of its own. */
  takeOver(other: DeviceStore): void {
    this.#entries = other.#entries
  }

  /** Offers a firmware for a device. @throws CcuFault −2 or −4; OptionError */
  offerFirmware(address: string, version: string): void {
    this.#deviceEntry(address).availableFirmware = checkText('version', version)
  }

  /** Installs what is offered; false when that is what it has. @throws CcuFault −2 or −4 */
  installFirmware(address: string): boolean {
    const entry = this.#deviceEntry(address)
    const isNew = entry.firmware !== entry.availableFirmware
    entry.firmware = entry.availableFirmware
    return isNew
  }

  get devices(): readonly PlayedDevice[] {
    return [...this.#entries.values()].map(({ device }) => device)
  }

  /** Undefined when there is no device of that address. */
  device(address: string): PlayedDevice | undefined {
    return this.#entries.get(address)?.device
  }

  /** All descriptions, each device before its channels. */
  descriptions(): readonly DeviceDescription[] {
    return [...this.#entries.values()].flatMap((entry) => this.#describeAll(entry))
  }

  /** @throws CcuFault −2 */
  description(address: string): DeviceDescription {
    const { entry, channel } = this.#place(address)
    return describe({ ...entry, ...entry.device, interfaceAddress: this.#interfaceAddress }, channel)
  }

  /** The types of the channel's parameters; undefined for a device. @throws CcuFault −2 */
  channelName(address: string): string | undefined {
    const { entry, channel } = this.#place(address)
    return channel === undefined ? undefined : channelTypesOf(entry.device.type)[channel]
  }

  /** @throws CcuFault −2 for an unknown address, −3 for a paramset that it does not have */
  paramset(address: string, key: string): Paramset {
    const { entry, channel } = this.#place(address)
    const place = `${channel ?? ''}#${key}`
    const found = entry.paramsets.get(place)
    if (found !== undefined) return found
    const parameters = parametersOf(entry.device.type, channel, key)
    if (parameters === undefined) throw new CcuFault(CCU_FAULTS.unknownParamset, `${address} has no ${key}`)
    const made = new Paramset(parameters)
    entry.paramsets.set(place, made)
    return made
  }

  /** The devices whose maintenance channel has been asked for or has changed; nothing has happened to the others. */
  touchedMaintenance(): readonly (readonly [address: string, paramset: Paramset])[] {
    return [...this.#entries.values()].flatMap(({ device, paramsets }) => {
      const paramset = paramsets.get('0#VALUES')
      return paramset === undefined ? [] : [[`${device.address}:0`, paramset] as const]
    })
  }

  #describeAll(entry: Entry): readonly DeviceDescription[] {
    const described = { ...entry, ...entry.device, interfaceAddress: this.#interfaceAddress }
    const channels = channelTypesOf(entry.device.type).map((_type, channel) => describe(described, channel))
    return [describe(described), ...channels]
  }

  #checkFree(address: unknown, option: string): void {
    if (typeof address !== 'string' || !/^[A-Z0-9]{7,14}$/.test(address)) {
      throw new OptionError(option, address, 'a serial number of 7 to 14 capital letters and digits')
    }
    if (this.#entries.has(address)) throw new OptionError(option, address, 'an address that is not taken')
  }

  #deviceEntry(address: string): Entry {
    const { entry, channel } = this.#place(address)
    if (channel !== undefined) throw new CcuFault(CCU_FAULTS.addressExpected, address)
    return entry
  }

  #place(address: string): Place {
    const { device = '', channel } = /^(?<device>[^:]*)(?::(?<channel>0|[1-9]\d{0,2}))?$/.exec(address)?.groups ?? {}
    const entry = this.#entries.get(device)
    const index = channel === undefined ? undefined : Number(channel)
    if (entry === undefined || (index !== undefined && index > entry.device.type.channels.length)) {
      throw new CcuFault(CCU_FAULTS.unknownDevice, address)
    }
    return { entry, channel: index }
  }
}

const NONE: readonly Parameter[] = []
/** A device's own MASTER holds nothing. */
function parametersOf(type: DeviceType, channel: number | undefined, key: string): readonly Parameter[] | undefined {
  if (channel === undefined) return key === 'MASTER' ? NONE : undefined
  const found = channelType(channelTypesOf(type)[channel] ?? '')
  if (key === 'MASTER') return found.master
  if (key === 'VALUES') return found.values
  return key === 'LINK' && found.direction !== 'none' ? linkParameters(found) : undefined
}
