import { CHANNEL_TYPES, type ChannelDirection, type ChannelType } from './channel-types.ts'
import type { DeviceType } from './device-types.ts'
import type { Parameter, ParameterValue } from './parameter.ts'

/** A device or channel as `listDevices` and `newDevices` describe it. CHILDREN and PARAMSETS are always lists. */
export interface DeviceDescription {
  readonly TYPE: string
  readonly ADDRESS: string
  readonly PARENT: string
  readonly CHILDREN: readonly string[]
  readonly PARAMSETS: readonly string[]
  readonly VERSION: number
  readonly FLAGS: number
  readonly [member: string]: string | number | boolean | readonly string[]
}

/** A parameter as `getParamsetDescription` describes it. */
export interface ParameterDescription {
  readonly TYPE: Parameter['type']
  readonly OPERATIONS: number
  readonly FLAGS: number
  readonly DEFAULT: ParameterValue
  readonly MIN: ParameterValue
  readonly MAX: ParameterValue
  readonly UNIT: string
  readonly ID: string
  readonly TAB_ORDER: number
  readonly CONTROL: string
  readonly VALUE_LIST?: readonly string[]
}

const DIRECTIONS: { readonly [D in ChannelDirection]: number } = { none: 0, sender: 1, receiver: 2 }
const VISIBLE = 1
const INTERNAL = 2
const SERVICE = 8

/** The descriptions of a device and all its channels, the device first. */
export function describeDevice(
  device: DeviceType,
  address: string,
  interfaceAddress: string,
): readonly DeviceDescription[] {
  const channels = ['MAINTENANCE', ...device.channels]
  const described: DeviceDescription = {
    TYPE: device.type,
    ADDRESS: address,
    PARENT: '',
    PARENT_TYPE: '',
    CHILDREN: channels.map((_type, index) => `${address}:${index}`),
    PARAMSETS: ['MASTER'],
    VERSION: device.version,
    FLAGS: VISIBLE,
    FIRMWARE: device.firmware,
    AVAILABLE_FIRMWARE: device.firmware,
    UPDATABLE: false,
    INTERFACE: interfaceAddress,
    RF_ADDRESS: radioAddress(address),
    ROAMING: 0,
    RX_MODE: device.rxMode,
  }
  return [described, ...channels.map((type, index) => describeChannel(device, { address, type, index }))]
}

interface ChannelPlace {
  readonly address: string
  readonly type: string
  readonly index: number
}

function describeChannel(device: DeviceType, { address, type, index }: ChannelPlace): DeviceDescription {
  const channel = channelType(type)
  const isLinkable = channel.direction !== 'none'
  return {
    TYPE: type,
    ADDRESS: `${address}:${index}`,
    PARENT: address,
    PARENT_TYPE: device.type,
    CHILDREN: [],
    PARAMSETS: isLinkable ? ['LINK', 'MASTER', 'VALUES'] : ['MASTER', 'VALUES'],
    VERSION: device.version,
    FLAGS: index === 0 ? VISIBLE | INTERNAL : VISIBLE,
    INDEX: index,
    AES_ACTIVE: 0,
    DIRECTION: DIRECTIONS[channel.direction],
    LINK_SOURCE_ROLES: channel.sourceRoles ?? '',
    LINK_TARGET_ROLES: channel.targetRoles ?? '',
  }
}

/** The channel type of that name; the catalogue has every one that its devices name. */
export function channelType(type: string): ChannelType {
  const channel = CHANNEL_TYPES[type]
  if (channel === undefined) throw new Error(`the catalogue has no channel type ${type}`)
  return channel
}

/** Describes a parameter at its position in the paramset. */
export function describeParameter(parameter: Parameter, position: number): ParameterDescription {
  const { isReadable, isWritable, isReported, names } = parameter
  return {
    TYPE: parameter.type,
    OPERATIONS: (isReadable ? 1 : 0) + (isWritable ? 2 : 0) + (isReported ? 4 : 0),
    FLAGS: parameter.isService ? VISIBLE | SERVICE : VISIBLE,
    DEFAULT: parameter.initial,
    MIN: parameter.min,
    MAX: parameter.max,
    UNIT: parameter.unit,
    ID: parameter.name,
    TAB_ORDER: position,
    CONTROL: parameter.control,
    ...(names.length === 0 ? {} : { VALUE_LIST: names }),
  }
}

/** A stable 24-bit number made of the serial number, as a device's radio address is. */
function radioAddress(address: string): number {
  let hash = 0
  for (const character of address) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) & 0xff_ff_ff
  return hash
}
