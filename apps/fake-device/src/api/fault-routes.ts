import type { FaultRequest } from '@x/testkit/control'
import type { Hono } from 'hono'
import type { Endpoint } from '../endpoints/endpoint.ts'
import type { ApiContext } from './api-context.ts'
import { readJsonBody } from './json-body.ts'
import { ApiProblem } from './problem.ts'
import { pathPart, resource } from './resource.ts'
import { faultSchema } from './schemas.ts'

/** Serves the faults of all endpoints. */
export function faultRoutes(app: Hono, api: ApiContext): void {
  resource(app, '/api/faults', {
    GET: (context) => context.json({ faults: api.endpoints.flatMap((endpoint) => endpoint.faults()) }),
    POST: async (context) => {
      const fault = await readJsonBody(context, faultSchema, api.maxBodyBytes)
      const endpoint = find(api, fault.endpoint ?? api.ccu.name, 'endpoint')
      return context.json(endpoint.addFault(fault as FaultRequest), 201)
    },
    DELETE: (context) => {
      for (const endpoint of api.endpoints) endpoint.clearFaults()
      return context.body(null, 204)
    },
  })
  resource(app, '/api/faults/:endpoint/:name', {
    DELETE: (context) => {
      const name = pathPart(context, 'name')
      if (!find(api, pathPart(context, 'endpoint'), context.req.path).removeFault(name)) {
        throw new ApiProblem('FAKE_UNKNOWN_FAULT', `there is no fault ${name}; see GET /api/faults`, context.req.path)
      }
      return context.body(null, 204)
    },
  })
}

function find(api: ApiContext, name: string, path: string): Endpoint {
  const endpoint = api.endpoints.find((each) => each.name === name)
  if (endpoint !== undefined) return endpoint
  const known = api.endpoints.map((each) => each.name).join(', ')
  throw new ApiProblem('FAKE_UNKNOWN_ENDPOINT', `there is no endpoint '${name}'; give one of ${known}`, path)
}
