import { once } from 'node:events'
import { connect } from 'node:net'
import { ControlClient, type ControlEvent } from '@x/testkit/control'
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
  server = await new FakeDeviceServer({ maxObservations: 5, maxBodyBytes: 20_000, settleTimeoutMs: 1000 }).start()
  client = new ControlClient(server.url)
})

afterEach(async () => {
  await server.stop()
  await leaks.after()
})

describe('health and routes', () => {
  it('tell that the server is well', async () => {
    expect(await client.health()).toEqual({ status: 'ok', version: '0.0.0', uptimeMs: expect.any(Number) })
    const head = await raw(`${server.url}/healthz`, { method: 'HEAD' })
    expect([head.status, head.text]).toEqual([200, ''])
  })

  it('that are not there are 404, and other methods 405 with what is allowed', async () => {
    for (const path of ['/api', '/api/devicess', '/../package.json', '/api/faults/a/b/c']) {
      const answer = await raw(`${server.url}${path}`)
      expect(answer.status).toBe(404)
      expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'FAKE_UNKNOWN_ROUTE' } })
    }
    const answer = await raw(`${server.url}/api/devices`, { method: 'PATCH' })
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, POST, HEAD'])
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'FAKE_METHOD', path: '/api/devices' } })
    expect((await raw(`${server.url}/api/faults/ccu/x`)).headers.allow).toBe('DELETE')
  })

  it('answer nothing that lets another site read them', async () => {
    const preflight = await raw(`${server.url}/api/devices`, {
      method: 'OPTIONS',
      headers: { 'Access-Control-Request-Method': 'POST' },
    })
    expect(preflight.status).toBe(405)
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  it('survive what is no HTTP', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.end('hello\r\n\r\n')
    await once(socket.resume(), 'close')
    expect((await client.health()).status).toBe('ok')
  })
})

describe('requests of web pages', () => {
  it.each([
    ['evil.example', undefined, 403],
    ['evil.example:80', undefined, 403],
    ['127.0.0.1.evil.example', undefined, 403],
    ['192.168.1.5', undefined, 403],
    ['localhost', undefined, 200],
    ['LOCALHOST:99', undefined, 200],
    ['[::1]:8080', undefined, 200],
    ['localhost:1', 'http://localhost:1', 200],
    ['localhost:1', 'http://localhost:2', 403],
    ['localhost:1', 'https://evil.example', 403],
    ['localhost:1', 'null', 403],
  ])('addressed to %s from %s are answered with %d', async (host, origin, status) => {
    const headers = { Host: host, ...(origin === undefined ? {} : { Origin: origin }) }
    expect((await raw(`${server.url}/api/devices`, { headers })).status).toBe(status)
  })

  it('may be addressed to further names when told so, and to addresses when listening everywhere', async () => {
    await using open = await new FakeDeviceServer({ host: '0.0.0.0', allowedHosts: ['lab.example'] }).start()
    const url = open.url.replace('0.0.0.0', '127.0.0.1')
    for (const [host, status] of [
      ['lab.example', 200],
      ['192.168.1.5:80', 200],
      ['[fe80::1]', 200],
      ['evil.example', 403],
    ] as const) {
      expect((await raw(`${url}/healthz`, { headers: { Host: host } })).status).toBe(status)
    }
  })
})

describe('faults', () => {
  it('strike the connections of the fake CCU, and stop when removed', async () => {
    const fault = await client.addFault({ type: 'reset', stream: 'upstream', name: 'no way' })
    expect(fault).toEqual({
      endpoint: 'ccu',
      name: 'no way',
      type: 'reset',
      stream: 'upstream',
      toxicity: 1,
      attributes: { afterMs: 0 },
    })
    expect(await client.faults()).toEqual([fault])
    await using callbacks = await CallbackServer.open()
    await expect(callbacks.register(server.ccuUrl, 'hub')).rejects.toThrow()
    await client.removeFault(fault)
    expect(await callbacks.register(server.ccuUrl, 'hub')).toBe(200)
    await client.addFault({ type: 'latency', attributes: { latencyMs: 1 } })
    await client.ccuFailNext({ method: 'init', faultCode: -1 })
    await client.clearFaults()
    expect(await client.faults()).toEqual([])
    await client.ccuSettled()
  })

  it.each([
    ['an unknown type', { type: 'gremlin' }, 400, 'type'],
    ['a missing attribute', { type: 'latency' }, 400, 'attributes.latencyMs'],
    ['an attribute out of range', { type: 'cut', attributes: { afterBytes: -1 } }, 400, 'attributes.afterBytes'],
    ['an attribute of another type', { type: 'cut', attributes: { afterBytes: '1' } }, 400, 'attributes.afterBytes'],
    ['no type', {}, 400, 'type'],
    ['an unknown endpoint', { type: 'reset', endpoint: 'moon' }, 404, 'endpoint'],
  ])('are not added for %s', async (_what, fault, status, path) => {
    expect(await sendJson(`${server.url}/api/faults`, 'POST', fault)).toMatchObject({
      status,
      body: { error: { path } },
    })
    expect(await client.faults()).toEqual([])
  })

  it('have one name each, and an end of their number', async () => {
    await client.addFault({ type: 'latency', name: 'f', attributes: { latencyMs: 1 } })
    await expect(client.addFault({ type: 'reset', name: 'f' })).rejects.toMatchObject({ status: 409, path: 'name' })
    for (let count = 1; count < 100; count++) {
      await client.addFault({ type: 'latency', name: `f${count}`, attributes: { latencyMs: 1 } })
    }
    await expect(client.addFault({ type: 'reset' })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('100'),
    })
    await expect(client.removeFault({ endpoint: 'ccu', name: 'none' })).rejects.toMatchObject({
      status: 404,
      reason: 'FAKE_UNKNOWN_FAULT',
    })
    await expect(client.removeFault({ endpoint: 'moon', name: 'f' })).rejects.toMatchObject({
      status: 404,
      reason: 'FAKE_UNKNOWN_ENDPOINT',
    })
  })
})

