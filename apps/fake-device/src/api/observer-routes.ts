import type { Observation } from '@x/testkit/control'
import type { Hono } from 'hono'
import type { ApiContext } from './api-context.ts'
import { readJsonBody } from './json-body.ts'
import { resource } from './resource.ts'
import { observationsSchema } from './schemas.ts'

export function observerRoutes(app: Hono, { observations, events, maxBodyBytes }: ApiContext): void {
  resource(app, '/api/observers', {
    GET: (context) => context.json(observations.list()),
    POST: async (context) => {
      const heard = await readJsonBody(context, observationsSchema, maxBodyBytes)
      const added = [heard].flat().map((observation) => observations.add(withoutGaps(observation)))
      for (const observation of added) events.append('observation', observation)
      return context.json({ observations: added }, 201)
    },
  })
}

/** Leaves out members that are there but undefined. */
function withoutGaps(observation: { [K in keyof Observation]: Observation[K] | undefined }): Observation {
  return Object.fromEntries(Object.entries(observation).filter(([, value]) => value !== undefined)) as unknown as Observation
}
