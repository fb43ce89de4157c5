import { OptionError } from '@x/loop-utils/errors'
import { CCU_FAULTS, CcuFault, type FakeCcu } from '@x/testkit/ccu'
import type { Context, Hono } from 'hono'
import type { ApiContext } from './api-context.ts'
import {
  addressSchema,
  announcementSchema,
  dutyCycleSchema,
  firmwareSchema,
  fleetSchema,
  profileSchema,
  quirksSchema,
  rebootSchema,
  type AnnouncementBody,
} from './ccu-schemas.ts'
import { readJsonBody } from './json-body.ts'
import { ApiProblem } from './problem.ts'
import { resource } from './resource.ts'
import type { BodySchema } from './schemas.ts'

/** What the fake CCU is like and goes through: habits, fleet, reboots, and what devices make it announce. */
export function ccuStateRoutes(app: Hono, api: ApiContext): void {
  const { ccu } = api.ccu
  const body = <T>(context: Context, schema: BodySchema<T>): Promise<T> =>
    readJsonBody(context, schema, api.maxBodyBytes)
  const view = (context: Context): Response => context.json(api.ccu.view())
  resource(app, '/api/ccu/quirks', {
    GET: (context) => context.json(ccu.quirks),
    PATCH: async (context) => {
      const changes = await body(context, quirksSchema)
      await orProblem(() => ccu.setQuirks(changes))
      return view(context)
    },
  })
  resource(app, '/api/ccu/profile', {
    PUT: async (context) => {
      const { profile, quirks } = await body(context, profileSchema)
      await orProblem(() => ccu.setProfile(profile, quirks))
      return view(context)
    },
  })
  resource(app, '/api/ccu/fleet', {
    PUT: async (context) => {
      const { fleet, seed } = await body(context, fleetSchema)
      await orProblem(() => ccu.loadFleet(fleet, seed))
      return view(context)
    },
  })
  resource(app, '/api/ccu/reboot', {
    POST: async (context) => {
      const { downMs = 0, startingMs = 0 } = await body(context, rebootSchema)
      await orProblem(() => api.ccu.reboot({ downMs, startingMs }))
      return context.json(api.ccu.view(), 202)
    },
  })
  resource(app, '/api/ccu/duty-cycle', {
    PUT: async (context) => {
      const { percent } = await body(context, dutyCycleSchema)
      await orProblem(() => ccu.setDutyCycle(percent))
      return view(context)
    },
  })
  deviceRoutes(app, api)
}

/** What a device of the fake CCU does beyond reporting values. */
function deviceRoutes(app: Hono, { ccu: { ccu }, maxBodyBytes }: ApiContext): void {
  resource(app, '/api/ccu/announcements', {
    POST: async (context) => {
      const announcement = await readJsonBody(context, announcementSchema, maxBodyBytes)
      await orProblem(() => announce(ccu, announcement))
      return context.body(null, 204)
    },
  })
  resource(app, '/api/ccu/firmware', {
    POST: async (context) => {
      const { address, version } = await readJsonBody(context, firmwareSchema, maxBodyBytes)
      await orProblem(() => ccu.offerFirmware(address, version))
      return context.body(null, 204)
    },
  })
  resource(app, '/api/ccu/wake', {
    POST: async (context) => {
      const { address } = await readJsonBody(context, addressSchema, maxBodyBytes)
      const woke = await orProblem(() => ccu.wake(address))
      return context.json({ woke })
    },
  })
}

function announce(ccu: FakeCcu, announcement: AnnouncementBody): void {
  switch (announcement.kind) {
    case 'updateDevice':
      return ccu.updateDevice(announcement.address, announcement.hint)
    case 'readdedDevice':
      return ccu.readdDevice(announcement.address)
    case 'replaceDevice':
      return ccu.replaceDevice(announcement.address, announcement.newAddress)
    case 'error':
      return ccu.reportError(announcement.errorCode, announcement.message)
  }
}

/** What the fake CCU refuses is a problem of the request. */
async function orProblem<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof OptionError) {
      throw new ApiProblem('FAKE_BAD_REQUEST', error.message, error.option.replace(/^quirks\./, ''))
    }
    if (!(error instanceof CcuFault)) throw error
    const code = error.faultCode === CCU_FAULTS.unknownDevice ? 'FAKE_UNKNOWN_DEVICE' : 'FAKE_BAD_REQUEST'
    throw new ApiProblem(code, error.faultString, 'address')
  }
}
