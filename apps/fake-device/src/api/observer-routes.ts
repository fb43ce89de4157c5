import type { Observation } from '@x/testkit/control'
import type { Hono } from 'hono'
import type { ApiContext } from './api-context.ts'
import { readJsonBody } from './json-body.ts'
import { resource } from './resource.ts'
import { observationSchema, observationsSchema, type BodySchema, type ObservationBody } from './schemas.ts'

/** Serves what observers heard. */
export function observerRoutes(app: Hono, { observations, events, maxBodyBytes }: ApiContext): void {
  resource(app, '/api/observers', {
    GET: (context) => context.json(observations.list()),
    POST: async (context) => {
      const heard = await readJsonBody(context, schemaFor, maxBodyBytes)
      const added = [heard].flat().map((observation) => observations.add(withoutGaps(observation)))
      for (const observation of added) events.append('observation', observation)
      return context.json({ observations: added }, 201)
    },
  })
}

/** One observation, or a list of them: each with the message that fits. */
function schemaFor(body: unknown): BodySchema<ObservationBody | ObservationBody[]> {
  return Array.isArray(body) ? observationsSchema : observationSchema
}

/** Leaves out members that are there but undefined. */
function withoutGaps(observation: ObservationBody): Observation {
  return Object.fromEntries(
    Object.entries(observation).filter(([, value]) => value !== undefined),
  ) as unknown as Observation
}
