import { ControlClient } from '@x/testkit/control'
import { leakHooks } from '@x/testkit/leaks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeDeviceServer } from '../../src/server/fake-device-server.ts'
import { CallbackServer } from '../callback-server.ts'
import { raw, sendJson } from '../raw-request.ts'

const leaks = leakHooks()
let server: FakeDeviceServer
let client: ControlClient

beforeEach(async () => {
  leaks.before()
  server = await new FakeDeviceServer().start()
  client = new ControlClient(server.url)
})

afterEach(async () => {
  await server.stop()
  await leaks.after()
})

describe('the list of devices', () => {
  it('shows what each is, and its properties with their limits', async () => {
    const devices = await client.devices()
    expect(devices.length).toBe(10)
    expect(devices[0]).toMatchObject({
      id: 'LEQ0000001',
      endpoint: 'ccu',
      type: 'HM-LC-Sw1-Pl',
      label: 'switch actuator',
      name: 'Floor lamp',
    })
    const { properties } = await client.device('LEQ0000003')
    expect(properties).toContainEqual({
      key: '1.SET_TEMPERATURE',
      type: 'number',
      value: 20,
      min: 4.5,
      max: 30.5,
      unit: '°C',
      isWritable: true,
      isService: false,
    })
    expect(properties).toContainEqual({ key: '1.BOOST_MODE', type: 'action', isWritable: true, isService: false })
    expect(properties).toContainEqual(expect.objectContaining({ key: '0.LOWBAT', type: 'boolean', isService: true }))
  })

  it('grows and shrinks, and registered clients of the CCU hear of it', async () => {
    await using callbacks = await CallbackServer.open()
    expect(await callbacks.register(server.ccuUrl, 'hub')).toBe(200)
    await client.ccuSettled()
    const added = await client.addDevice({ type: 'HM-Sec-SC-2', address: 'LEQ0000077' })
    expect(added).toMatchObject({ id: 'LEQ0000077', name: 'window contact' })
    await client.addDevice({ type: 'HM-Sec-SC-2', address: 'LEQ0000078', name: 'Attic' })
    await client.removeDevice('LEQ0000077')
    await client.ccuSettled()
    const methods = callbacks.bodies.map((body) => /<methodName>(.*?)</.exec(body)?.[1])
    expect(methods.slice(-3)).toEqual(['newDevices', 'newDevices', 'deleteDevices'])
    expect((await client.devices()).at(-1)).toMatchObject({ name: 'Attic' })
    await expect(client.device('LEQ0000077')).rejects.toMatchObject({ status: 404, reason: 'FAKE_UNKNOWN_DEVICE' })
    await expect(client.removeDevice('LEQ0000077')).rejects.toMatchObject({ status: 404 })
    await expect(client.addDevice({ type: 'HM-Sec-SC-2', address: 'LEQ0000078' })).rejects.toMatchObject({
      status: 409,
      reason: 'FAKE_CONFLICT',
      path: 'address',
    })
    await expect(client.addDevice({ type: 'Toaster', address: 'LEQ0000079' })).rejects.toMatchObject({
      status: 400,
      path: 'type',
    })
  })
})

