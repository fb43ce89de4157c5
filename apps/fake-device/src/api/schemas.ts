import type { PropertyValue } from '@x/testkit/control'
import {
  array,
  boolean,
  check,
  finite,
  integer,
  maxLength,
  minLength,
  minValue,
  nonEmpty,
  nullable,
  number,
  object,
  optional,
  picklist,
  pipe,
  record,
  string,
  union,
  unknown,
  type GenericSchema,
} from 'valibot'

/** Checks a body and reads it as `T`; members that it does not know are left out. */
export type BodySchema<T> = GenericSchema<unknown, T>

/** A device to add. */
export interface DeviceBody {
  readonly type: string
  readonly address: string
  readonly name?: string | undefined
}

/** A fault to add, its members not checked yet. */
export interface FaultBody {
  readonly type: string
  readonly name?: string | undefined
  readonly stream?: string | undefined
  readonly toxicity?: number | undefined
  readonly attributes?: Readonly<Record<string, number | null>> | undefined
  readonly endpoint?: string | undefined
}

/** What an observer heard. */
export interface ObservationBody {
  readonly observer: string
  readonly topic: string
  readonly subject?: string | undefined
  readonly value?: PropertyValue | null | undefined
  readonly note?: string | undefined
}

/** Values for devices of the fake CCU to report. */
export interface ReportsBody {
  readonly reports: { readonly address: string; readonly parameter: string; readonly value: PropertyValue }[]
  readonly as?: 'single' | 'multicall' | undefined
}

/** A call for the fake CCU to make. */
export interface InvocationBody {
  readonly interfaceId: string
  readonly method: string
  readonly params?: unknown[] | undefined
}

/** A fault that coming calls to the fake CCU are to meet. */
export interface CcuFaultBody {
  readonly method: string
  readonly faultCode: number
  readonly address?: string | undefined
  readonly times?: number | undefined
}

const value: GenericSchema<unknown, PropertyValue> = union(
  [boolean(), pipe(number(), finite()), pipe(string(), maxLength(1000))],
  'give a boolean, a number or a text of at most 1000 characters',
)
const shortText: GenericSchema<unknown, string> = pipe(string(), nonEmpty(), maxLength(64))

/** The values of a device by their keys. */
export const stateSchema: BodySchema<Record<string, PropertyValue>> = pipe(
  unknown(),
  // a list is an object, too
  check(
    (body) => typeof body === 'object' && body !== null && !Array.isArray(body),
    'give an object of values by their keys',
  ),
  record(string(), value),
)

/** Checks a device to add. */
export const deviceSchema: BodySchema<DeviceBody> = object({
  type: shortText,
  address: shortText,
  name: optional(pipe(string(), nonEmpty(), maxLength(100))),
})

/** The members of a fault are checked by the fault proxy, which knows them. */
export const faultSchema: BodySchema<FaultBody> = object({
  type: string(),
  name: optional(string()),
  stream: optional(string()),
  toxicity: optional(number()),
  attributes: optional(record(string(), nullable(number()))),
  endpoint: optional(string()),
})

const observation: GenericSchema<unknown, ObservationBody> = object({
  observer: shortText,
  topic: shortText,
  subject: optional(pipe(string(), maxLength(200))),
  value: optional(nullable(value)),
  note: optional(pipe(string(), maxLength(1000))),
})

/** Checks one observation. */
export const observationSchema: BodySchema<ObservationBody> = observation

/** Up to 100 observations at once. */
export const observationsSchema: BodySchema<ObservationBody[]> = pipe(array(observation), minLength(1), maxLength(100))

/** Checks values to report. */
export const reportsSchema: BodySchema<ReportsBody> = object({
  reports: pipe(array(object({ address: string(), parameter: string(), value })), minLength(1), maxLength(1000)),
  as: optional(picklist(['single', 'multicall'])),
})

/** Checks a call to make. */
export const invocationSchema: BodySchema<InvocationBody> = object({
  interfaceId: string(),
  method: shortText,
  params: optional(pipe(array(unknown()), maxLength(100))),
})

/** Checks an ordered fault; its code is checked by the fake CCU. */
export const ccuFaultSchema: BodySchema<CcuFaultBody> = object({
  method: shortText,
  faultCode: pipe(number(), integer()),
  address: optional(string()),
  times: optional(pipe(number(), integer(), minValue(1))),
})
