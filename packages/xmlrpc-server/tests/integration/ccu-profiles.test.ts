import { startFakeDevice, type FakeDeviceProcess } from '@x/fake-device/testing'
import { ccuQuirks, FakeCcu, type CcuProfile, type CcuQuirks, type FleetName } from '@x/testkit/ccu'
import { bothModes, type ModeContext } from '@x/testkit/modes'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { fixMojibake, type XmlRpcServerOptions } from '../../src/index.ts'
import { startServer } from '../server/server-harness.ts'
import { answersFor, Registration } from './ccu-harness.ts'
import { HubCentral } from './hub-central.ts'

let device: FakeDeviceProcess

beforeAll(async () => {
  device = await startFakeDevice()
})

afterAll(async () => {
  await device.stop()
})

interface Scene {
  readonly profile: CcuProfile
  readonly quirks?: Partial<CcuQuirks>
  readonly options?: XmlRpcServerOptions
}

interface Hub {
  readonly central: HubCentral
  readonly registration: Registration
}

/** Lets the fake CCU take after an interface process, and registers a server with it. */
async function openHub(context: ModeContext, { profile, quirks = {}, options = {} }: Scene): Promise<Hub> {
  const { url } = await device.control.ccuSetProfile({ profile, quirks })
  const server = await startServer(context, options)
  const interfaceId = Registration.nextId()
  const central = new HubCentral('hub', interfaceId)
  server.addCentral(central)
  server.register('nothing', () => '')
  server.register('echo', (_interfaceId, value) => value ?? null)
  const registration = new Registration(device, server, { interfaceId, url })
  context.defer(() => registration[Symbol.asyncDispose]())
  await registration.init()
  await device.control.ccuSettled()
  return { central, registration }
}

/** The descriptions of a fleet, as the fake has them before they go over any wire; empty texts for lists are empty lists. */
function descriptionsOf(fleet: FleetName, { textForLists }: Partial<CcuQuirks> = {}): readonly unknown[] {
  const descriptions = new FakeCcu({ devices: fleet }).descriptions()
  if (textForLists !== true) return descriptions
  return descriptions.map((each) => (each.PARENT === '' ? { ...each, PARAMSETS: [] } : { ...each, CHILDREN: [] }))
}

async function stateOf({ interfaceId }: Registration): Promise<unknown> {
  const { registrations } = await device.control.ccu()
  return registrations.find((each) => each.interfaceId === interfaceId)
}

const PROFILES: readonly CcuProfile[] = ['rfd', 'hmip', 'virtual-devices']
const NAME = 'Küche 21 °C <groß & "klein">'

describe.each(PROFILES)('called by a CCU like %s', (profile) => {
  bothModes('gets the whole device list, and none of it again when it gives it back', async (context) => {
    const { central, registration } = await openHub(context, { profile })
    const expected = descriptionsOf('household', ccuQuirks(profile))
    await expect.poll(() => central.newDescriptions.length).toBe(expected.length)
    expect(central.newDescriptions).toEqual(expected)
    // some interfaces throw at what they have sent themselves: empty texts, texts for lists
    central.known = central.newDescriptions
    await device.control.ccuSetQuirks({ emptyInterfaceId: false })
    await registration.init()
    await device.control.ccuSettled()
    expect(await stateOf(registration)).toMatchObject({ state: 'ready', failed: 0, faults: 0 })
    const methods = (await answersFor(device, registration)).map(([method]) => method)
    const introduction = ['system.listMethods', 'listDevices']
    expect(methods).toEqual([...introduction, 'newDevices', ...introduction])
  })

  bothModes('reads and writes umlauts, empty texts and texts without a type', async (context) => {
    const { central, registration } = await openHub(context, { profile })
    const { interfaceId, client } = registration
    const invoke = (method: string, ...params: unknown[]): Promise<unknown> =>
      device.control.ccuInvoke({ interfaceId, method, params })
    expect(await invoke('error', 0, NAME)).toEqual({ kind: 'answered', value: true })
    for (const value of [NAME, '', ' ', '7', 'true']) {
      expect(await invoke('event', 'LEQ0000001:0', 'TEXT', value)).toEqual({ kind: 'answered', value: true })
      expect(await invoke('echo', value)).toEqual({ kind: 'answered', value })
    }
    expect(await invoke('nothing')).toEqual({ kind: 'answered', value: '' })
    expect(await invoke('echo', ['', { a: '', ü: [] }])).toEqual({ kind: 'answered', value: ['', { a: '', ü: [] }] })
    await expect.poll(() => central.events.map(({ value }) => value)).toEqual([NAME, '', ' ', '7', 'true'])
    expect(central.told.at(-1)).toEqual(['error', { interfaceId, errorCode: 0, message: NAME }])
    // what we send arrives as well: the CCU keeps the name, and may spell it in another encoding than it declares
    await client.call('addLink', ['LEQ0000010:1', 'LEQ0000002:1', 'Tür', 'Größe'])
    const link = (await client.call('getLinkInfo', ['LEQ0000010:1', 'LEQ0000002:1'])) as Record<string, string>
    const isGarbled = (await device.control.ccu()).quirks.utf8Names
    expect(isGarbled ? fixMojibake(link['NAME'] ?? '') : link['NAME']).toBe('Tür')
    await client.call('removeLink', ['LEQ0000010:1', 'LEQ0000002:1'])
    expect(await stateOf(registration)).toMatchObject({ state: 'ready', failed: 0, faults: 0 })
  })

  bothModes('hears batches of events in order, and the PONG to its ping', async (context) => {
    const { central, registration } = await openHub(context, { profile })
    const { client, interfaceId } = registration
    const reports = Array.from({ length: 240 }, (_, index) => ({
      address: `LEQ000000${2 + 4 * (index % 2)}:1`,
      parameter: 'LEVEL',
      value: index / 1000,
    }))
    for (let from = 0; from < reports.length; from += 80) {
      await device.control.ccuReport({ reports: reports.slice(from, from + 80), as: 'multicall' })
    }
    await client.call('ping', [`${interfaceId}#7`])
    await expect.poll(() => central.events.length).toBe(reports.length + 1)
    expect(central.events.map(({ channelAddress, parameter, value }) => [channelAddress, parameter, value])).toEqual([
      ...reports.map(({ address, parameter, value }) => [address, parameter, value]),
      ['CENTRAL', 'PONG', `${interfaceId}#7`],
    ])
    const answers = await answersFor(device, registration)
    const batches = answers.filter(([method]) => method === 'system.multicall')
    expect(batches.length).toBeGreaterThanOrEqual(3)
    expect(batches[0]?.[1]).toEqual({ kind: 'answered', value: Array.from({ length: 80 }, () => [true]) })
    expect(answers.some(([method]) => method === 'event')).toBe(profile !== 'rfd')
    expect(await stateOf(registration)).toMatchObject({ state: 'ready', sent: 241, lost: 0, failed: 0 })
  })
})