describe('the state of a device', () => {
  it('is read and set by keys, an enum by the names of its options', async () => {
    expect((await client.state('LEQ0000005')).state).toMatchObject({ '1.STATE': 'CLOSED', '1.LOWBAT': false })
    const changed = await client.setState('LEQ0000005', { '1.STATE': 'TILTED', '1.LOWBAT': true })
    expect(changed.state).toMatchObject({ '1.STATE': 'TILTED', '1.LOWBAT': true })
    expect(server.ccu.paramset('LEQ0000005:1', 'VALUES').value('STATE')).toBe(1)
    expect((await client.setState('LEQ0000010', { '2.PRESS_SHORT': true })).state).not.toHaveProperty('2.PRESS_SHORT')
  })

  it('can be put as a whole, but then all of it', async () => {
    const url = `${server.url}/api/devices/LEQ0000001/state`
    const { state } = await client.state('LEQ0000001')
    expect(await sendJson(url, 'PUT', { ...state, '1.STATE': true })).toMatchObject({ status: 200 })
    expect((await client.state('LEQ0000001')).state).toEqual({ ...state, '1.STATE': true })
    expect(await sendJson(url, 'PUT', { '1.STATE': false })).toMatchObject({
      status: 400,
      body: { error: { code: 'FAKE_STATE_INCOMPLETE' } },
    })
    expect((await client.state('LEQ0000001')).state).toMatchObject({ '1.STATE': true })
  })

  it('reaches registered clients of the CCU: one value as an event, several in a multicall', async () => {
    await using callbacks = await CallbackServer.open()
    await callbacks.register(server.ccuUrl, 'hub')
    await client.ccuSettled()
    const before = callbacks.bodies.length
    await client.setState('LEQ0000002', { '1.LEVEL': 1 })
    await client.ccuSettled()
    await client.setState('LEQ0000002', { '1.LEVEL': 0.25, '0.LOWBAT': true })
    await client.ccuSettled()
    const [single, several] = callbacks.bodies.slice(before)
    expect(single).toContain('<methodName>event</methodName>')
    expect(single).toContain('<double>1.000000</double>')
    expect(several).toContain('<methodName>system.multicall</methodName>')
    expect(several).toContain('LOWBAT')
  })

  it.each([
    ['a property that is not there', { '1.TASTE': 1 }, 'FAKE_UNKNOWN_PROPERTY', '1.TASTE'],
    ['a channel that is not there', { '9.STATE': true }, 'FAKE_UNKNOWN_PROPERTY', '9.STATE'],
    ['a key of no form', { STATE: true }, 'FAKE_UNKNOWN_PROPERTY', 'STATE'],
    ['a value of another type', { '1.LEVEL': 'high' }, 'FAKE_VALUE_TYPE', '1.LEVEL'],
    ['a value out of range', { '1.LEVEL': 1.5 }, 'FAKE_VALUE_RANGE', '1.LEVEL'],
    ['a number for an enum', { '1.ERROR': 1 }, 'FAKE_VALUE_TYPE', '1.ERROR'],
    ['a name that an enum does not have', { '1.ERROR': 'FIRE' }, 'FAKE_VALUE_RANGE', '1.ERROR'],
    ['null', { '1.LEVEL': null }, 'FAKE_BAD_REQUEST', '1.LEVEL'],
    ['a list', [1], 'FAKE_BAD_REQUEST', ''],
    ['a text', '"on"', 'FAKE_BAD_REQUEST', ''],
  ])('does not change for %s', async (_what, body, code, path) => {
    const before = await client.state('LEQ0000002')
    const withGood = typeof body === 'object' && !Array.isArray(body) ? { '0.LOWBAT': true, ...body } : body
    const answer = await sendJson(`${server.url}/api/devices/LEQ0000002/state`, 'PATCH', withGood)
    expect(answer).toMatchObject({ status: 400, body: { error: { code, path, message: expect.any(String) } } })
    expect(await client.state('LEQ0000002')).toEqual(before)
  })

  it('does not change for bad JSON, another type of body, or a body that is too large', async () => {
    const url = `${server.url}/api/devices/LEQ0000002/state`
    const before = await client.state('LEQ0000002')
    expect(await sendJson(url, 'PATCH', '{"1.LEVEL": ')).toMatchObject({
      status: 400,
      body: { error: { code: 'FAKE_BAD_JSON' } },
    })
    expect(await sendJson(url, 'PATCH', '')).toMatchObject({ status: 400, body: { error: { code: 'FAKE_BAD_JSON' } } })
    for (const type of ['text/plain', '', 'application/jsonp']) {
      const answer = await raw(url, { method: 'PATCH', headers: { 'Content-Type': type }, body: '{"1.LEVEL":1}' })
      expect([answer.status, answer.text.includes('FAKE_MEDIA_TYPE')]).toEqual([415, true])
    }
    const large = JSON.stringify({ '1.LEVEL': 1, x: 'x'.repeat(70_000) })
    expect(await sendJson(url, 'PATCH', large)).toMatchObject({
      status: 413,
      body: { error: { code: 'FAKE_BODY_TOO_LARGE' } },
    })
    const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }
    expect((await raw(url, { method: 'PATCH', headers, body: large })).status).toBe(413)
    expect(await client.state('LEQ0000002')).toEqual(before)
  })

  it('is that of no device for an unknown id', async () => {
    await expect(client.state('nobody')).rejects.toMatchObject({ status: 404, path: '/api/devices/nobody/state' })
    await expect(client.setState('nobody', { '1.STATE': true })).rejects.toMatchObject({ status: 404 })
  })
})
