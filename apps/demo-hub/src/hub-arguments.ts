import { parseArgs } from 'node:util'

/** What `demo-hub --help` prints. */
export const HELP = `demo-hub [--mode loop|thread] [--port N]

Starts a fake-device server and a hub that registers with its CCU, and prints what the hub hears.

  --mode   where the hub's callback server runs (default loop)
  --port   port of the page and the control API (default 8090, 0 for any that is free)
`

export interface HubArguments {
  readonly mode: 'loop' | 'thread'
  readonly port: number
}

/**
 * Reads command line arguments; undefined when help is asked for.
 *
 * @throws Error that says which argument is wrong
 */
export function readArguments(args: readonly string[]): HubArguments | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      mode: { type: 'string', default: 'loop' },
      port: { type: 'string', default: '8090' },
    },
  })
  if (values.help) return undefined
  if (values.mode !== 'loop' && values.mode !== 'thread')
    throw new Error(`--mode is ${values.mode}; give loop or thread`)
  const port = /^\d+$/.test(values.port) ? Number(values.port) : Number.NaN
  if (!(port <= 65_535)) throw new Error(`--port is ${values.port}; give 0 to 65535`)
  return { mode: values.mode, port }
}