describe('called by a CCU that writes in another way', () => {
  bothModes('reads every encoding, also undeclared and changed under way', async (context) => {
    const options = { encodingFallback: 'iso-8859-1' } as const
    const { central, registration } = await openHub(context, { profile: 'rfd', options })
    const { interfaceId } = registration
    const ways = [
      { encoding: 'iso-8859-1', declaresEncoding: true },
      { encoding: 'iso-8859-1', declaresEncoding: false },
      { encoding: 'utf-8', declaresEncoding: true },
      { encoding: 'utf-8', declaresEncoding: false },
    ] as const
    for (const [index, quirks] of ways.entries()) {
      await device.control.ccuSetQuirks(quirks)
      const params = ['LEQ0000001:0', 'TEXT', `${index} ${NAME}`]
      expect(await device.control.ccuInvoke({ interfaceId, method: 'event', params })).toMatchObject({ value: true })
    }
    await expect
      .poll(() => central.events.map(({ value }) => value))
      .toEqual(ways.map((_way, index) => `${index} ${NAME}`))
  })

  bothModes('refuses undeclared bytes that are no UTF-8, and goes on', async (context) => {
    const { registration } = await openHub(context, { profile: 'rfd', quirks: { declaresEncoding: false } })
    const { interfaceId } = registration
    const call = { interfaceId, method: 'event', params: ['LEQ0000001:0', 'TEXT', NAME] }
    expect(await device.control.ccuInvoke(call)).toMatchObject({ kind: 'failed', failure: 'status' })
    await device.control.ccuSetQuirks({ declaresEncoding: true })
    expect(await device.control.ccuInvoke(call)).toEqual({ kind: 'answered', value: true })
  })
})

describe('called by a CCU over a bad network', () => {
  bothModes('gets the device list whole from small pieces, and after a call that broke off', async (context) => {
    context.defer(() => device.control.clearFaults())
    await device.control.addFault({
      endpoint: 'callbacks',
      type: 'slice',
      stream: 'upstream',
      attributes: { averageBytes: 600, variationBytes: 500, delayMs: 0 },
    })
    const { central, registration } = await openHub(context, { profile: 'hmip' })
    const expected = descriptionsOf('household')
    await expect.poll(() => central.newDescriptions.length).toBe(expected.length)
    expect(central.newDescriptions).toEqual(expected)
    await device.control.clearFaults()

    const attributes = { afterBytes: 400 }
    const cut = await device.control.addFault({ endpoint: 'callbacks', type: 'cut', stream: 'upstream', attributes })
    const event = {
      interfaceId: registration.interfaceId,
      method: 'event',
      params: ['MEQ1:1', 'TEXT', NAME.repeat(20)],
    }
    expect(await device.control.ccuInvoke(event)).toMatchObject({ kind: 'failed' })
    await device.control.removeFault(cut)
    expect(await device.control.ccuInvoke(event)).toEqual({ kind: 'answered', value: true })
    await expect.poll(() => central.events.map(({ value }) => value)).toEqual([NAME.repeat(20)])
  })
})

describe('called by a CCU with several hundred devices', () => {
  bothModes('gets all of them in one newDevices of more than 4 MB', async (context) => {
    await device.control.ccuLoadFleet({ fleet: 'catalogue' })
    context.defer(() => device.control.ccuLoadFleet({ fleet: 'household' }))
    const { central, registration } = await openHub(context, { profile: 'hmip' })
    const expected = descriptionsOf('catalogue')
    await expect.poll(() => central.newDescriptions.length).toBe(expected.length)
    expect(central.newDescriptions).toEqual(expected)
    expect(central.told).toHaveLength(1)
    expect(await stateOf(registration)).toMatchObject({ state: 'ready', answered: 3, failed: 0, faults: 0 })
    const answers = await answersFor(device, registration)
    expect(answers.at(-1)).toEqual(['newDevices', { kind: 'answered', value: true }])
  })
})
