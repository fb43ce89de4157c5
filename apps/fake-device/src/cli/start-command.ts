import { isXError, OptionError } from '@x/loop-utils/errors'
import type { CcuProfile, CcuQuirks, FleetName } from '@x/testkit/ccu'
import { FakeDeviceServer } from '../server/fake-device-server.ts'
import type { CliIo } from './cli-io.ts'
import { EXIT, type ExitCode } from './exit-code.ts'

/** The options of `fake-device start`, as they come from the command line. */
export interface StartFlags {
  readonly host: string
  readonly port: number
  readonly ccuPort: number
  readonly fleet: FleetName
  readonly seed: number
  readonly profile: CcuProfile
  readonly quirk: Partial<CcuQuirks>
  readonly allowHost: readonly string[]
  readonly json: boolean
  readonly quiet: boolean
  readonly exitWithStdin: boolean
}

/** The line that tells that everything listens. */
export interface ReadyLine {
  readonly event: 'ready'
  /** The control API and the page. */
  readonly url: string
  readonly ccu: { readonly url: string }
}

/** How long an orderly end may take, in milliseconds. */
const STOP_MS = 2000
/** What a shell reports for a program that a second SIGINT ended. */
const INTERRUPTED = 130

/** Runs the server until a signal, or the end of standard input when so asked. */
export async function runStart(flags: StartFlags, io: CliIo): Promise<ExitCode> {
  const say = (text: string): void => {
    if (!flags.quiet) io.stderr(`${text}\n`)
  }
  const ending = waitForEnd(flags, io)
  try {
    const server = await open(flags, io)
    if (!isLoopback(flags.host))
      say(`warning: listening on ${flags.host}, where others can reach it; there is no password`)
    io.stdout(readyText(server, flags.json))
    say(`${await ending.ended}; stopping`)
    await stop(server, io)
    return EXIT.ok
  } catch (error) {
    io.stderr(`error: ${describe(error)}\n`)
    return error instanceof OptionError ? EXIT.usage : EXIT.failure
  } finally {
    ending[Symbol.dispose]()
  }
}

async function open(flags: StartFlags, io: CliIo): Promise<FakeDeviceServer> {
  const server = new FakeDeviceServer({
    host: flags.host,
    port: flags.port,
    ccuPort: flags.ccuPort,
    allowedHosts: flags.allowHost,
    ccu: { devices: flags.fleet, seed: flags.seed, profile: flags.profile, quirks: flags.quirk },
    onError: (error) => io.stderr(`error: ${describe(error)}\n`),
  })
  return await server.start()
}

async function stop(server: FakeDeviceServer, io: CliIo): Promise<void> {
  const timer = setTimeout(() => io.exitNow(EXIT.failure), STOP_MS)
  await server.stop()
  clearTimeout(timer)
}

interface Ending extends Disposable {
  /** Resolves with what ends the program. */
  readonly ended: Promise<string>
}

/** Listens from the start, so that a signal during start-up is not lost. */
function waitForEnd(flags: StartFlags, io: CliIo): Ending {
  let hasEnded = false
  let end: (why: string) => void = () => undefined
  const ended = new Promise<string>((resolve) => (end = resolve))
  const signals = io.onSignal((signal) => {
    if (hasEnded) io.exitNow(INTERRUPTED)
    hasEnded = true
    end(signal)
  })
  const onStdinEnd = (): void => end('standard input has ended')
  if (flags.exitWithStdin) io.stdin.once('close', onStdinEnd).once('end', onStdinEnd).resume()
  return {
    ended,
    [Symbol.dispose]: () => {
      signals[Symbol.dispose]()
      io.stdin.off('close', onStdinEnd).off('end', onStdinEnd)
      if (flags.exitWithStdin) io.stdin.destroy()
    },
  }
}

function readyText(server: FakeDeviceServer, isJson: boolean): string {
  const line: ReadyLine = { event: 'ready', url: server.url, ccu: { url: server.ccuUrl } }
  return isJson ? `${JSON.stringify(line)}\n` : `fake devices are ready: page ${line.url}  CCU ${line.ccu.url}\n`
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function describe(error: unknown): string {
  if (isXError(error)) return `${error.message} (${error.code})`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
