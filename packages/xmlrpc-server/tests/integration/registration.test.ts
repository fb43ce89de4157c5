import { startFakeDevice, type FakeDeviceProcess } from '@x/fake-device/testing'
import { constant } from '@x/loop-utils/backoff'
import { bothModes, type ModeContext } from '@x/testkit/modes'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { CcuRegistration, type CcuRegistrationOptions } from '../../src/registration/index.ts'
import { startServer } from '../server/server-harness.ts'
import { Registration } from './ccu-harness.ts'
import { HubCentral } from './hub-central.ts'

let device: FakeDeviceProcess

beforeAll(async () => {
  device = await startFakeDevice({ profile: 'rfd' })
})

afterAll(async () => {
  await device.stop()
})

const QUICK = {
  pingAfterMs: 100,
  pongTimeoutMs: 200,
  maxMissedPongs: 1,
  backoff: constant(50),
  firstCallbackTimeoutMs: 10_000,
} as const

interface Hub {
  readonly central: HubCentral
  readonly registration: CcuRegistration
}

/** A server with a registration that stands; both end with the test. */
async function openHub(context: ModeContext, options: Partial<CcuRegistrationOptions> = {}): Promise<Hub> {
  const server = await startServer(context)
  const interfaceId = Registration.nextId()
  const registration = new CcuRegistration({
    ccu: device.ccu.url,
    interfaceId,
    callbackUrl: () => `http://127.0.0.1:${server.listenPort}/RPC2`,
    ...QUICK,
    ...options,
  })
  context.defer(() => registration.stop())
  const central = new HubCentral('hub', interfaceId)
  server.addCentral(registration.watch(central))
  await registration.start()
  await registration.ready()
  return { central, registration }
}

async function stateOf({ interfaceId }: CcuRegistration): Promise<string | undefined> {
  const { registrations } = await device.control.ccu()
  return registrations.find((each) => each.interfaceId === interfaceId)?.state
}

/** The ids of the calls of `init` that came from this registration; empty where it took itself back. */
async function initsOf({ interfaceId }: CcuRegistration, callbackUrl: string): Promise<readonly unknown[]> {
  const calls = await device.control.ccuCalls()
  return calls.flatMap(({ method, params }) =>
    method === 'init' && (params[1] === interfaceId || params[0] === callbackUrl) ? [params[1]] : [],
  )
}

let level = 0

/** A device reports a value that no test before had. */
async function report(): Promise<number> {
  level = Math.round(level * 1000 + 1) / 1000
  await device.control.setState('LEQ0000002', { '1.LEVEL': level })
  return level
}

/** Resolves once the central hears what a device reports now. */
async function hears(central: HubCentral): Promise<void> {
  await expect
    .poll(async () => {
      const value = await report()
      await device.control.ccuSettled()
      return central.events.some((event) => event.value === value)
    })
    .toBe(true)
}

describe('a registration with a CCU in another process', () => {
  bothModes('stands until it is taken back, and events come', async (context) => {
    const { central, registration } = await openHub(context, { pingAfterMs: 60_000 })
    const { registrations } = await device.control.ccu()
    const url = registrations.find(({ interfaceId }) => interfaceId === registration.interfaceId)?.url ?? ''
    await expect.poll(() => central.newAddresses.length).toBeGreaterThan(10)
    const value = await report()
    await expect.poll(() => central.events.map((event) => event.value)).toEqual([value])
    expect(registration.health()).toMatchObject({ status: 'ok', counters: { inits: 1, missedPongs: 0 } })
    await registration.stop()
    expect(await stateOf(registration)).toBe(undefined)
    expect(await initsOf(registration, url)).toEqual([registration.interfaceId, ''])
  })

  bothModes('is made again when the CCU was rebooted, through refused connections and 503', async (context) => {
    const { central, registration } = await openHub(context)
    const phases: string[] = []
    registration.on('phase', ({ phase }) => void phases.push(phase))
    await device.control.ccuReboot({ downMs: 150, startingMs: 150 })
    await expect.poll(() => phases).toContain('waiting')
    await expect.poll(() => device.control.ccu().then(({ state }) => state)).toBe('ready')
    await expect.poll(() => registration.phase).toBe('registered')
    await expect.poll(() => stateOf(registration)).toBe('ready')
    await hears(central)
  })

  bothModes('is made again when the connections of the CCU to it were cut until it gave up', async (context) => {
    const { central, registration } = await openHub(context)
    const again = once(registration, 'registered')
    const cut = await device.control.addFault({
      endpoint: 'callbacks',
      type: 'reset',
      stream: 'upstream',
      attributes: { afterBytes: 10 },
    })
    context.defer(() => device.control.clearFaults())
    for (let call = 0; call < 3; call++) await report()
    await expect.poll(() => stateOf(registration)).toBe('dead')
    await device.control.removeFault(cut)
    const [{ inits }] = (await again) as [{ inits: number }]
    expect(inits).toBeGreaterThan(1)
    await hears(central)
  })

  bothModes('stands while answers to its pings are lost and the PONGs come', async (context) => {
    const { central, registration } = await openHub(context, { pongTimeoutMs: 10_000 })
    context.defer(() => device.control.clearFaults())
    await device.control.addFault({ type: 'reset', attributes: { afterBytes: 10 } })
    for (let pong = 0; pong < 3; pong++) await once(registration, 'pong')
    expect(registration.phase).toBe('registered')
    expect(registration.health().counters).toMatchObject({ inits: 1, missedPongs: 0 })
    await hears(central)
  })

  bothModes('is made again when its own connections to the CCU were cut', async (context) => {
    const { central, registration } = await openHub(context)
    context.defer(() => device.control.clearFaults())
    const lost = once(registration, 'phase')
    const cut = await device.control.addFault({ type: 'reset', stream: 'upstream', attributes: { afterBytes: 10 } })
    expect(await lost).toMatchObject([{ previous: 'registered' }])
    await device.control.removeFault(cut)
    await expect.poll(() => registration.phase).toBe('registered')
    await expect.poll(() => stateOf(registration)).toBe('ready')
    await hears(central)
  })
})
