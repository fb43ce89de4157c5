import { ControlClient, type CcuOutcome, type CcuState } from '@x/testkit/control'
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
  server = await new FakeDeviceServer({ ccu: { callTimeoutMs: 5000 } }).start()
  client = new ControlClient(server.url)
})

afterEach(async () => {
  await server.stop()
  await leaks.after()
})

/** The status of a call to the fake CCU, or the code of the error without one. */
async function knock(method = 'getVersion', ...params: readonly string[]): Promise<unknown> {
  const values = params.map((param) => `<param><value>${param}</value></param>`).join('')
  const body = `<methodCall><methodName>${method}</methodName><params>${values}</params></methodCall>`
  try {
    const response = await fetch(server.ccuUrl, { method: 'POST', body, headers: { Connection: 'close' } })
    const text = await response.text()
    return /<name>faultCode<\/name><value><int>(-?\d+)/.exec(text)?.[1] ?? response.status
  } catch (error) {
    return ((error as Error).cause as NodeJS.ErrnoException).code
  }
}

async function until(state: CcuState): Promise<void> {
  while ((await client.ccu()).state !== state) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('what the fake CCU is like', () => {
  it('is shown, and its quirks can be changed', async () => {
    const before = await client.ccu()
    expect(before).toMatchObject({ profile: 'plain', state: 'ready', dutyCycle: 0, devices: 10, quirks: { i4: false } })
    const after = await client.ccuSetQuirks({ i4: true, path: '/groups' })
    expect(after.quirks).toEqual({ ...before.quirks, i4: true, path: '/groups' })
    expect(after.url).toBe(`${before.url}/groups`)
    expect(await (await fetch(`${server.url}/api/ccu/quirks`)).json()).toEqual(after.quirks)
  })

  it('has an encoding that can be changed like any other habit, and its readers hear of it', async () => {
    await using callbacks = await CallbackServer.open()
    await callbacks.register(server.ccuUrl, 'hub')
    await client.ccuSettled()
    const events = client.events()
    await events.opened
    const greet = { interfaceId: 'hub', method: 'event', params: ['K\u{FC}che'] }
    await client.ccuInvoke(greet)
    // bodies are shown byte for byte
    expect(callbacks.bodies.at(-1)).toMatch(/encoding="ISO-8859-1".*K\u{FC}che/u)
    expect((await client.ccuSetQuirks({ encoding: 'utf-8' })).quirks.encoding).toBe('utf-8')
    await client.ccuInvoke(greet)
    expect(callbacks.bodies.at(-1)).toContain('encoding="UTF-8"')
    expect(callbacks.bodies.at(-1)).toContain('K\u{C3}\u{BC}che')
    await client.ccuSetQuirks({ declaresEncoding: false })
    await client.ccuInvoke(greet)
    expect(callbacks.bodies.at(-1)).toMatch(/^<\?xml version="1.0"\?>/)
    const heard: unknown[] = []
    for await (const event of events) {
      if (event.type === 'quirks') heard.push([event.data.quirks.encoding, event.data.quirks.declaresEncoding])
      if (heard.length === 2) break
    }
    expect(heard).toEqual([
      ['utf-8', true],
      ['utf-8', false],
    ])
  })

  it('takes after another interface process when so told, and keeps who is registered', async () => {
    await using callbacks = await CallbackServer.open()
    await callbacks.register(server.ccuUrl, 'hub')
    await client.ccuSettled()
    const view = await client.ccuSetProfile({ profile: 'virtual-devices', quirks: { encoding: 'utf-8' } })
    expect(view).toMatchObject({
      profile: 'virtual-devices',
      interfaceName: 'VirtualDevices',
      quirks: { path: '/groups', untypedMaster: true, encoding: 'utf-8' },
      registrations: [{ interfaceId: 'hub', state: 'ready' }],
    })
    expect(view.url).toMatch(/\/groups$/)
    const plain = await client.ccuSetProfile({ profile: 'plain' })
    expect(plain.quirks).toMatchObject({ path: '', untypedMaster: false, encoding: 'iso-8859-1' })
  })

  it('is a whole catalogue of devices when so told', async () => {
    await using callbacks = await CallbackServer.open()
    await callbacks.register(server.ccuUrl, 'hub')
    await client.ccuSettled()
    const heard = callbacks.bodies.length
    expect(await client.ccuLoadFleet({ fleet: 'catalogue', seed: 3 })).toMatchObject({ devices: 388 })
    await client.ccuSettled()
    const [deleted = '', added = ''] = callbacks.bodies.slice(heard)
    expect(deleted).toContain('deleteDevices')
    expect(added).toContain('newDevices')
    expect(added.length).toBeGreaterThan(4_000_000)
    const devices = await client.devices()
    expect(new Set(devices.map(({ type }) => type)).size).toBe(388)
    expect(await client.ccuLoadFleet({ fleet: 'household' })).toMatchObject({ devices: 10 })
  })

  it('uses up its duty cycle, wakes devices and offers firmware', async () => {
    expect(await client.ccuSetDutyCycle(100)).toMatchObject({ dutyCycle: 100 })
    expect(await knock('updateFirmware', 'LEQ0000001')).toBe('-7')
    await client.ccuOfferFirmware({ address: 'LEQ0000001', version: '2.0' })
    expect(await knock('updateFirmware', 'LEQ0000001')).toBe(200)
    expect(await client.ccuWake('LEQ0000004')).toBe(false)
  })

  it('tells everyone registered what it is told to', async () => {
    await using callbacks = await CallbackServer.open()
    await callbacks.register(server.ccuUrl, 'hub')
    await client.ccuSettled()
    const heard = callbacks.bodies.length
    await client.ccuAnnounce({ kind: 'updateDevice', address: 'LEQ0000001', hint: 1 })
    await client.ccuAnnounce({ kind: 'readdedDevice', address: 'LEQ0000001' })
    await client.ccuAnnounce({ kind: 'replaceDevice', address: 'LEQ0000001', newAddress: 'NEQ0000001' })
    await client.ccuAnnounce({ kind: 'error', errorCode: -1, message: 'no radio' })
    await client.ccuSettled()
    const methods = callbacks.bodies.slice(heard).map((body) => /<methodName>(\w+)/.exec(body)?.[1])
    expect(methods).toEqual(['updateDevice', 'readdedDevice', 'replaceDevice', 'error'])
    expect((await client.device('NEQ0000001')).name).toBe('Floor lamp')
  })

  it.each([
    ['PATCH', 'quirks', { nosuch: true }, 400, 'nosuch'],
    ['PATCH', 'quirks', { i4: 'yes' }, 400, 'i4'],
    ['PATCH', 'quirks', { i4: 1 }, 400, 'i4'],
    ['PATCH', 'quirks', { encoding: 'utf-16' }, 400, 'encoding'],
    ['PUT', 'profile', { profile: 'ccu9' }, 400, 'profile'],
    ['PUT', 'profile', { profile: 'rfd', quirks: { delivery: 'post' } }, 400, 'delivery'],
    ['PUT', 'fleet', { fleet: 'zoo' }, 400, 'fleet'],
    ['PUT', 'fleet', { fleet: 'catalogue', seed: 0.5 }, 400, 'seed'],
    ['POST', 'reboot', { downMs: -1 }, 400, 'downMs'],
    ['POST', 'reboot', { startingMs: 1e9 }, 400, 'startingMs'],
    ['PUT', 'duty-cycle', { percent: 101 }, 400, 'percent'],
    ['POST', 'announcements', { kind: 'gossip' }, 400, 'kind'],
    ['POST', 'announcements', { kind: 'updateDevice', address: 'LEQ0000001', hint: 2 }, 400, 'hint'],
    ['POST', 'announcements', { kind: 'updateDevice', address: 'NOSUCH0001' }, 404, 'address'],
    ['POST', 'announcements', { kind: 'replaceDevice', address: 'LEQ0000001', newAddress: 'x' }, 400, 'newAddress'],
    [
      'POST',
      'announcements',
      { kind: 'replaceDevice', address: 'LEQ0000001:1', newAddress: 'X0000001' },
      400,
      'address',
    ],
    ['POST', 'firmware', { address: 'LEQ0000001' }, 400, 'version'],
    ['POST', 'wake', { address: 'LEQ0000001:1' }, 400, 'address'],
  ])('refuses %s %s %j', async (method, path, body, status, where) => {
    const before = await client.ccu()
    const answer = await sendJson(`${server.url}/api/ccu/${path}`, method, body)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ error: { path: where } })
    expect(await client.ccu()).toEqual(before)
  })
})

