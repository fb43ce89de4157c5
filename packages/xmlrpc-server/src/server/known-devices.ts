import { checkText, OptionError } from '@x/loop-utils/errors'
import { encodeMethodResponse } from '../codec/encode.ts'
import { type Crossing, toCrossing } from '../engine/crossing.ts'
import { checkKnownDevices, type KnownDevice, writeKnownDevices } from '../homematic/device-description.ts'
import { MAX_INTERFACE_ID } from '../homematic/interface-id.ts'
import type { ServerSettings } from './server-options.ts'

/**
 * Makes the answer to `listDevices` of the devices that are known, as an engine takes it.
 *
 * @throws OptionError when one of them is no device, or has a member that the dialect has no form for
 */
export function knownDevices(
  devices: readonly KnownDevice[],
  { dialect, emptyString }: Pick<ServerSettings, 'dialect' | 'emptyString'>,
): Crossing {
  const list = writeKnownDevices(checkKnownDevices(devices))
  try {
    encodeMethodResponse(list, { dialect, emptyString })
    return toCrossing(list)
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw new OptionError('devices', devices, `values that the answer has a form for (${problem})`)
  }
}

/** @throws OptionError when it cannot be the id of an interface */
export function checkInterfaceId(interfaceId: string): string {
  return checkText('interfaceId', interfaceId, { minLength: 0, maxLength: MAX_INTERFACE_ID })
}
