#!/usr/bin/env node
import { runCli } from './cli/run-cli.ts'

// a reader that went away is no reason to end in disorder
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  stdin: process.stdin,
  onSignal: (listener) => {
    process.on('SIGINT', listener).on('SIGTERM', listener)
    return { [Symbol.dispose]: () => void process.off('SIGINT', listener).off('SIGTERM', listener) }
  },
  exitNow: (code) => process.exit(code),
})
