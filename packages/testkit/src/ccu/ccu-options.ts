import { checkDuration, checkFunction, checkInteger, checkOneOf, checkText, OptionError } from '@x/loop-utils/errors'
import type { EventDelivery } from './callback/value-event.ts'
import { DEFAULT_FLEET, type DeviceSpec } from './catalogue/default-fleet.ts'
import type { XmlEncoding } from './wire/xml.ts'

/** What a fake CCU is like. Everything has a default. */
export interface FakeCcuOptions {
  /** Where to listen. Default 127.0.0.1. */
  readonly host?: string
  /** Default 0, a free one. It stays the same over a stop and a start. */
  readonly port?: number
  /** The devices to play. Default: one of each kind. */
  readonly devices?: readonly DeviceSpec[]
  /** Default `BidCos-RF`. */
  readonly interfaceName?: string
  /** How documents are written. Default `iso-8859-1`, as the interface processes do. */
  readonly encoding?: XmlEncoding
  /** How events are brought: `auto` (default) is one call for one event and a multicall for several. */
  readonly delivery?: EventDelivery
  /** Most events in one multicall. Default 100. */
  readonly maxBatch?: number
  /** Most events that wait for one callback server; beyond it the oldest are lost and counted. Default 10 000. */
  readonly maxQueued?: number
  /** Most registrations; a further `init` gets a fault. Default 32. */
  readonly maxRegistrations?: number
  /** Largest call that is read, in bytes. Default 1 MiB. */
  readonly maxBodyBytes?: number
  /** Largest answer of a callback server that is read, in bytes. Default 10 MiB. */
  readonly maxAnswerBytes?: number
  /** How long a callback server may take to answer, in milliseconds. Default 30 000. */
  readonly callTimeoutMs?: number
  /** How many calls and answers are kept for {@link FakeCcu.calls} and {@link FakeCcu.answers}. Default 1000. */
  readonly maxRecords?: number
  /** Gets what a listener throws. Default: a process warning. */
  readonly onError?: (error: unknown) => void
}

/** The options with their defaults filled in. */
export type CheckedCcuOptions = Required<FakeCcuOptions>

/** @throws OptionError */
export function checkCcuOptions(options: FakeCcuOptions): CheckedCcuOptions {
  const devices = options.devices ?? DEFAULT_FLEET
  if (!Array.isArray(devices)) throw new OptionError('devices', devices, 'a list of devices')
  const count = (option: keyof FakeCcuOptions, missing: number): number =>
    checkInteger(option, options[option] ?? missing, { min: 1 })
  return {
    devices,
    host: checkText('host', options.host ?? '127.0.0.1'),
    port: checkInteger('port', options.port ?? 0, { min: 0, max: 65_535 }),
    interfaceName: checkText('interfaceName', options.interfaceName ?? 'BidCos-RF'),
    encoding: checkOneOf('encoding', options.encoding ?? 'iso-8859-1', ['iso-8859-1', 'utf-8']),
    delivery: checkOneOf('delivery', options.delivery ?? 'auto', ['single', 'multicall', 'auto']),
    maxBatch: count('maxBatch', 100),
    maxQueued: count('maxQueued', 10_000),
    maxRegistrations: count('maxRegistrations', 32),
    maxBodyBytes: count('maxBodyBytes', 1024 * 1024),
    maxAnswerBytes: count('maxAnswerBytes', 10 * 1024 * 1024),
    callTimeoutMs: checkDuration('callTimeoutMs', options.callTimeoutMs ?? 30_000, { min: 1, max: 2 ** 31 - 1 }),
    maxRecords: count('maxRecords', 1000),
    onError: checkFunction('onError', options.onError ?? warn),
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}
