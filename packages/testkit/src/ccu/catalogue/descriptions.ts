import { hash, isIpType } from './catalogue.ts'
import type { ChannelDirection, ChannelType } from './channel-type.ts'
import { CHANNEL_TYPES } from './channel-types.ts'
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
const MAINTENANCE = 'MAINTENANCE'
const VISIBLE = 1
const INTERNAL = 2
const SERVICE = 8

/** A device as far as it is described. */
export interface DescribedDevice {
  readonly address: string
  readonly type: DeviceType
  readonly firmware: string
  /** The newest firmware that is offered for it. */
  readonly availableFirmware: string
  readonly interfaceAddress: string
}

/** Describes a device, or one of its channels when `channel` is given. */
export function describe(device: DescribedDevice, channel?: number): DeviceDescription {
  const described = channel === undefined ? describeDevice(device) : describeChannel(device, channel)
  return isIpType(device.type.type) ? { ...EVERY_MEMBER, ...described } : described
}

/** The types of a device's channels, MAINTENANCE first. */
export function channelTypesOf({ channels }: DeviceType): readonly string[] {
  return [MAINTENANCE, ...channels]
}

/** The IP interface describes devices and channels with the same members, empty where they have no meaning. */
const EVERY_MEMBER = {
  RF_ADDRESS: 0,
  AES_ACTIVE: 0,
  DIRECTION: 0,
  INDEX: 0,
  FIRMWARE: '',
  AVAILABLE_FIRMWARE: '',
  UPDATABLE: false,
  INTERFACE: '',
  GROUP: '',
  TEAM: '',
  TEAM_TAG: '',
  TEAM_CHANNELS: [],
  LINK_SOURCE_ROLES: '',
  LINK_TARGET_ROLES: '',
  ROAMING: 0,
  RX_MODE: 0,
} as const

function describeDevice({ address, type, firmware, availableFirmware, ...device }: DescribedDevice): DeviceDescription {
  return {
    TYPE: type.type,
    ADDRESS: address,
    PARENT: '',
    PARENT_TYPE: '',
    CHILDREN: channelTypesOf(type).map((_type, index) => `${address}:${index}`),
    PARAMSETS: ['MASTER'],
    VERSION: type.version,
    FLAGS: VISIBLE,
    FIRMWARE: firmware,
    AVAILABLE_FIRMWARE: availableFirmware,
    UPDATABLE: firmware !== availableFirmware,
    INTERFACE: device.interfaceAddress,
    RF_ADDRESS: hash(address),
    ROAMING: 0,
    RX_MODE: type.rxMode,
  }
}

function describeChannel({ address, type }: DescribedDevice, index: number): DeviceDescription {
  const name = index === 0 ? MAINTENANCE : (type.channels[index - 1] ?? '')
  const channel = channelType(name)
  const isLinkable = channel.direction !== 'none'
  return {
    TYPE: name,
    ADDRESS: `${address}:${index}`,
    PARENT: address,
    PARENT_TYPE: type.type,
    CHILDREN: [],
    PARAMSETS: isLinkable ? ['LINK', 'MASTER', 'VALUES'] : ['MASTER', 'VALUES'],
    VERSION: type.version,
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
