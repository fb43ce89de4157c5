import { startFakeDevice, type FakeDeviceProcess } from '@x/fake-device/testing'
import { bothModes, type ModeContext } from '@x/testkit/modes'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { XmlRpcFault, type KnownDevice } from '../../src/index.ts'
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

type Context = ModeContext

interface Hub {
  readonly central: HubCentral
  readonly registration: Registration
}

/** Starts a server with one central and registers it with the fake CCU. */
async function openHub(context: Context, known: readonly KnownDevice[] = []): Promise<Hub> {
  const server = await startServer(context, {})
  const interfaceId = Registration.nextId()
  const central = new HubCentral('hub', interfaceId)
  central.known = known
  server.addCentral(central)
  server.register('greet', (name) => `hello ${name as string}`)
  const registration = new Registration(device, server, { interfaceId })
  context.defer(() => registration[Symbol.asyncDispose]())
  await registration.init()
  return { central, registration }
}

describe('against a fake CCU, which speaks through the npm library xmlrpc', () => {
  bothModes('registers and gets the devices that it does not know', async (context) => {
    const all = await device.control.devices()
    const first = all[0]?.id ?? ''
    const { central, registration } = await openHub(context, [{ ADDRESS: first, VERSION: 6 }])
    await expect.poll(() => central.newAddresses.length).toBeGreaterThan(all.length)
    const added = new Set(central.newAddresses)
    for (const { id } of all.slice(1)) expect(added).toContain(id)
    const answers = await answersFor(device, registration)
    expect(answers.map(([method]) => method)).toEqual(['system.listMethods', 'listDevices', 'newDevices'])
    expect(answers[0]?.[1]).toMatchObject({
      kind: 'answered',
      value: expect.arrayContaining(['event', 'listDevices', 'greet']),
    })
    expect(answers[1]?.[1]).toEqual({ kind: 'answered', value: [{ ADDRESS: first, VERSION: 6 }] })
    expect(answers[2]?.[1]).toEqual({ kind: 'answered', value: true })
  })

  bothModes('hears events one by one and in multicalls, in their order', async (context) => {
    const { central, registration } = await openHub(context)
    const address = 'LEQ0000002:1'
    const reports = Array.from({ length: 250 }, (_, index) => ({ address, parameter: 'LEVEL', value: index / 1000 }))
    await device.control.ccuReport({ reports: reports.slice(0, 50), as: 'single' })
    await device.control.ccuReport({ reports: reports.slice(50), as: 'multicall' })
    await expect.poll(() => central.events.length).toBe(reports.length)
    expect(central.events).toEqual(
      reports.map(({ value }) => ({
        interfaceId: registration.interfaceId,
        channelAddress: address,
        parameter: 'LEVEL',
        value,
      })),
    )
    const calls = await answersFor(device, registration)
    expect(calls.filter(([method]) => method === 'event')).toHaveLength(50)
    expect(calls.filter(([method]) => method === 'system.multicall').length).toBeGreaterThan(0)
    for (const [, outcome] of calls) expect(outcome).toMatchObject({ kind: 'answered' })
  })

  bothModes('hears what its own calls lead to', async (context) => {
    const { central, registration } = await openHub(context)
    const { client, interfaceId } = registration
    await client.call('setValue', ['LEQ0000001:1', 'STATE', false])
    await client.call('setValue', ['LEQ0000001:1', 'STATE', true])
    expect(await client.call('ping', [`${interfaceId}#42`])).toBe(true)
    const has = (parameter: string, value: unknown): boolean =>
      central.events.some((event) => event.parameter === parameter && event.value === value)
    await expect.poll(() => has('STATE', true)).toBe(true)
    await expect.poll(() => has('PONG', `${interfaceId}#42`)).toBe(true)
    expect(await client.call('getValue', ['LEQ0000001:1', 'STATE'])).toBe(true)
    const [value, fault] = await client.multicall([
      { methodName: 'getValue', params: ['LEQ0000001:1', 'STATE'] },
      { methodName: 'getValue', params: ['LEQ0000099:1', 'STATE'] },
    ])
    expect(value).toBe(true)
    expect(fault).toBeInstanceOf(XmlRpcFault)
    expect(fault).toMatchObject({ faultCode: -2 })
  })

  bothModes('answers the callbacks that a CCU seldom makes, and what it does not know', async (context) => {
    const { central, registration } = await openHub(context)
    const { interfaceId } = registration
    const invoke = (method: string, ...params: unknown[]): Promise<unknown> =>
      device.control.ccuInvoke({ interfaceId, method, params })
    const acknowledged = { kind: 'answered', value: true }
    expect(await invoke('updateDevice', 'LEQ0000001', 1)).toEqual(acknowledged)
    expect(await invoke('readdedDevice', ['LEQ0000001'])).toEqual(acknowledged)
    expect(await invoke('replaceDevice', 'LEQ0000001', 'LEQ0000011')).toEqual(acknowledged)
    expect(await invoke('error', -1, 'Küche <kaputt>')).toEqual(acknowledged)
    expect(await invoke('deleteDevices', ['LEQ0000001'])).toEqual(acknowledged)
    expect(await invoke('setReadyConfig')).toEqual(acknowledged)
    expect(await invoke('greet')).toEqual({ kind: 'answered', value: `hello ${interfaceId}` })
    expect(await invoke('unheardOf')).toMatchObject({ kind: 'fault', fault: { faultCode: -32601 } })
    expect(await invoke('event', 'LEQ0000001:1')).toMatchObject({ kind: 'fault', fault: { faultCode: -32602 } })
    await expect
      .poll(() => central.told.filter((entry) => (entry as [string])[0] !== 'newDevices'))
      .toEqual([
        ['updateDevice', { interfaceId, address: 'LEQ0000001', hint: 1 }],
        ['readdedDevice', { interfaceId, addresses: ['LEQ0000001'] }],
        ['replaceDevice', { interfaceId, oldAddress: 'LEQ0000001', newAddress: 'LEQ0000011' }],
        ['error', { interfaceId, errorCode: -1, message: 'Küche <kaputt>' }],
        ['deleteDevices', { interfaceId, addresses: ['LEQ0000001'] }],
      ])
  })

  bothModes('hears of devices that come and go', async (context) => {
    const { central, registration } = await openHub(context)
    const address = `NEQ${registration.interfaceId.replace(/\D/g, '').padStart(7, '0').slice(-7)}`
    await expect.poll(() => central.newAddresses.length).toBeGreaterThan(0)
    await device.control.addDevice({ type: 'HM-LC-Sw1-Pl', address })
    await expect.poll(() => central.newAddresses).toContain(`${address}:1`)
    await device.control.removeDevice(address)
    await expect
      .poll(() => central.told.at(-1))
      .toEqual([
        'deleteDevices',
        { interfaceId: registration.interfaceId, addresses: expect.arrayContaining([address]) },
      ])
  })
})
