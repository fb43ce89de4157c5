import { CCU_PROFILES, FLEETS, type CcuQuirks } from '@x/testkit/ccu'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { readVersion } from '../version.ts'
import type { CliIo } from './cli-io.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { runStart, type StartFlags } from './start-command.ts'

const EXAMPLES = `
Examples:
  $ fake-device start                       any free ports, on this machine only
  $ fake-device start --port 8080           the page at http://127.0.0.1:8080
  $ fake-device start --fleet catalogue     a CCU with several hundred devices
  $ fake-device start --profile rfd --quirk encoding=utf-8
  $ fake-device start --json | head -1      one line with the URLs, for programs

Exit codes: 0 it was told to stop, 1 it failed, 2 it was called wrongly.`

/** Runs the command line; resolves with the exit code. */
export async function runCli(args: readonly string[], io: CliIo): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = createProgram(io, async (flags) => {
    code = await runStart(flags, io)
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    throw error
  }
}

function createProgram(io: CliIo, start: (flags: StartFlags) => Promise<void>): Command {
  const program = new Command('fake-device')
    .description('Plays devices over real sockets, with a control API and a page.')
    .version(readVersion())
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(fake-device --help shows how)')
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .exitOverride()
  program
    .command('start')
    .description('start the server and run until SIGINT or SIGTERM')
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--port <number>', 'port of the control API and the page; 0 for a free one', readPort, 0)
    .option('--ccu-port <number>', 'port of the fake CCU; 0 for a free one', readPort, 0)
    .addOption(new Option('--fleet <name>', 'the devices of the fake CCU').choices(FLEETS).default('household'))
    .option('--seed <number>', 'decides the serial numbers of the catalogue', readSeed, 1)
    .addOption(
      new Option('--profile <name>', 'the interface process that the fake CCU takes after')
        .choices(CCU_PROFILES)
        .default('plain'),
    )
    .option('--quirk <name=value>', 'a habit of the fake CCU unlike its profile (again for more)', collectQuirk, {})
    .option('--allow-host <name>', 'a further name that requests may be addressed to (again for more)', collect, [])
    .option('--json', 'write the ready line as JSON', false)
    .option('--quiet', 'write no messages but errors', false)
    .option('--exit-with-stdin', 'stop when standard input ends: for programs that start it', false)
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(fake-device start --help shows how)')
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .exitOverride()
    .action(start)
  return program
}

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('Give a number from 0 to 65535.')
}

function readSeed(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a whole number of at most 15 digits.')
}

function collectQuirk(text: string, quirks: Partial<CcuQuirks>): Partial<CcuQuirks> {
  const { name = '', value = '' } = /^(?<name>[A-Za-z0-9]+)=(?<value>.*)$/.exec(text)?.groups ?? {}
  if (name === '') throw new InvalidArgumentError('Give a name and a value, such as encoding=utf-8 or i4=true.')
  return { ...quirks, [name]: value === 'true' || value === 'false' ? value === 'true' : value }
}

function collect(name: string, names: readonly string[]): readonly string[] {
  return [...names, name]
}
