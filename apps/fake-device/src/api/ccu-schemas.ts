import { CCU_PROFILES } from '@x/testkit/ccu'
import type { CcuAnnouncement, CcuProfile, CcuQuirks, FleetName } from '@x/testkit/control'
import {
  boolean,
  integer,
  literal,
  maxLength,
  maxValue,
  minValue,
  nonEmpty,
  number,
  object,
  optional,
  picklist,
  pipe,
  record,
  string,
  union,
  variant,
  type GenericSchema,
} from 'valibot'
import type { BodySchema } from './schemas.ts'

const address: GenericSchema<unknown, string> = pipe(string(), nonEmpty(), maxLength(64))
const milliseconds: GenericSchema<unknown, number> = pipe(number(), minValue(0), maxValue(600_000))

/** How long the parts of a reboot take, in milliseconds, at most ten minutes each. */
export interface RebootBody {
  readonly downMs?: number | undefined
  readonly startingMs?: number | undefined
}

/** Checks a reboot. */
export const rebootSchema: BodySchema<RebootBody> = object({
  downMs: optional(milliseconds),
  startingMs: optional(milliseconds),
})

/** Habits to change; their names and values are checked by the fake CCU. */
export const quirksSchema: BodySchema<Partial<CcuQuirks>> = record(
  string(),
  union([boolean(), string()], 'give true, false or a text'),
) as BodySchema<Partial<CcuQuirks>>

/** An interface process to take after. */
export interface ProfileBody {
  readonly profile: CcuProfile
  readonly quirks?: Partial<CcuQuirks> | undefined
}

/** Checks a profile. */
export const profileSchema: BodySchema<ProfileBody> = object({
  profile: picklist(CCU_PROFILES),
  quirks: optional(quirksSchema),
})

/** A fleet by its name. */
export interface FleetBody {
  readonly fleet: FleetName
  readonly seed?: number | undefined
}

/** Checks a fleet to load. */
export const fleetSchema: BodySchema<FleetBody> = object({
  fleet: picklist(['household', 'catalogue']),
  seed: optional(pipe(number(), integer(), minValue(0), maxValue(Number.MAX_SAFE_INTEGER))),
})

/** Something to announce; the hint may be left out. */
export type AnnouncementBody =
  | { readonly kind: 'updateDevice'; readonly address: string; readonly hint?: number | undefined }
  | Exclude<CcuAnnouncement, { readonly kind: 'updateDevice' }>

/** Checks an announcement. */
export const announcementSchema: BodySchema<AnnouncementBody> = variant('kind', [
  object({ kind: literal('updateDevice'), address, hint: optional(picklist([0, 1])) }),
  object({ kind: literal('readdedDevice'), address }),
  object({ kind: literal('replaceDevice'), address, newAddress: address }),
  object({
    kind: literal('error'),
    errorCode: pipe(number(), integer(), minValue(-(2 ** 31)), maxValue(2 ** 31 - 1)),
    message: pipe(string(), nonEmpty(), maxLength(1000)),
  }),
])

/** Checks the address of a device. */
export const addressSchema: BodySchema<{ readonly address: string }> = object({ address })

/** Checks a firmware to offer. */
export const firmwareSchema: BodySchema<{ readonly address: string; readonly version: string }> = object({
  address,
  version: pipe(string(), nonEmpty(), maxLength(32)),
})

/** Checks a duty cycle. */
export const dutyCycleSchema: BodySchema<{ readonly percent: number }> = object({
  percent: pipe(number(), minValue(0), maxValue(100)),
})
