import {
  array,
  boolean,
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
  unknown,
  union,
} from 'valibot'

const value = union([boolean(), pipe(number(), finite()), pipe(string(), maxLength(1000))], 'give a boolean, a number or a text of at most 1000 characters')
const shortText = pipe(string(), nonEmpty(), maxLength(64))

/** The values of a device by their keys. */
export const stateSchema = record(string(), value, 'give an object of values by their keys')

export const deviceSchema = object({
  type: shortText,
  address: shortText,
  name: optional(pipe(string(), nonEmpty(), maxLength(100))),
})

/** Attributes are checked by the fault proxy, which knows them. */
export const faultSchema = object({
  type: string(),
  name: optional(string()),
  stream: optional(string()),
  toxicity: optional(number()),
  attributes: optional(record(string(), nullable(number()))),
  endpoint: optional(string()),
})

const observation = object({
  observer: shortText,
  topic: shortText,
  subject: optional(pipe(string(), maxLength(200))),
  value: optional(nullable(value)),
  note: optional(pipe(string(), maxLength(1000))),
})

/** One observation, or up to 100 of them. */
export const observationsSchema = union(
  [observation, pipe(array(observation), minLength(1), maxLength(100))],
  'give { observer, topic, subject?, value?, note? }, or a list of 1 to 100 of them',
)

export const reportsSchema = object({
  reports: pipe(array(object({ address: string(), parameter: string(), value })), minLength(1), maxLength(1000)),
  as: optional(picklist(['single', 'multicall'])),
})

export const invocationSchema = object({
  interfaceId: string(),
  method: shortText,
  params: optional(pipe(array(unknown()), maxLength(100))),
})

export const ccuFaultSchema = object({
  method: shortText,
  faultCode: pipe(number(), integer()),
  address: optional(string()),
  times: optional(pipe(number(), integer(), minValue(1))),
})
