#!/usr/bin/env node
import { HELP, type HubArguments, readArguments } from './hub-arguments.ts'
import { startHub } from './running-hub.ts'

async function run(given: HubArguments): Promise<void> {
  const hub = await startHub(given, {
    print: (line) => console.log(line),
    onError: (error) => console.error(String(error)),
  })
  let isEnding = false
  const end = (code: number): void => {
    if (isEnding) process.exit(code)
    isEnding = true
    void hub.stop().then(() => process.exit(code))
  }
  process.on('SIGINT', () => end(130))
  process.on('SIGTERM', () => end(143))
  console.log(hub.readyLine)
}

try {
  const given = readArguments(process.argv.slice(2))
  if (given === undefined) console.log(HELP)
  else await run(given)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}
