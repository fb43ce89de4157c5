import { seeded } from '@x/loop-utils/clock'
import { checkInteger } from '@x/loop-utils/errors'
import { expandLayout } from './channel-layout.ts'
import type { DeviceSpec } from './default-fleet.ts'
import { DEVICE_FAMILIES, type DeviceFamily } from './device-families.ts'
import { DEVICE_TYPES, type DeviceType } from './device-types.ts'

let made: ReadonlyMap<string, DeviceType> | undefined

/** Every type of device that a fake CCU can play, by name: several hundred. Made when first asked for. */
export function catalogueTypes(): ReadonlyMap<string, DeviceType> {
  made ??= new Map([...DEVICE_FAMILIES.flatMap(typesOf).map((type) => [type.type, type] as const), ...DEVICE_TYPES])
  return made
}

/** Undefined for a type that is not in the catalogue. */
export function findDeviceType(type: string): DeviceType | undefined {
  return DEVICE_TYPES.get(type) ?? catalogueTypes().get(type)
}

/** Whether a device is one of the IP series, whose descriptions have every member. */
export function isIpType(type: string): boolean {
  return type.startsWith('HmIP')
}

/** One device of each type in the catalogue. The same seed gives the same serial numbers. @throws OptionError */
export function catalogueFleet(seed = 1): readonly DeviceSpec[] {
  const random = seeded(checkInteger('seed', seed))
  const digits = (count: number): string => String(Math.floor(random() * 10 ** count)).padStart(count, '0')
  return [...catalogueTypes().values()].map(({ type, label }, index) => {
    // the number at the end keeps them apart
    const number = String(index + 1).padStart(4, '0')
    const address = isIpType(type) ? `000${digits(7)}${number}` : `${letters(random)}${digits(3)}${number}`
    return { type, address, name: `${label} ${index + 1}` }
  })
}

function typesOf({ series, label, layouts, builds, rxMode }: DeviceFamily): readonly DeviceType[] {
  return Object.entries(layouts).flatMap(([layout, channels]) =>
    builds.map((build) => {
      const type = `${series}${layout}-${build}`
      const mark = hash(type)
      const firmware = isIpType(type) ? `${1 + (mark % 3)}.${mark % 11}.${mark % 24}` : `${1 + (mark % 2)}.${mark % 12}`
      return { type, label, channels: expandLayout(channels), firmware, version: 1 + (mark % 40), rxMode }
    }),
  )
}

function letters(random: () => number): string {
  return Array.from({ length: 3 }, () => String.fromCodePoint(65 + Math.floor(random() * 26))).join('')
}

/** A stable 24-bit number made of a text, such as the radio address of a serial number. */
export function hash(text: string): number {
  let value = 0
  for (const character of text) value = (Math.imul(value, 31) + (character.codePointAt(0) ?? 0)) & 0xff_ff_ff
  return value
}
