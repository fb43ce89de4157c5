import type { IncomingMessage, ServerResponse } from 'node:http'

/** Takes a request that another HTTP server has received. */
export type MountedHandler = (request: IncomingMessage, response: ServerResponse) => void

/**
 * The engines of this thread that take requests of other HTTP servers, by the key that their facade gave them. Requests
 * and responses are live objects, which do not cross the channel: this is how a facade on the same loop hands them over.
 */
export const mounts: Map<string, MountedHandler> = new Map()