describe('observers', () => {
  it('post what they heard, one thing or several; the last ones are kept', async () => {
    const [one] = await client.observe({ observer: 'hub', topic: 'event', subject: 'LEQ0000001:1.STATE', value: true })
    expect(one).toMatchObject({ id: 1, observer: 'hub', topic: 'event', subject: 'LEQ0000001:1.STATE', value: true })
    expect(one).not.toHaveProperty('note')
    await client.observe(Array.from({ length: 6 }, (_, index) => ({ observer: 'hub', topic: 'event', value: index })))
    const { observations, total } = await client.observations()
    expect(observations.map(({ id, value }) => [id, value])).toEqual([
      [3, 1],
      [4, 2],
      [5, 3],
      [6, 4],
      [7, 5],
    ])
    expect(total).toBe(7)
  })

  it.each([
    ['no observer', { topic: 't' }, 'observer'],
    ['an empty topic', { observer: 'o', topic: '' }, 'topic'],
    ['a compound value', { observer: 'o', topic: 't', value: {} }, 'value'],
    ['a long note', { observer: 'o', topic: 't', note: 'x'.repeat(1001) }, 'note'],
    ['an empty list', [], ''],
    ['one of a list', [{ observer: 'o', topic: 't' }, { observer: 'o' }], '1.topic'],
    ['too many', Array.from({ length: 101 }, () => ({ observer: 'o', topic: 't' })), ''],
  ])('are refused for %s', async (_what, body, path) => {
    const answer = await sendJson(`${server.url}/api/observers`, 'POST', body)
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'FAKE_BAD_REQUEST', path } } })
    expect((await client.observations()).total).toBe(0)
  })
})

describe('the fake CCU over the control API', () => {
  it('shows who is registered, what it heard and what it was answered', async () => {
    await using callbacks = await CallbackServer.open()
    await callbacks.register(server.ccuUrl, 'hub')
    await client.ccuSettled()
    expect(await client.ccu()).toMatchObject({
      url: server.ccuUrl,
      interfaceName: 'BidCos-RF',
      registrations: [{ interfaceId: 'hub', state: 'ready' }],
      totals: { calls: 1, answers: 3 },
    })
    expect((await client.ccuCalls()).map(({ method }) => method)).toEqual(['init'])
    expect((await client.ccuAnswers()).map(({ method }) => method)).toEqual([
      'system.listMethods',
      'listDevices',
      'newDevices',
    ])
    expect(await client.ccuInvoke({ interfaceId: 'hub', method: 'listDevices' })).toEqual({
      kind: 'answered',
      value: [],
    })
    await expect(client.ccuInvoke({ interfaceId: 'x', method: 'y' })).rejects.toMatchObject({
      status: 404,
      path: 'interfaceId',
    })
    await client.ccuReport({ reports: [{ address: 'LEQ0000001:1', parameter: 'STATE', value: true }], as: 'single' })
    await client.ccuReport({ reports: [{ address: 'LEQ0000001:1', parameter: 'STATE', value: false }] })
    await client.ccuSettled()
    expect((await client.ccuAnswers()).slice(-2).map(({ method, events }) => [method, events])).toEqual([
      ['event', 1],
      ['system.multicall', 1],
    ])
  })

  it('refuses reports and orders that make no sense', async () => {
    const report = (value: Record<string, unknown>): Promise<unknown> =>
      sendJson(`${server.url}/api/ccu/reports`, 'POST', value)
    const good = { address: 'LEQ0000001:1', parameter: 'STATE', value: true }
    expect(await report({ reports: [good, { ...good, address: 'X' }] })).toMatchObject({
      status: 400,
      body: { error: { path: 'reports.1' } },
    })
    expect(await report({ reports: [{ ...good, value: 3 }] })).toMatchObject({
      status: 400,
      body: { error: { code: 'FAKE_VALUE_TYPE' } },
    })
    expect(await report({ reports: [] })).toMatchObject({ status: 400 })
    expect(await report({ reports: [good], as: 'carrier pigeon' })).toMatchObject({
      status: 400,
      body: { error: { path: 'as' } },
    })
    expect((await client.state('LEQ0000001')).state['1.STATE']).toBe(false)
    await expect(client.ccuFailNext({ method: 'setValue', faultCode: -99 as -1 })).rejects.toMatchObject({
      status: 400,
      path: 'faultCode',
    })
    await client.ccuFailNext({ method: 'setValue', faultCode: -8, address: 'LEQ0000001:1', times: 3 })
  })

  it('says when it does not come to rest', async () => {
    await using callbacks = await CallbackServer.open({ isSilent: true })
    await callbacks.register(server.ccuUrl, 'hub')
    await expect(client.ccuSettled()).rejects.toMatchObject({ status: 504, reason: 'FAKE_NOT_SETTLED' })
  })
})

