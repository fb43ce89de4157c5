import { CcuFault } from '@x/testkit/ccu'
import type { ProblemView } from '@x/testkit/control'
import { Hono, type Context } from 'hono'
import type { PageFile } from '../page/page-files.ts'
import { pageRoutes } from '../page/page-routes.ts'
import type { ApiContext } from './api-context.ts'
import { ccuRoutes } from './ccu-routes.ts'
import { ccuStateRoutes } from './ccu-state-routes.ts'
import { deviceRoutes } from './device-routes.ts'
import { eventRoutes } from './event-routes.ts'
import { faultRoutes } from './fault-routes.ts'
import { healthRoutes } from './health-routes.ts'
import { observerRoutes } from './observer-routes.ts'
import { ApiProblem } from './problem.ts'
import { requestGuard, type HostRule } from './request-guard.ts'

/** What the app is made of. */
export interface AppOptions {
  readonly api: ApiContext
  readonly hosts: HostRule
  readonly page: ReadonlyMap<string, PageFile>
  /** Gets what no route expected. */
  readonly onError: (error: unknown) => void
}

/** The control API and the page. */
export function createApp({ api, hosts, page, onError }: AppOptions): Hono {
  const app = new Hono()
  app.use(requestGuard(hosts))
  for (const routes of [
    deviceRoutes,
    faultRoutes,
    eventRoutes,
    observerRoutes,
    ccuRoutes,
    ccuStateRoutes,
    healthRoutes,
  ])
    routes(app, api)
  pageRoutes(app, page)
  app.notFound((context) => {
    const message = `nothing is served at ${context.req.path}`
    return problem(context, new ApiProblem('FAKE_UNKNOWN_ROUTE', message, context.req.path))
  })
  app.onError((error, context) => {
    if (error instanceof ApiProblem) return problem(context, error)
    if (error instanceof CcuFault) return problem(context, new ApiProblem('FAKE_BAD_REQUEST', error.message))
    onError(error)
    const body: ProblemView = { error: { code: 'FAKE_INTERNAL', message: error.message, path: context.req.path } }
    return context.json(body, 500)
  })
  return app
}

function problem(context: Context, { code, message, path, status }: ApiProblem): Response {
  const body: ProblemView = { error: { code, message, path } }
  return context.json(body, status)
}
