import type { HealthView } from '@x/testkit/control'
import type { Hono } from 'hono'
import type { ApiContext } from './api-context.ts'
import { resource } from './resource.ts'

/** Serves how the server is. */
export function healthRoutes(app: Hono, { version }: ApiContext): void {
  const startedAt = performance.now()
  resource(app, '/healthz', {
    GET: (context) => {
      const health: HealthView = { status: 'ok', version, uptimeMs: Math.round(performance.now() - startedAt) }
      return context.json(health)
    },
  })
}