describe('a reboot', () => {
  it('is seen by clients as refused connections, then 503, then a CCU that has forgotten them', async () => {
    await using callbacks = await CallbackServer.open()
    await callbacks.register(server.ccuUrl, 'hub')
    await client.ccuSettled()
    await client.addFault({ type: 'latency', attributes: { latencyMs: 1 }, name: 'slow' })
    const { url } = server.ccu
    const events = client.events()
    await events.opened
    const down = await client.ccuReboot({ downMs: 300, startingMs: 300 })
    expect(down).toMatchObject({ state: 'down', registrations: [] })
    expect(await knock()).toBe('ECONNREFUSED')
    await until('starting')
    await expect.poll(() => knock(), { timeout: 5000, interval: 5 }).toBe(503)
    await until('ready')
    await expect.poll(() => knock(), { timeout: 5000, interval: 5 }).toBe(200)
    expect(server.ccu.url).toBe(url)
    expect(await client.faults()).toMatchObject([{ name: 'slow' }])
    const states: CcuState[] = []
    for await (const event of events) {
      if (event.type === 'power') states.push(event.data.state)
      if (states.length === 3) break
    }
    expect(states).toEqual(['down', 'starting', 'ready'])
    await client.removeFault({ endpoint: 'ccu', name: 'slow' })
    expect(await callbacks.register(server.ccuUrl, 'hub')).toBe(200)
  })

  it('may be cut short by a stop', async () => {
    await client.ccuReboot({ downMs: 60_000 })
    await server.stop()
    await expect(fetch(server.ccuUrl)).rejects.toThrow()
  })
})

