import { checkInteger, OptionError } from '@x/loop-utils/errors'
import { catalogueFleet } from './catalogue.ts'
import { DEFAULT_FLEET, type DeviceSpec } from './default-fleet.ts'

/** A fleet by its name: ten devices of a small household, or one of every type in the catalogue. */
export type FleetName = 'household' | 'catalogue'

/** The fleets that can be had by name. */
export const FLEETS: readonly FleetName[] = ['household', 'catalogue']

/** The devices of a fleet; `seed` decides the serial numbers of the catalogue. @throws OptionError */
export function fleetDevices(fleet: FleetName | readonly DeviceSpec[], seed = 1): readonly DeviceSpec[] {
  checkInteger('seed', seed)
  if (fleet === 'household') return DEFAULT_FLEET
  if (fleet === 'catalogue') return catalogueFleet(seed)
  if (Array.isArray(fleet)) return fleet as readonly DeviceSpec[]
  throw new OptionError('devices', fleet, `a list of devices, or one of ${FLEETS.join(', ')}`)
}
