#!/usr/bin/env node
import { runCli } from './cli/run-cli.ts'

// a reader that went away is no reason to end in disorder
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

const code = await runCli(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  stdin: process.stdin,
  onSignal: (listener) => {
    process.on('SIGINT', listener).on('SIGTERM', listener)
    return { [Symbol.dispose]: () => void process.off('SIGINT', listener).off('SIGTERM', listener) }
  },
  exitNow: (status) => process.exit(status),
})

// A connection that is just ending can keep Node 20 busy for ever when the process ends by itself. The writes ahead of
// this one are out when it is.
process.exitCode = code
process.stdout.write('', () => process.exit(code))
