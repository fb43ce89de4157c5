import { checkDuration, checkInteger, checkNumber, checkOneOf, checkText, OptionError } from '@x/loop-utils/errors'

/** The direction that a fault works on: `upstream` is from the client to the server, `downstream` back. */
export type FaultStream = 'upstream' | 'downstream'

/** What each kind of fault can be told. Durations in milliseconds. */
export interface FaultAttributes {
  /** Delays data by `latencyMs`, give or take `jitterMs`, keeping its order. */
  latency: { readonly latencyMs: number; readonly jitterMs?: number }
  /** Lets at most so many bytes through in a second. */
  bandwidth: { readonly bytesPerSecond: number }
  /** Passes data on in pieces of `averageBytes` ± `variationBytes`, with a pause of `delayMs` after each. */
  slice: { readonly averageBytes: number; readonly variationBytes?: number; readonly delayMs?: number }
  /** Closes the connection once `afterBytes` have passed. */
  cut: { readonly afterBytes: number }
  /** Resets the connection (RST) after `afterMs`, or once `afterBytes` have passed when that is given. */
  reset: { readonly afterMs?: number; readonly afterBytes?: number }
  /** Changes each byte with this probability. */
  corrupt: { readonly probability: number }
  /**
   * Nothing gets through, neither data nor the end of the connection, as when a cable is pulled. What was held back
   * follows when the fault is removed. With `closeAfterMs` the connection is reset after that time.
   */
  'half-open': { readonly closeAfterMs?: number }
}

/** The kinds of faults. */
export type FaultType = keyof FaultAttributes

interface FaultCommon {
  /** Default: the type and the stream, such as `latency_downstream`. */
  readonly name?: string
  /** Default `downstream`. */
  readonly stream?: FaultStream
  /** The probability with which a connection is struck. Default 1. */
  readonly toxicity?: number
}

/** A fault as it is asked for. */
export type FaultSpec = {
  readonly [T in FaultType]: FaultCommon & { readonly type: T } & (T extends 'reset' | 'half-open'
      ? { readonly attributes?: FaultAttributes[T] }
      : { readonly attributes: FaultAttributes[T] })
}[FaultType]

/** A fault in force. */
export type Fault = {
  readonly [T in FaultType]: {
    readonly name: string
    readonly type: T
    readonly stream: FaultStream
    readonly toxicity: number
    readonly attributes: Required<FaultAttributes[T]>
  }
}[FaultType]

/** All kinds of faults, for choosing one. */
export const FAULT_TYPES: readonly FaultType[] = [
  'latency',
  'bandwidth',
  'slice',
  'cut',
  'reset',
  'corrupt',
  'half-open',
]

const LONGEST_MS = 24 * 60 * 60 * 1000

type Check = (option: string, value: unknown) => number

const duration: Check = (option, value) => checkDuration(option, value, { max: LONGEST_MS })
const endless: Check = (option, value) => checkDuration(option, value, { max: LONGEST_MS, infinite: true })
const count: Check = (option, value) => checkInteger(option, value, { min: 0 })
const positive: Check = (option, value) => checkInteger(option, value, { min: 1 })
const endlessCount: Check = (option, value) => (value === Infinity ? Infinity : count(option, value))
const probability: Check = (option, value) => checkNumber(option, value, { min: 0, max: 1 })

/** For each attribute its check, and what it is when missing; without that it must be given. */
const ATTRIBUTES: { readonly [T in FaultType]: Readonly<Record<string, readonly [Check, number?]>> } = {
  latency: { latencyMs: [duration], jitterMs: [duration, 0] },
  bandwidth: { bytesPerSecond: [positive] },
  slice: { averageBytes: [positive], variationBytes: [count, 0], delayMs: [duration, 0] },
  cut: { afterBytes: [count] },
  reset: { afterMs: [duration, 0], afterBytes: [endlessCount, Infinity] },
  corrupt: { probability: [probability] },
  'half-open': { closeAfterMs: [endless, Infinity] },
}

/**
 * Checks a fault and fills in what is left out.
 *
 * @throws OptionError naming the member, such as `fault.attributes.latencyMs`
 */
export function readFault(spec: FaultSpec): Fault {
  if (typeof spec !== 'object' || spec === null) throw new OptionError('fault', spec, 'an object with a type')
  const type = checkOneOf('fault.type', spec.type, FAULT_TYPES)
  const stream = checkOneOf('fault.stream', spec.stream ?? 'downstream', ['upstream', 'downstream'])
  const name = checkText('fault.name', spec.name ?? `${type}_${stream}`, { maxLength: 100 })
  const toxicity = probability('fault.toxicity', spec.toxicity ?? 1)
  const attributes = readAttributes(type, spec.attributes)
  return Object.freeze({ name, type, stream, toxicity, attributes }) as Fault
}

function readAttributes(type: FaultType, given: unknown): object {
  const known = ATTRIBUTES[type]
  const attributes = given ?? {}
  if (typeof attributes !== 'object' || Array.isArray(attributes)) {
    throw new OptionError('fault.attributes', attributes, 'an object')
  }
  for (const [key, value] of Object.entries(attributes)) {
    if (!Object.hasOwn(known, key)) {
      throw new OptionError(`fault.attributes.${key}`, value, `one of ${Object.keys(known).join(', ')}`)
    }
  }
  const read = Object.entries(known).map(([key, [check, missing]]) => {
    const value = (attributes as Readonly<Record<string, unknown>>)[key] ?? missing
    return [key, check(`fault.attributes.${key}`, value)] as const
  })
  return Object.freeze(Object.fromEntries(read))
}
