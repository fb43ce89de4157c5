import { systemClock, type Clock } from '@x/loop-utils/clock'
import { checkBoolean, checkDuration, checkFunction, checkInteger, checkOneOf, checkText } from '@x/loop-utils/errors'
import type { EventDelivery } from './callback/value-event.ts'
import type { DeviceSpec } from './catalogue/default-fleet.ts'
import { fleetDevices, type FleetName } from './catalogue/fleet.ts'
import { CCU_PROFILES, changeQuirks, PROFILES, type CcuProfile, type CcuQuirks } from './quirks.ts'
import type { XmlEncoding } from './wire/wire-style.ts'

/** What a fake CCU is like. Everything has a default. */
export interface FakeCcuOptions {
  /** Where to listen. Default 127.0.0.1. */
  readonly host?: string
  /** Default 0, a free one. It stays the same over a stop and a start. */
  readonly port?: number
  /**
   * The devices to play: a list of them, `household` (default: ten devices, one of each common kind) or `catalogue`
   * (one of every type that the catalogue has, several hundred).
   */
  readonly devices?: FleetName | readonly DeviceSpec[]
  /** Decides the serial numbers of the catalogue's devices. Default 1. */
  readonly seed?: number
  /**
   * The interface process that it takes after: `plain` (default), `rfd`, `hmip` or `virtual-devices`. Decides the quirks,
   * and the defaults of `interfaceName` and `delivery`.
   */
  readonly profile?: CcuProfile
  /** Quirks other than the profile's. */
  readonly quirks?: Partial<CcuQuirks>
  /** Default: the profile's, such as `BidCos-RF`. */
  readonly interfaceName?: string
  /** How documents are written. Default `iso-8859-1`, as the interface processes do. */
  readonly encoding?: XmlEncoding
  /**
   * How events are brought: `auto` is one call for one event and a multicall for several. Default: the
   * profile's, `multicall` for rfd, else `auto`. */
  readonly delivery?: EventDelivery
  /** Most events in one multicall. Default 100. */
  readonly maxBatch?: number
  /** How long events are gathered for one multicall, in milliseconds. Default 0: what waits goes at once. */
  readonly batchIntervalMs?: number
  /** Whether blinds take the time to move that is configured. Default false; dimmers heed RAMP_TIME in any case. */
  readonly travelTimes?: boolean
  /** How long it answers 503 after a start, in milliseconds. Default 0. */
  readonly startingMs?: number
  /** What time is told and waited by. Default: the system's. */
  readonly clock?: Clock
  /**
   * Where a call to a callback server really goes, asked before each call. Default: to its URL. For a proxy between the
   * two.
   */
  readonly route?: (url: URL) => URL | Promise<URL>
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
export type CheckedCcuOptions = Required<Omit<FakeCcuOptions, 'devices' | 'quirks'>> & {
  readonly devices: readonly DeviceSpec[]
  readonly quirks: CcuQuirks
}

/** @throws OptionError */
export function checkCcuOptions(options: FakeCcuOptions): CheckedCcuOptions {
  const seed = options.seed ?? 1
  const profile = checkOneOf('profile', options.profile ?? 'plain', CCU_PROFILES)
  const defaults = PROFILES[profile]
  const duration = (option: keyof FakeCcuOptions, missing: number, min = 0): number =>
    checkDuration(option, options[option] ?? missing, { min, max: 2 ** 31 - 1 })
  const count = (option: keyof FakeCcuOptions, missing: number): number =>
    checkInteger(option, options[option] ?? missing, { min: 1 })
  return {
    seed,
    profile,
    quirks: changeQuirks(defaults.quirks, options.quirks ?? {}),
    devices: fleetDevices(options.devices ?? 'household', seed),
    host: checkText('host', options.host ?? '127.0.0.1'),
    port: checkInteger('port', options.port ?? 0, { min: 0, max: 65_535 }),
    interfaceName: checkText('interfaceName', options.interfaceName ?? defaults.interfaceName),
    encoding: checkOneOf('encoding', options.encoding ?? 'iso-8859-1', ['iso-8859-1', 'utf-8']),
    delivery: checkOneOf('delivery', options.delivery ?? defaults.delivery, ['single', 'multicall', 'auto']),
    maxBatch: count('maxBatch', 100),
    batchIntervalMs: duration('batchIntervalMs', 0),
    travelTimes: checkBoolean('travelTimes', options.travelTimes ?? false),
    startingMs: duration('startingMs', 0),
    clock: options.clock ?? systemClock,
    route: checkFunction('route', options.route ?? ((url: URL) => url)),
    maxQueued: count('maxQueued', 10_000),
    maxRegistrations: count('maxRegistrations', 32),
    maxBodyBytes: count('maxBodyBytes', 1024 * 1024),
    maxAnswerBytes: count('maxAnswerBytes', 10 * 1024 * 1024),
    callTimeoutMs: duration('callTimeoutMs', 30_000, 1),
    maxRecords: count('maxRecords', 1000),
    onError: checkFunction('onError', options.onError ?? warn),
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}
