import { OptionError } from '@x/loop-utils/errors'
import type { CcuFaultOrder } from '@x/testkit/ccu'
import type { Context, Hono } from 'hono'
import type { ApiContext } from './api-context.ts'
import { readJsonBody } from './json-body.ts'
import { ApiProblem } from './problem.ts'
import { resource } from './resource.ts'
import { ccuFaultSchema, invocationSchema, reportsSchema } from './schemas.ts'

/** What only a fake CCU has: its clients, what it heard and was answered, and calls made to order. */
export function ccuRoutes(app: Hono, api: ApiContext): void {
  const { ccu } = api.ccu
  resource(app, '/api/ccu', { GET: (context) => context.json(api.ccu.view()) })
  resource(app, '/api/ccu/calls', { GET: (context) => context.json({ calls: ccu.calls() }) })
  resource(app, '/api/ccu/answers', { GET: (context) => context.json({ answers: ccu.answers() }) })
  resource(app, '/api/ccu/settled', { GET: (context) => settle(context, ccu.settled(), api.settleTimeoutMs) })
  resource(app, '/api/ccu/reports', {
    POST: async (context) => {
      const { reports, as = 'multicall' } = await readJsonBody(context, reportsSchema, api.maxBodyBytes)
      api.ccu.report(reports, as)
      return context.body(null, 204)
    },
  })
  resource(app, '/api/ccu/invocations', {
    POST: async (context) => {
      const { interfaceId, method, params = [] } = await readJsonBody(context, invocationSchema, api.maxBodyBytes)
      if (!ccu.registrations().some((registration) => registration.interfaceId === interfaceId)) {
        const message = `nobody is registered as '${interfaceId}'; see GET /api/ccu`
        throw new ApiProblem('FAKE_UNKNOWN_REGISTRATION', message, 'interfaceId')
      }
      return context.json(await ccu.invoke(interfaceId, method, params))
    },
  })
  resource(app, '/api/ccu/faults', {
    POST: async (context) => {
      const { address, times, ...order } = await readJsonBody(context, ccuFaultSchema, api.maxBodyBytes)
      orderFault(api, {
        ...(order as CcuFaultOrder),
        ...(address === undefined ? {} : { address }),
        ...(times === undefined ? {} : { times }),
      })
      return context.body(null, 204)
    },
  })
}

function orderFault({ ccu: { ccu } }: ApiContext, order: CcuFaultOrder): void {
  try {
    ccu.failNext(order)
  } catch (error) {
    if (error instanceof OptionError) throw new ApiProblem('FAKE_BAD_REQUEST', error.message, error.option)
    throw error
  }
}

async function settle(context: Context, settled: Promise<void>, timeoutMs: number): Promise<Response> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, timeoutMs, 'late')))
  const outcome = await Promise.race([settled, late])
  clearTimeout(timer)
  if (outcome === 'late') {
    throw new ApiProblem(
      'FAKE_NOT_SETTLED',
      `callback servers have not answered everything within ${timeoutMs} ms`,
      context.req.path,
    )
  }
  return context.body(null, 204)
}
