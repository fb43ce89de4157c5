import type { DeviceState, DeviceView } from '@x/testkit/control'
import type { Context, Hono } from 'hono'
import type { Endpoint } from '../endpoints/endpoint.ts'
import type { ApiContext } from './api-context.ts'
import { readJsonBody } from './json-body.ts'
import { ApiProblem } from './problem.ts'
import { pathPart, resource } from './resource.ts'
import { deviceSchema, stateSchema } from './schemas.ts'

/** Serves the devices and their states. */
export function deviceRoutes(app: Hono, api: ApiContext): void {
  resource(app, '/api/devices', {
    GET: (context) => context.json({ devices: api.endpoints.flatMap((endpoint) => endpoint.devices()) }),
    POST: async (context) => {
      const { name, ...device } = await readJsonBody(context, deviceSchema, api.maxBodyBytes)
      return context.json(api.ccu.addDevice(name === undefined ? device : { ...device, name }), 201)
    },
  })
  resource(app, '/api/devices/:id', {
    GET: (context) => context.json(find(api, context).device),
    DELETE: (context) => {
      const { endpoint, device } = find(api, context)
      endpoint.removeDevice(device.id)
      return context.body(null, 204)
    },
  })
  resource(app, '/api/devices/:id/state', {
    GET: (context) => context.json(stateOf(find(api, context).device)),
    PATCH: (context) => change(api, context, () => undefined),
    PUT: (context) => change(api, context, checkComplete),
  })
}

type Check = (device: DeviceView, state: DeviceState['state']) => void

async function change(api: ApiContext, context: Context, check: Check): Promise<Response> {
  const state = await readJsonBody(context, stateSchema, api.maxBodyBytes)
  const { endpoint, device } = find(api, context)
  check(device, state)
  endpoint.change(device.id, state)
  return context.json(stateOf(find(api, context).device))
}

/** A state that is put in place of another has to say everything. */
function checkComplete(device: DeviceView, state: DeviceState['state']): void {
  const missing = Object.keys(stateOf(device).state).find((key) => !Object.hasOwn(state, key))
  if (missing === undefined) return
  throw new ApiProblem('FAKE_STATE_INCOMPLETE', `${missing} is missing; give every value, or use PATCH`, missing)
}

function stateOf({ id, properties }: DeviceView): DeviceState {
  const values = properties.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value] as const]))
  return { id, state: Object.fromEntries(values) }
}

function find(api: ApiContext, context: Context): { readonly endpoint: Endpoint; readonly device: DeviceView } {
  const id = pathPart(context, 'id')
  for (const endpoint of api.endpoints) {
    const device = endpoint.device(id)
    if (device !== undefined) return { endpoint, device }
  }
  throw new ApiProblem('FAKE_UNKNOWN_DEVICE', `there is no device ${id}; see GET /api/devices`, context.req.path)
}
