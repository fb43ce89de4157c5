#!/usr/bin/env node
import { startFakeDevice } from '@x/fake-device/testing'
import { parseArgs } from 'node:util'
import { DemoHub } from './demo-hub.ts'

const HELP = `demo-hub [--mode loop|thread] [--port N]

Starts a fake-device server and a hub that registers with its CCU, and prints what the hub hears.

  --mode   where the hub's callback server runs (default loop)
  --port   port of the page and the control API (default 8090, 0 for any that is free)
`

interface HubArguments {
  readonly mode: 'loop' | 'thread'
  readonly port: number
}

function readArguments(): HubArguments | undefined {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      mode: { type: 'string', default: 'loop' },
      port: { type: 'string', default: '8090' },
    },
  })
  if (values.help) return undefined
  if (values.mode !== 'loop' && values.mode !== 'thread') throw new Error(`--mode is ${values.mode}; give loop or thread`)
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port is ${values.port}; give 0 to 65535`)
  return { mode: values.mode, port }
}

async function main({ mode, port }: HubArguments): Promise<void> {
  const fake = await startFakeDevice({ port })
  const hub = new DemoHub({
    ccuUrl: fake.ccu.url,
    control: fake.control,
    mode,
    onHeard: (text) => console.log(text),
  })
  let isEnding = false
  const end = async (code: number): Promise<void> => {
    if (isEnding) process.exit(130)
    isEnding = true
    await hub.stop({ deadlineMs: 1000 }).catch((error: unknown) => console.error(String(error)))
    await fake.stop()
    process.exitCode = code
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(signal === 'SIGINT' ? 130 : 143))
  try {
    await hub.start()
  } catch (error) {
    console.error(String(error))
    await end(1)
    return
  }
  console.log(`ready: open ${fake.url} and switch a device; hub on ${hub.callbackUrl} (${mode}), CCU on ${fake.ccu.url}`)
}

try {
  const given = readArguments()
  if (given === undefined) console.log(HELP)
  else await main(given)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}
