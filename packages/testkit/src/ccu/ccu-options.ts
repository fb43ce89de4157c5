import { systemClock, type Clock } from '@x/loop-utils/clock'
import { checkBoolean, checkDuration, checkFunction, checkInteger, checkOneOf, checkText } from '@x/loop-utils/errors'
import type { DeviceSpec } from './catalogue/default-fleet.ts'
import { fleetDevices, type FleetName } from './catalogue/fleet.ts'
import { CCU_PROFILES, ccuQuirks, type CcuProfile, type CcuQuirks } from './quirks.ts'

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
   * and the default of `interfaceName`.
   */
  readonly profile?: CcuProfile
  /** Quirks other than the profile's, such as `encoding`. */
  readonly quirks?: Partial<CcuQuirks>
  /** Default: the profile's, such as `BidCos-RF`. */
  readonly interfaceName?: string
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
export type CheckedCcuOptions = Required<Omit<FakeCcuOptions, 'devices' | 'quirks' | 'interfaceName'>> & {
  readonly devices: readonly DeviceSpec[]
  readonly quirks: CcuQuirks
  /** Undefined for that of the profile. */
  readonly interfaceName: string | undefined
}

/** @throws OptionError */
export function checkCcuOptions(options: FakeCcuOptions): CheckedCcuOptions {
  return { ...checkPlayed(options), ...checkCalls(options), ...checkBounds(options), ...checkPlace(options) }
}

const MAX_MS = 2 ** 31 - 1

function checkPlayed(
  options: FakeCcuOptions,
): Pick<CheckedCcuOptions, 'seed' | 'profile' | 'quirks' | 'devices' | 'interfaceName' | 'travelTimes'> {
  const { seed = 1, devices = 'household', travelTimes = false } = options
  const profile = checkOneOf('profile', options.profile ?? 'plain', CCU_PROFILES)
  const { interfaceName } = options
  return {
    seed,
    profile,
    quirks: ccuQuirks(profile, options.quirks),
    devices: fleetDevices(devices, seed),
    interfaceName: interfaceName === undefined ? undefined : checkText('interfaceName', interfaceName),
    travelTimes: checkBoolean('travelTimes', travelTimes),
  }
}

function checkPlace({
  host = '127.0.0.1',
  port = 0,
  clock = systemClock,
  onError = warn,
}: FakeCcuOptions): Pick<CheckedCcuOptions, 'host' | 'port' | 'clock' | 'onError'> {
  return {
    host: checkText('host', host),
    port: checkInteger('port', port, { min: 0, max: 65_535 }),
    clock,
    onError: checkFunction('onError', onError),
  }
}

function checkCalls(
  options: FakeCcuOptions,
): Pick<CheckedCcuOptions, 'batchIntervalMs' | 'startingMs' | 'callTimeoutMs' | 'route'> {
  const { batchIntervalMs = 0, startingMs = 0, callTimeoutMs = 30_000 } = options
  return {
    batchIntervalMs: checkDuration('batchIntervalMs', batchIntervalMs, { max: MAX_MS }),
    startingMs: checkDuration('startingMs', startingMs, { max: MAX_MS }),
    callTimeoutMs: checkDuration('callTimeoutMs', callTimeoutMs, { min: 1, max: MAX_MS }),
    route: checkFunction('route', options.route ?? ((url: URL) => url)),
  }
}

type Bounds = 'maxBatch' | 'maxQueued' | 'maxRegistrations' | 'maxBodyBytes' | 'maxAnswerBytes' | 'maxRecords'

function checkBounds(options: FakeCcuOptions): Pick<CheckedCcuOptions, Bounds> {
  const count = (option: Bounds, missing: number): number =>
    checkInteger(option, options[option] ?? missing, { min: 1 })
  return {
    maxBatch: count('maxBatch', 100),
    maxQueued: count('maxQueued', 10_000),
    maxRegistrations: count('maxRegistrations', 32),
    maxBodyBytes: count('maxBodyBytes', 1024 * 1024),
    maxAnswerBytes: count('maxAnswerBytes', 10 * 1024 * 1024),
    maxRecords: count('maxRecords', 1000),
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}