describe('faults of the callback direction', () => {
  it('strike the calls that the fake CCU makes, and only while they are there', async () => {
    await using callbacks = await CallbackServer.open()
    await callbacks.register(server.ccuUrl, 'hub')
    await client.ccuSettled()
    const attributes = { afterBytes: 10 }
    const fault = await client.addFault({ endpoint: 'callbacks', type: 'reset', attributes, name: 'cut off' })
    expect(fault).toMatchObject({ endpoint: 'callbacks', name: 'cut off', type: 'reset' })
    expect(await client.ccuInvoke({ interfaceId: 'hub', method: 'event' })).toMatchObject({ failure: 'reset' })
    // one more goes into the proxy that is there
    await client.addFault({ endpoint: 'callbacks', type: 'latency', attributes: { latencyMs: 1 }, name: 'slow' })
    await client.removeFault(fault)
    const invoke = (text: string): Promise<CcuOutcome> =>
      client.ccuInvoke({ interfaceId: 'hub', method: 'event', params: [text] })
    expect(await invoke('through the proxy')).toMatchObject({ kind: 'answered' })
    expect(await client.faults()).toMatchObject([{ endpoint: 'callbacks', name: 'slow' }])
    await client.removeFault({ endpoint: 'callbacks', name: 'slow' })
    expect(await invoke('straight')).toMatchObject({ kind: 'answered' })
    for (const text of ['through the proxy', 'straight']) {
      expect(callbacks.bodies.filter((body) => body.includes(text)).length).toBe(1)
    }
    await client.addFault({ endpoint: 'callbacks', type: 'latency', attributes: { latencyMs: 1 } })
    await client.clearFaults()
    expect(await client.faults()).toEqual([])
  })

  it('are refused like any other, and callbacks have no devices', async () => {
    const answer = await sendJson(`${server.url}/api/faults`, 'POST', { endpoint: 'callbacks', type: 'gremlin' })
    expect(answer.status).toBe(400)
    expect((await raw(`${server.url}/api/faults/callbacks/none`, { method: 'DELETE' })).status).toBe(404)
    await client.addFault({ endpoint: 'callbacks', type: 'latency', attributes: { latencyMs: 1 }, name: 'one' })
    const again = { endpoint: 'callbacks', type: 'latency', attributes: { latencyMs: 1 }, name: 'one' } as const
    await expect(client.addFault(again)).rejects.toMatchObject({ reason: 'FAKE_CONFLICT' })
    expect((await client.devices()).every(({ endpoint }) => endpoint === 'ccu')).toBe(true)
  })

  it('leave nothing open when the server stops', async () => {
    await using callbacks = await CallbackServer.open()
    await client.addFault({ endpoint: 'callbacks', type: 'latency', attributes: { latencyMs: 1 } })
    await callbacks.register(server.ccuUrl, 'hub')
    await client.ccuSettled()
    expect((await client.ccu()).registrations).toMatchObject([{ state: 'ready', failed: 0 }])
    await server.stop()
  })
})
