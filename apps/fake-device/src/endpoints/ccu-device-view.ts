import type { FakeCcu, Parameter, ParameterValue, PlayedDevice } from '@x/testkit/ccu'
import type { DeviceView, PropertyValue, PropertyView } from '@x/testkit/control'
import { ApiProblem } from '../api/problem.ts'

const TYPES: { readonly [T in Parameter['type']]: PropertyView['type'] } = {
  BOOL: 'boolean',
  INTEGER: 'integer',
  FLOAT: 'number',
  STRING: 'string',
  ENUM: 'enum',
  ACTION: 'action',
}

/** A parameter of a channel, found by a property's key. */
export interface FoundParameter {
  /** The channel's address. */
  readonly address: string
  readonly parameter: Parameter
}

/** Shows a device of the fake CCU with all its properties. */
export function viewDevice(ccu: FakeCcu, device: PlayedDevice, endpoint: string): DeviceView {
  const { address, name, type } = device
  const properties = channelsOf(device).flatMap((channel, index) => {
    const paramset = ccu.paramset(channel, 'VALUES')
    return paramset.parameters.map((parameter) => viewProperty(parameter, index, paramset.value(parameter.name)))
  })
  return { id: address, endpoint, type: type.type, label: type.label, name, properties }
}

/** Undefined when the device has no property of that key. */
export function findParameter(ccu: FakeCcu, device: PlayedDevice, key: string): FoundParameter | undefined {
  const { channel = '', name = '' } = /^(?<channel>\d{1,3})\.(?<name>.+)$/.exec(key)?.groups ?? {}
  const address = `${device.address}:${channel}`
  if (!channelsOf(device).includes(address)) return undefined
  const parameter = ccu.paramset(address, 'VALUES').parameters.find((each) => each.name === name)
  return parameter === undefined ? undefined : { address, parameter }
}

/** The key of a channel's parameter. */
export function propertyKey(address: string, parameter: string): string {
  return `${address.split(':')[1] ?? '0'}.${parameter}`
}

/** What a parameter's value is called in the control API: an ENUM goes by the names of its list. */
export function toPropertyValue({ names }: Parameter, value: ParameterValue): PropertyValue {
  return typeof value === 'number' && names.length > 0 ? (names[value] ?? value) : value
}

/** @throws ApiProblem for a name that an ENUM does not have */
export function toParameterValue({ type, names }: Parameter, value: PropertyValue, path: string): ParameterValue {
  if (type !== 'ENUM') return value
  if (typeof value !== 'string')
    throw new ApiProblem('FAKE_VALUE_TYPE', `give one of the names ${names.join(', ')}`, path)
  const index = names.indexOf(value)
  if (index === -1) throw new ApiProblem('FAKE_VALUE_RANGE', `'${value}' is none of ${names.join(', ')}`, path)
  return index
}

function channelsOf({ address, type }: PlayedDevice): readonly string[] {
  return ['MAINTENANCE', ...type.channels].map((_type, index) => `${address}:${index}`)
}

function viewProperty(parameter: Parameter, channel: number, value: ParameterValue): PropertyView {
  const { type, name, min, max, unit, names, isWritable, isService } = parameter
  const isNumeric = type === 'INTEGER' || type === 'FLOAT'
  return {
    key: `${channel}.${name}`,
    type: TYPES[type],
    ...(type === 'ACTION' ? {} : { value: toPropertyValue(parameter, value) }),
    ...(isNumeric ? { min: Number(min), max: Number(max) } : {}),
    ...(unit === '' ? {} : { unit }),
    ...(names.length === 0 ? {} : { options: names }),
    isWritable,
    isService,
  }
}
