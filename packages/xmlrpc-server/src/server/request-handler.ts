import type { IncomingMessage, ServerResponse } from 'node:http'

/** Takes requests that another HTTP server has received. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void