describe('what happens unexpectedly', () => {
  it('is told as 500 and handed on', async () => {
    const errors: unknown[] = []
    await using odd = await new FakeDeviceServer({ onError: (error) => errors.push(error) }).start()
    const failure = new Error('disk on fire')
    odd.ccu.calls = () => {
      throw failure
    }
    const answer = await raw(`${odd.url}/api/ccu/calls`)
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      500,
      { error: { code: 'FAKE_INTERNAL', message: 'disk on fire', path: '/api/ccu/calls' } },
    ])
    expect(errors).toEqual([failure])
  })
})

describe('long values', () => {
  it('are shortened in events, and whole where one asks for them', async () => {
    const text = 'x'.repeat(5000)
    const answer = `<?xml version="1.0"?><methodResponse><params><param><value>${text}</value></param></params></methodResponse>`
    await using callbacks = await CallbackServer.open({ answer })
    const events = client.events()
    await events.opened
    await callbacks.register(server.ccuUrl, 'hub')
    await client.ccuSettled()
    const seen = await take(events, 3)
    const short = seen.find(({ type }) => type === 'answer')
    expect(short?.data).toMatchObject({ outcome: { kind: 'answered', value: '(5002 characters of JSON)' } })
    expect((await client.ccuAnswers())[0]?.outcome).toEqual({ kind: 'answered', value: text })
  })

  it('leave out what was no answer', async () => {
    await using callbacks = await CallbackServer.open({ answer: 'hello' })
    const events = client.events()
    await events.opened
    await callbacks.register(server.ccuUrl, 'hub')
    await client.ccuSettled()
    const failed = (await take(events, 3)).find(({ type }) => type === 'answer')
    expect(failed?.data).toMatchObject({ outcome: { kind: 'failed', failure: 'malformed' } })
  })
})

async function take(events: AsyncIterable<ControlEvent>, count: number): Promise<ControlEvent[]> {
  const taken: ControlEvent[] = []
  for await (const event of events) if (taken.push(event) === count) break
  return taken
}

describe('events of the whole', () => {
  it('tell of states, calls, answers, registrations, devices, faults and observations', async () => {
    await using callbacks = await CallbackServer.open()
    const events = client.events()
    await events.opened
    await callbacks.register(server.ccuUrl, 'hub')
    await client.ccuSettled()
    await client.setState('LEQ0000005', { '1.STATE': 'OPEN' })
    await client.ccuSettled()
    await client.addFault({ type: 'latency', attributes: { latencyMs: 0 } })
    await client.removeFault({ endpoint: 'ccu', name: 'latency_downstream' })
    await client.observe({ observer: 'hub', topic: 'event' })
    await client.removeDevice('LEQ0000001')
    await client.ccuSettled()
    const seen = await take(events, 13)
    expect(seen.map(({ type }) => type)).toEqual([
      'registrations',
      'call',
      'answer',
      'answer',
      'answer',
      'registrations',
      'state',
      'answer',
      'faults',
      'faults',
      'observation',
      'devices',
      'answer',
    ])
    expect(seen[6]?.data).toEqual({ device: 'LEQ0000005', key: '1.STATE', value: 'OPEN', source: 'device' })
    expect(seen[8]?.data).toMatchObject({ faults: [{ name: 'latency_downstream' }] })
    expect(new Set(seen.map(({ id }) => id)).size).toBe(13)
  })
})
