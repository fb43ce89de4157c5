import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OptionError, TimeoutError } from '@x/loop-utils/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ControlAnswerError,
  ControlClient,
  ControlRefusedError,
  ControlUnreachableError,
  type ControlEvent,
} from '../../src/control/index.ts'
import { isTestkitError } from '../../src/index.ts'

interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly type: string | undefined
  readonly body: string
}

let server: Server
let url = ''
let asked: Asked[] = []
let answer: RequestListener

beforeEach(async () => {
  asked = []
  answer = json(200, {})
  server = createServer((request, response) => {
    void note(request).then(() => answer(request, response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
})

async function note(request: IncomingMessage): Promise<void> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  asked.push({ method: request.method, url: request.url, type: request.headers['content-type'], body })
}

function json(status: number, body: unknown): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  }
}

function stream(text: string, ending: 'end' | 'open' | 'reset' = 'end'): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' })
    response.write(text)
    if (ending === 'end') response.end()
    // after what was written had time to go out
    if (ending === 'reset') setTimeout(() => response.destroy(), 50)
  }
}

describe('the control client', () => {
  it('makes one documented request for each method', async () => {
    const client = new ControlClient(`${url}/some/page`)
    expect(client.url).toBe(`${url}/`)
    answer = json(200, { devices: [1], faults: [2], observations: [3], calls: [4], answers: [5] })
    expect(await client.devices()).toEqual([1])
    expect(await client.faults()).toEqual([2])
    expect(await client.observe({ observer: 'hub', topic: 'event' })).toEqual([3])
    expect(await client.ccuCalls()).toEqual([4])
    expect(await client.ccuAnswers()).toEqual([5])
    await client.health()
    await client.device('a/b')
    await client.state('A')
    await client.setState('A', { '1.STATE': true })
    await client.addDevice({ type: 'T', address: 'A' })
    await client.addFault({ type: 'cut', attributes: { afterBytes: 1 }, endpoint: 'ccu' })
    await client.observations()
    await client.ccu()
    await client.ccuInvoke({ interfaceId: 'i', method: 'event' })
    await client.ccuReport({ reports: [] })
    await client.ccuFailNext({ method: 'setValue', faultCode: -8 })
    await client.ccuSetQuirks({ i4: true })
    await client.ccuSetProfile({ profile: 'rfd', quirks: { encoding: 'utf-8' } })
    await client.ccuLoadFleet({ fleet: 'catalogue', seed: 2 })
    await client.ccuReboot()
    await client.ccuSetDutyCycle(100)
    await client.ccuWake('A')
    answer = (_request, response) => response.writeHead(204).end()
    await client.ccuAnnounce({ kind: 'readdedDevice', address: 'A' })
    await client.ccuOfferFirmware({ address: 'A', version: '2' })
    await client.removeDevice('A')
    await client.removeFault({ endpoint: 'ccu', name: 'cut it' })
    await client.clearFaults()
    await client.ccuSettled()
    expect(asked.map(({ method, url: path, body }) => `${method} ${path} ${body}`.trim())).toEqual([
      'GET /api/devices',
      'GET /api/faults',
      'POST /api/observers {"observer":"hub","topic":"event"}',
      'GET /api/ccu/calls',
      'GET /api/ccu/answers',
      'GET /healthz',
      'GET /api/devices/a%2Fb',
      'GET /api/devices/A/state',
      'PATCH /api/devices/A/state {"1.STATE":true}',
      'POST /api/devices {"type":"T","address":"A"}',
      'POST /api/faults {"type":"cut","attributes":{"afterBytes":1},"endpoint":"ccu"}',
      'GET /api/observers',
      'GET /api/ccu',
      'POST /api/ccu/invocations {"interfaceId":"i","method":"event"}',
      'POST /api/ccu/reports {"reports":[]}',
      'POST /api/ccu/faults {"method":"setValue","faultCode":-8}',
      'PATCH /api/ccu/quirks {"i4":true}',
      'PUT /api/ccu/profile {"profile":"rfd","quirks":{"encoding":"utf-8"}}',
      'PUT /api/ccu/fleet {"fleet":"catalogue","seed":2}',
      'POST /api/ccu/reboot {}',
      'PUT /api/ccu/duty-cycle {"percent":100}',
      'POST /api/ccu/wake {"address":"A"}',
      'POST /api/ccu/announcements {"kind":"readdedDevice","address":"A"}',
      'POST /api/ccu/firmware {"address":"A","version":"2"}',
      'DELETE /api/devices/A',
      'DELETE /api/faults/ccu/cut%20it',
      'DELETE /api/faults',
      'GET /api/ccu/settled',
    ])
    expect(asked.filter(({ body }) => body !== '').every(({ type }) => type === 'application/json')).toBe(true)
  })

  it('rejects with what the server refused, and where', async () => {
    answer = json(400, { error: { code: 'FAKE_VALUE', message: 'not that', path: '1.STATE' } })
    const error: unknown = await new ControlClient(url).setState('A', {}).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ControlRefusedError)
    expect(error).toMatchObject({ code: 'TESTKIT_CONTROL_REFUSED', status: 400, reason: 'FAKE_VALUE', path: '1.STATE' })
    expect((error as Error).message).toContain('(400 FAKE_VALUE at 1.STATE): not that')
    expect(isTestkitError(error)).toBe(true)
    expect(isTestkitError(new Error('x'))).toBe(false)
  })

  it.each<[string, RequestListener]>([
    ['no JSON', (_request, response) => response.end('<html>')],
    ['another error', json(500, { error: 'boom' })],
    ['an error without a path', json(500, { error: { code: 'X', message: 'y' } })],
    ['null', json(404, null)],
  ])('rejects when something else answers: %s', async (_what, listener) => {
    answer = listener
    const error: unknown = await new ControlClient(url).health().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ControlAnswerError)
    expect(error).toMatchObject({ code: 'TESTKIT_CONTROL_ANSWER', url: `${url}/healthz` })
  })

  it('rejects when nobody listens, when the connection breaks, and for a redirect', async () => {
    answer = (request) => request.socket.destroy()
    const broken: unknown = await new ControlClient(url).health().catch((caught: unknown) => caught)
    expect(broken).toBeInstanceOf(ControlUnreachableError)
    answer = (_request, response) =>
      response.writeHead(200, { 'Content-Length': 100 }).write('{', () => response.destroy())
    await expect(new ControlClient(url).health()).rejects.toThrow(ControlUnreachableError)
    answer = (_request, response) => response.writeHead(302, { Location: '/elsewhere' }).end()
    await expect(new ControlClient(url).health()).rejects.toThrow(ControlUnreachableError)
    const free = createServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const { port } = free.address() as AddressInfo
    free.close()
    await once(free, 'close')
    await expect(new ControlClient(`http://127.0.0.1:${port}`).health()).rejects.toMatchObject({
      code: 'TESTKIT_CONTROL_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('gives up after its time, or with the reason of the signal', async () => {
    answer = () => undefined
    await expect(new ControlClient(url, { timeoutMs: 20 }).health()).rejects.toThrow(TimeoutError)
    const controller = new AbortController()
    const reason = new Error('enough')
    const pending = new ControlClient(url).health({ signal: controller.signal })
    controller.abort(reason)
    await expect(pending).rejects.toBe(reason)
  })

  it.each([
    ['', {}, 'url'],
    ['here', {}, 'url'],
    ['ftp://x', {}, 'url'],
    ['http://x', { timeoutMs: 0 }, 'timeoutMs'],
  ])('refuses the URL %j with options %j', (given, options, option) => {
    expect(() => new ControlClient(given, options)).toThrow(OptionError)
    expect(() => new ControlClient(given, options)).toThrow(expect.objectContaining({ option }))
  })
})

