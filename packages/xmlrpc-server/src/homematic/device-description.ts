import { OptionError } from '@x/loop-utils/errors'
import { FAULT_CODE, XmlRpcFault } from '../codec/fault.ts'
import { emptyStruct, isStruct, type XmlRpcInput, type XmlRpcStruct, type XmlRpcValue } from '../codec/value.ts'

/**
 * What a CCU tells about a device or a channel of one. `CHILDREN` and `PARAMSETS` are always arrays here, though some
 * interfaces send an empty string for an empty list.
 */
export interface DeviceDescription extends XmlRpcStruct {
  ADDRESS: string
  CHILDREN: string[]
  PARAMSETS: string[]
}

/** What `listDevices` may answer for a device: any struct with an address, such as a description as it came. */
export type KnownDevice = { readonly ADDRESS: string } & { readonly [member: string]: XmlRpcInput | undefined }

const LISTS = ['CHILDREN', 'PARAMSETS'] as const

/**
 * Reads the descriptions of `newDevices`.
 *
 * @throws XmlRpcFault −32602 when one is no struct with an ADDRESS
 */
export function readDescriptions(value: XmlRpcValue): DeviceDescription[] {
  if (!Array.isArray(value)) throw new XmlRpcFault(FAULT_CODE.invalidParams, 'device descriptions are an array')
  return value.map((item, index) => {
    if (!isStruct(item) || typeof item['ADDRESS'] !== 'string') {
      throw new XmlRpcFault(FAULT_CODE.invalidParams, `device description ${index} is no struct with an ADDRESS`)
    }
    return withLists(item) as DeviceDescription
  })
}

/**
 * Checks what is said to be known devices.
 *
 * @throws OptionError naming the device that has no address
 */
export function checkKnownDevices(devices: readonly KnownDevice[]): readonly KnownDevice[] {
  if (!Array.isArray(devices)) throw new OptionError('devices', devices, 'an array of devices')
  for (const [index, device] of (devices as readonly unknown[]).entries()) {
    const isDevice = typeof device === 'object' && device !== null && !Array.isArray(device)
    if (isDevice && typeof (device as Partial<KnownDevice>).ADDRESS === 'string') continue
    throw new OptionError(`devices[${index}]`, device, 'an object with an ADDRESS, which is a string')
  }
  return devices
}

/** Devices as `listDevices` sends them: what should be a list is one, or else the CCU's Java side gives up. */
export function writeKnownDevices(devices: readonly KnownDevice[]): XmlRpcInput {
  return devices.map((device) => {
    const wrong = LISTS.filter((name) => device[name] !== undefined && !Array.isArray(device[name]))
    return wrong.length === 0 ? device : { ...device, ...Object.fromEntries(wrong.map((name) => [name, []])) }
  })
}

function withLists(description: XmlRpcStruct): XmlRpcStruct {
  if (LISTS.every((name) => isTextList(description[name]))) return description
  const copy = Object.assign(emptyStruct(), description)
  for (const name of LISTS) {
    const list = copy[name]
    copy[name] = Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []
  }
  return copy
}

function isTextList(value: XmlRpcValue | undefined): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
