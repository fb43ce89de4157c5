import { type EngineHost, openHost, workerFrom } from '@x/loop-utils/channel'
import { Worker } from 'node:worker_threads'
import type { ServerSettings } from './server-options.ts'

/** Where the engine runs, and whether that place ends with the server. */
export interface Placement {
  readonly host: EngineHost
  readonly isOwn: boolean
}

/** The messages that a stream holds are bounded by what they hold; this bounds their number, too. */
const FEWEST_MESSAGES = 1024
const MOST_MESSAGES = 2 ** 20

/** The host of a mode: the one that the options name if it is of that mode, or one of the server's own. */
export function placementOf(settings: ServerSettings, mode: 'loop' | 'thread'): Placement {
  const { engineHost, threadEntry, maxWaitingCallbacks } = settings
  if (engineHost?.mode === mode) return { host: engineHost, isOwn: false }
  const entry =
    threadEntry === undefined
      ? () => new Worker(new URL('../xmlrpc.thread.js', import.meta.url))
      : workerFrom(threadEntry)
  const highWaterMark = Math.min(Math.max(maxWaitingCallbacks, FEWEST_MESSAGES), MOST_MESSAGES)
  return { host: openHost({ mode, entry, name: 'xmlrpc-server', link: { highWaterMark } }), isOwn: true }
}
