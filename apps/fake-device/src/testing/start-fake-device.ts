import { spawn } from 'node:child_process'
import { checkDuration, checkInteger, checkOneOf, checkSignal } from '@x/loop-utils/errors'
import { ccuQuirks, FLEETS, type CcuProfile, type CcuQuirks, type FleetName } from '@x/testkit/ccu'
import { cliCommand } from './cli-command.ts'
import { RunningFakeDevice, type FakeDeviceProcess } from './running-fake-device.ts'

/** How a fake-device process is started and ended. */
export interface StartFakeDeviceOptions {
  /** Port of the control API and the page. Default 0, a free one. */
  readonly port?: number
  /** Port of the fake CCU. Default 0, a free one. */
  readonly ccuPort?: number
  /** The devices of the fake CCU: `household` (default) or `catalogue`, one of several hundred types. */
  readonly fleet?: FleetName
  /** Decides the serial numbers of the catalogue's devices. Default 1. */
  readonly seed?: number
  /** The interface process that the fake CCU takes after. Default `plain`. */
  readonly profile?: CcuProfile
  /** Habits of the fake CCU unlike those of its profile, such as `{ encoding: 'utf-8' }`. */
  readonly quirks?: Partial<CcuQuirks>
  /** How long it may take to be ready, in milliseconds. Default 10 000. */
  readonly readyTimeoutMs?: number
  /** How long an orderly end may take before the process is killed, in milliseconds. Default 5000. */
  readonly stopTimeoutMs?: number
  /** Gives up waiting; rejects with `signal.reason`. */
  readonly signal?: AbortSignal
}

/**
 * Starts a fake-device server in a process of its own, on free ports of the loopback, and waits until it is ready. The
 * process ends with this one, however that ends.
 *
 * @throws OptionError, or FakeDeviceStartError with what the process wrote
 */
export async function startFakeDevice(options: StartFakeDeviceOptions = {}): Promise<FakeDeviceProcess> {
  const { port = 0, ccuPort = 0, signal } = options
  for (const [option, value] of Object.entries({ port, ccuPort })) checkInteger(option, value, { min: 0, max: 65_535 })
  const readyTimeoutMs = checkDuration('readyTimeoutMs', options.readyTimeoutMs ?? 10_000, { max: 2 ** 31 - 1 })
  const stopTimeoutMs = checkDuration('stopTimeoutMs', options.stopTimeoutMs ?? 5000, { max: 2 ** 31 - 1 })
  checkSignal('signal', signal)?.throwIfAborted()
  const played = playedFlags(options)
  const [command, ...args] = cliCommand()
  const ports = ['--port', String(port), '--ccu-port', String(ccuPort)]
  const flags = ['start', '--json', '--exit-with-stdin', ...ports, ...played]
  // the pipe to its standard input closes with this process, which ends the child
  const child = spawn(command, [...args, ...flags], { stdio: ['pipe', 'pipe', 'pipe'] })
  const running = new RunningFakeDevice(child, stopTimeoutMs)
  try {
    return await running.ready({ timeoutMs: readyTimeoutMs, signal })
  } catch (error) {
    await running.stop()
    throw error
  }
}

/** What the fake CCU is like. @throws OptionError */
function playedFlags({
  fleet = 'household',
  seed = 1,
  profile = 'plain',
  quirks = {},
}: StartFakeDeviceOptions): string[] {
  checkOneOf('fleet', fleet, FLEETS)
  checkInteger('seed', seed, { min: 0, max: 10 ** 15 - 1 })
  ccuQuirks(profile, quirks)
  const habits = Object.entries(quirks).filter(([, value]) => value !== undefined)
  const flags = habits.flatMap(([name, value]) => ['--quirk', `${name}=${value}`])
  return ['--fleet', fleet, '--seed', String(seed), '--profile', profile, ...flags]
}
