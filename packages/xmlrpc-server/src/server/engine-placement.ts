import { type EngineHost, openHost, workerFrom } from '@x/loop-utils/channel'
import { Worker } from 'node:worker_threads'
import type { ServerSettings } from './server-options.ts'

/** Where the engine runs, and whether that place ends with the server. */
export interface Placement {
  readonly host: EngineHost
  readonly isOwn: boolean
}

/** The host that the options name: the given one, or one of the server's own. */
export function placementOf({ engineHost, mode, threadEntry }: ServerSettings): Placement {
  if (engineHost !== undefined) return { host: engineHost, isOwn: false }
  const entry =
    threadEntry === undefined
      ? () => new Worker(new URL('../xmlrpc.thread.js', import.meta.url))
      : workerFrom(threadEntry)
  return { host: openHost({ mode, entry, name: 'xmlrpc-server' }), isOwn: true }
}
