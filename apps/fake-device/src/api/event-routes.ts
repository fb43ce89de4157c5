import type { Hono } from 'hono'
import type { ApiContext } from './api-context.ts'
import { resource } from './resource.ts'

/** Serves the events as a stream. */
export function eventRoutes(app: Hono, { streams }: ApiContext): void {
  resource(app, '/api/events', {
    GET: (context) => {
      // an EventSource cannot send headers with its first request
      const lastEventId = context.req.header('last-event-id') ?? context.req.query('lastEventId')
      const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }
      if (context.req.method === 'HEAD') return new Response(null, { headers })
      return new Response(streams.open(lastEventId), { headers })
    },
  })
}
