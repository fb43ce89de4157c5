import { checkDuration, checkFunction, checkInteger, checkText, OptionError } from '@x/loop-utils/errors'
import type { FakeCcuOptions } from '@x/testkit/ccu'

/** What a fake-device server is like. Everything has a default. */
export interface FakeDeviceServerOptions {
  /** Where to listen. Default 127.0.0.1. */
  readonly host?: string
  /** Port of the control API and the page. Default 0, a free one. */
  readonly port?: number
  /** Port of the fake CCU. Default 0, a free one. */
  readonly ccuPort?: number
  /** Names, besides those of the loopback, to which requests may be addressed. */
  readonly allowedHosts?: readonly string[]
  /** Largest body of a request, in bytes. Default 64 KiB. */
  readonly maxBodyBytes?: number
  /** How many events are kept for readers that come back. Default 1000. */
  readonly maxEvents?: number
  /** How many observations are kept. Default 1000. */
  readonly maxObservations?: number
  /** Most readers of the event stream at once. Default 64. */
  readonly maxReaders?: number
  /** Pause between two signs of life in an event stream, in milliseconds. Default 15 000. */
  readonly heartbeatMs?: number
  /** How long a request waits for the fake CCU to come to rest, in milliseconds. Default 15 000. */
  readonly settleTimeoutMs?: number
  /** What the fake CCU is like; its host and port are decided here. */
  readonly ccu?: Omit<FakeCcuOptions, 'host' | 'port'>
  /** Where the built page lies. Default: where the build puts it. */
  readonly pageFolder?: URL
  /** Gets errors that nobody expected. Default: a process warning. */
  readonly onError?: (error: unknown) => void
}

/** The options with their defaults filled in. */
export type CheckedServerOptions = Required<Omit<FakeDeviceServerOptions, 'pageFolder'>>

/** @throws OptionError */
export function checkServerOptions(options: FakeDeviceServerOptions): CheckedServerOptions {
  const port = (option: 'port' | 'ccuPort'): number =>
    checkInteger(option, options[option] ?? 0, { min: 0, max: 65_535 })
  const count = (option: keyof FakeDeviceServerOptions, missing: number): number =>
    checkInteger(option, options[option] ?? missing, { min: 1 })
  const allowedHosts = options.allowedHosts ?? []
  if (!Array.isArray(allowedHosts)) throw new OptionError('allowedHosts', allowedHosts, 'a list of host names')
  return {
    host: checkText('host', options.host ?? '127.0.0.1'),
    port: port('port'),
    ccuPort: port('ccuPort'),
    allowedHosts: allowedHosts.map((name: unknown, index) => checkText(`allowedHosts.${index}`, name)),
    maxBodyBytes: count('maxBodyBytes', 64 * 1024),
    maxEvents: count('maxEvents', 1000),
    maxObservations: count('maxObservations', 1000),
    maxReaders: count('maxReaders', 64),
    heartbeatMs: checkDuration('heartbeatMs', options.heartbeatMs ?? 15_000, { min: 1, max: 2 ** 31 - 1 }),
    settleTimeoutMs: checkDuration('settleTimeoutMs', options.settleTimeoutMs ?? 15_000, { min: 1, max: 2 ** 31 - 1 }),
    ccu: options.ccu ?? {},
    onError: checkFunction('onError', options.onError ?? warn),
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}