const TWO =
  'id: 1\nevent: state\ndata: {"at":"t","data":{"device":"A"}}\n\n: hb\n\nid: 2\nevent: devices\ndata: {"at":"u","data":{}}\n\n'

describe('events', () => {
  it('come in order, until the server ends', async () => {
    answer = stream(TWO)
    const events = new ControlClient(url).events({ lastEventId: 'x-7' })
    await events.opened
    const seen: ControlEvent[] = []
    for await (const event of events) seen.push(event)
    expect(seen).toEqual([
      { id: '1', type: 'state', at: 't', data: { device: 'A' } },
      { id: '2', type: 'devices', at: 'u', data: {} },
    ])
  })

  it('end when closed or left', async () => {
    answer = stream(TWO, 'open')
    const client = new ControlClient(url)
    const closed = client.events()
    expect((await closed.next()).value?.id).toBe('1')
    await closed.close()
    await closed.close()
    expect(await closed.next()).toEqual({ done: true, value: undefined })
    for await (const { id } of client.events()) {
      expect(id).toBe('1')
      break
    }
    {
      await using unread = client.events()
      await unread.opened
    }
  })

  it('reject with the reason of the signal', async () => {
    answer = stream(TWO, 'open')
    const controller = new AbortController()
    const reason = new Error('enough')
    const events = new ControlClient(url).events({ signal: controller.signal })
    await events.next()
    await events.next()
    const third = events.next()
    controller.abort(reason)
    await expect(third).rejects.toBe(reason)
  })

  it('reject when the connection breaks', async () => {
    answer = stream(TWO, 'reset')
    const events = new ControlClient(url).events()
    await events.next()
    await events.next()
    await expect(events.next()).rejects.toThrow(ControlUnreachableError)
  })

  it.each<[string, RequestListener, new (...args: never[]) => Error]>([
    ['a refusal', json(403, { error: { code: 'FAKE_HOST', message: 'no', path: '/' } }), ControlRefusedError],
    ['no stream', json(200, {}), ControlAnswerError],
    ['no JSON in an event', stream('data: {\n\n'), ControlAnswerError],
    ['an event without end', stream(`data: ${'x'.repeat(17 * 1024 * 1024)}`), ControlAnswerError],
  ])('reject for %s', async (_what, listener, errorClass) => {
    answer = listener
    await expect(new ControlClient(url).events().next()).rejects.toThrow(errorClass)
  })
})
