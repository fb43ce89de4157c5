import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { OptionError } from '@x/loop-utils/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeCcu, type CcuEvent, type FakeCcuOptions } from '../../src/ccu/index.ts'
import { leakHooks } from '../../src/leaks/index.ts'
import { call, CallbackServer } from './peers.ts'

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

const DEVICES = [
  { type: 'HM-LC-Sw1-Pl', address: 'LEQ0000001', name: 'Stehlämpchen' },
  { type: 'HM-LC-Dim1T-Pl', address: 'LEQ0000002' },
]

async function start(options: FakeCcuOptions = {}): Promise<FakeCcu> {
  return new FakeCcu({ devices: DEVICES, callTimeoutMs: 5000, ...options }).start()
}

async function introduced(ccu: FakeCcu, url: string, interfaceId = 'hub-1'): Promise<void> {
  expect(await call(ccu.url, 'init', url, interfaceId)).toBe('')
  await ccu.settled()
}

describe('init', () => {
  it('asks for methods and devices, then sends all descriptions', async () => {
    await using ccu = await start()
    await using server = await CallbackServer.open()
    await introduced(ccu, server.url)
    expect(server.heard.map(({ method }) => method)).toEqual(['system.listMethods', 'listDevices', 'newDevices'])
    expect(server.of('system.listMethods')).toEqual([['hub-1']])
    const [[interfaceId, descriptions] = []] = server.of('newDevices')
    expect(interfaceId).toBe('hub-1')
    expect((descriptions as { ADDRESS: string }[]).map(({ ADDRESS }) => ADDRESS)).toEqual(
      ccu.descriptions().map(({ ADDRESS }) => ADDRESS),
    )
    expect(ccu.registrations()).toMatchObject([
      { interfaceId: 'hub-1', url: server.url, state: 'ready', answered: 3, faults: 0, failed: 0, sent: 0, lost: 0 },
    ])
    expect(await call(ccu.url, 'clientServerInitialized', 'hub-1')).toBe(true)
  })

  it('sends only what the callback server does not know, and deletes what is no more', async () => {
    await using ccu = await start()
    const known = [
      ...ccu.descriptions().filter(({ ADDRESS }) => ADDRESS.startsWith('LEQ0000001')),
      { ADDRESS: 'OLD0000001', VERSION: 1 },
      { ADDRESS: 'LEQ0000002', VERSION: 13 },
      'nonsense',
      { VERSION: 3 },
    ]
    await using server = await CallbackServer.open({ listDevices: known })
    await introduced(ccu, server.url)
    expect(server.of('deleteDevices')).toEqual([['hub-1', ['OLD0000001']]])
    const [[, added] = []] = server.of('newDevices')
    expect((added as { ADDRESS: string }[]).map(({ ADDRESS }) => ADDRESS)).toEqual([
      'LEQ0000002',
      'LEQ0000002:0',
      'LEQ0000002:1',
    ])
  })

  it('sends no newDevices to who knows them all', async () => {
    await using ccu = await start()
    await using server = await CallbackServer.open({ listDevices: ccu.descriptions() })
    await introduced(ccu, server.url)
    expect(server.of('newDevices')).toEqual([])
  })

  it('gives one server two streams under two ids, and ends both when it goes', async () => {
    await using ccu = await start()
    await using server = await CallbackServer.open()
    await introduced(ccu, server.url, 'a')
    await introduced(ccu, server.url, 'b')
    ccu.report('LEQ0000001:1', 'STATE', true)
    await ccu.settled()
    expect(server.of('event')).toEqual([
      ['a', 'LEQ0000001:1', 'STATE', true],
      ['b', 'LEQ0000001:1', 'STATE', true],
    ])
    expect(await call(ccu.url, 'init', server.url, '')).toBe('')
    expect(ccu.registrations()).toEqual([])
    await introduced(ccu, server.url, 'a')
    await call(ccu.url, 'init', server.url)
    expect(ccu.registrations()).toEqual([])
  })

  it('replaces a registration that comes again', async () => {
    await using ccu = await start()
    await using server = await CallbackServer.open()
    await introduced(ccu, server.url.replace('http:', 'xmlrpc:'))
    await introduced(ccu, server.url.replace('http:', 'xmlrpc:'))
    expect(ccu.registrations().length).toBe(1)
    expect(server.of('newDevices').length).toBe(2)
  })

  it.each(['', 'here', 'xmlrpc_bin://127.0.0.1:2001', 'https://127.0.0.1:1'])('refuses the URL %j', async (url) => {
    await using ccu = await start()
    await expect(call(ccu.url, 'init', url, 'hub')).rejects.toMatchObject({ faultCode: -1 })
    expect(ccu.registrations()).toEqual([])
  })

  it('refuses one registration too many', async () => {
    await using ccu = await start({ maxRegistrations: 1 })
    await using server = await CallbackServer.open()
    await introduced(ccu, server.url, 'a')
    await expect(call(ccu.url, 'init', server.url, 'b')).rejects.toMatchObject({ faultCode: -1 })
  })
})

describe('events', () => {
  it('follow each change in order, doubles as doubles', async () => {
    await using ccu = await start({ quirks: { delivery: 'single' } })
    await using server = await CallbackServer.open()
    await introduced(ccu, server.url)
    await call(ccu.url, 'setValue', 'LEQ0000001:1', 'STATE', true)
    await call(ccu.url, 'setValue', 'LEQ0000002:1', 'LEVEL', 1)
    // a parameter that is not reported
    await call(ccu.url, 'setValue', 'LEQ0000001:1', 'ON_TIME', 5)
    ccu.report('LEQ0000001:0', 'RSSI_DEVICE', -80)
    await ccu.settled()
    expect(server.of('event')).toEqual([
      ['hub-1', 'LEQ0000001:1', 'STATE', true],
      ['hub-1', 'LEQ0000002:1', 'LEVEL', 1],
      ['hub-1', 'LEQ0000001:0', 'RSSI_DEVICE', -80],
    ])
    expect(ccu.registrations()[0]).toMatchObject({ sent: 3, lost: 0, queued: 0 })
  })

  it('come in one multicall when there are several', async () => {
    await using ccu = await start({ maxBatch: 3 })
    await using server = await CallbackServer.open()
    await introduced(ccu, server.url)
    ccu.report('LEQ0000001:1', 'STATE', true)
    await ccu.settled()
    for (let level = 0; level < 5; level++) ccu.report('LEQ0000002:1', 'LEVEL', level / 10)
    await ccu.settled()
    expect(server.of('event').length).toBe(1)
    expect(server.of('system.multicall').map(([calls]) => (calls as unknown[]).length)).toEqual([3, 2])
    const [[[first]]] = server.of('system.multicall') as [[[unknown]]]
    expect(first).toEqual({ methodName: 'event', params: ['hub-1', 'LEQ0000002:1', 'LEVEL', 0] })
    expect(ccu.registrations()[0]).toMatchObject({ sent: 6 })
  })

  it('come in a multicall each when so chosen', async () => {
    await using ccu = await start({ quirks: { delivery: 'multicall' } })
    await using server = await CallbackServer.open()
    await introduced(ccu, server.url)
    ccu.report('LEQ0000001:1', 'STATE', true)
    await ccu.settled()
    expect(server.of('system.multicall').length).toBe(1)
  })

  it('go together when reported together', async () => {
    await using ccu = await start()
    await using server = await CallbackServer.open()
    await introduced(ccu, server.url)
    const reports = [
      { address: 'LEQ0000001:1', parameter: 'STATE', value: true },
      { address: 'LEQ0000002:1', parameter: 'LEVEL', value: 0.25 },
    ]
    ccu.reportAll(reports)
    ccu.reportAll(reports, 'single')
    await ccu.settled()
    expect(server.heard.slice(3).map(({ method }) => method)).toEqual(['system.multicall', 'event', 'event'])
    expect(() => ccu.reportAll([...reports, { address: 'LEQ0000002:1', parameter: 'LEVEL', value: 2 }])).toThrow(/-9/)
    expect(ccu.paramset('LEQ0000002:1', 'VALUES').value('LEVEL')).toBe(0.25)
  })

  it('answer a ping with its token', async () => {
    await using ccu = await start()
    await using server = await CallbackServer.open()
    await introduced(ccu, server.url)
    expect(await call(ccu.url, 'ping', 'hub-1#17')).toBe(true)
    await ccu.settled()
    expect(server.of('event')).toEqual([['hub-1', 'CENTRAL', 'PONG', 'hub-1#17']])
  })

  it('lose the oldest when too many wait, and count them', async () => {
    await using ccu = await start({ maxQueued: 5, quirks: { delivery: 'single' } })
    await using server = await CallbackServer.open()
    await introduced(ccu, server.url)
    for (let number = 0; number < 20; number++) ccu.report('LEQ0000001:0', 'RSSI_DEVICE', -number)
    await ccu.settled()
    expect(server.of('event').map(([, , , value]) => value)).toEqual([-15, -16, -17, -18, -19])
    expect(ccu.registrations()[0]).toMatchObject({ sent: 5, lost: 15 })
  })

  it('tell of devices that come and go, in their turn', async () => {
    await using ccu = await start()
    await using server = await CallbackServer.open()
    await introduced(ccu, server.url)
    ccu.report('LEQ0000001:1', 'STATE', true)
    ccu.addDevice({ type: 'HM-Sec-SC-2', address: 'LEQ0000044' })
    ccu.report('LEQ0000044:1', 'STATE', true)
    ccu.removeDevice('LEQ0000001')
    await ccu.settled()
    expect(server.heard.slice(3).map(({ method }) => method)).toEqual(['event', 'newDevices', 'event', 'deleteDevices'])
    expect(server.of('deleteDevices')).toEqual([['hub-1', ['LEQ0000001', 'LEQ0000001:0', 'LEQ0000001:1']]])
    expect(await call(ccu.url, 'deleteDevice', 'LEQ0000044', 0)).toBe('')
    await expect(call(ccu.url, 'deleteDevice', 'LEQ0000002:1', 0)).rejects.toMatchObject({ faultCode: -4 })
    expect(ccu.devices().map(({ address }) => address)).toEqual(['LEQ0000002'])
  })
})

describe('answers of a callback server', () => {
  it('are kept with what was answered', async () => {
    await using ccu = await start()
    await using server = await CallbackServer.open({
      listDevices: [{ ADDRESS: 'X', VERSION: 1 }],
      event: new Error('no'),
    })
    await introduced(ccu, server.url)
    ccu.report('LEQ0000001:1', 'STATE', true)
    await ccu.settled()
    expect(ccu.answers().map(({ method, events, outcome }) => [method, events, outcome])).toEqual([
      ['system.listMethods', 0, { kind: 'answered', value: true }],
      ['listDevices', 0, { kind: 'answered', value: [{ ADDRESS: 'X', VERSION: 1 }] }],
      ['deleteDevices', 0, { kind: 'answered', value: true }],
      ['newDevices', 0, { kind: 'answered', value: true }],
      ['event', 1, { kind: 'fault', fault: { faultCode: -1, faultString: 'no' } }],
    ])
    expect(ccu.registrations()[0]).toMatchObject({ state: 'ready', faults: 1, sent: 1 })
  })

  it('can be had for any call', async () => {
    await using ccu = await start({ quirks: { encoding: 'utf-8' } })
    const value = { text: 'Größe <&>', bytes: Buffer.from('abc'), when: new Date(Date.UTC(2020, 1, 2)), list: [1.5] }
    await using server = await CallbackServer.open({ error: value })
    await introduced(ccu, server.url)
    expect(await ccu.invoke('hub-1', 'error', [-1, 'überall'])).toMatchObject({
      kind: 'answered',
      value: { text: 'Größe <&>', bytes: { base64: 'YWJj' }, when: expect.stringContaining('2020-02-0'), list: [1.5] },
    })
    expect(server.of('error')).toEqual([['hub-1', -1, 'überall']])
    expect(await ccu.invokeRaw('hub-1', 'error', [])).toMatchObject({ kind: 'answered' })
    await expect(ccu.invoke('nobody', 'error')).rejects.toThrow(OptionError)
  })
})

/** A callback server that is none of the library's. */
async function withServer(
  server: Server | ReturnType<typeof createServer>,
  body: (url: string) => Promise<void>,
): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await body(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  } finally {
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
    await once(server, 'close')
  }
}

describe('a callback server that does harm', () => {
  it('is dead at once when nobody listens, until it registers anew', async () => {
    await using ccu = await start()
    const gone = await CallbackServer.open()
    const { url } = gone
    await gone[Symbol.asyncDispose]()
    await introduced(ccu, url)
    expect(ccu.registrations()).toMatchObject([
      { state: 'dead', failed: 1, lastFailure: expect.stringContaining('ECONNREFUSED') },
    ])
    ccu.report('LEQ0000001:1', 'STATE', true)
    ccu.addDevice({ type: 'HM-Sec-SC-2', address: 'LEQ0000044' })
    expect(ccu.registrations()).toMatchObject([{ lost: 1 }])
    expect(await call(ccu.url, 'clientServerInitialized', 'hub-1')).toBe(false)
    expect(await ccu.invoke('hub-1', 'event')).toMatchObject({ kind: 'failed', failure: 'refused' })
  })

  it.each<[string, RequestListener, string]>([
    [
      'a fault without content',
      (_request, response) => response.end('<methodResponse><fault></fault></methodResponse>'),
      'malformed',
    ],
    ['no XML', (_request, response) => response.end('hello'), 'malformed'],
    ['nothing', (_request, response) => response.end(), 'malformed'],
    ['half a document', (_request, response) => response.end('<methodResponse><params><param><val'), 'malformed'],
    ['an error status', (_request, response) => response.writeHead(500).end('oops'), 'status'],
    ['a reset', (request) => request.socket.resetAndDestroy(), 'reset'],
    ['too much', (_request, response) => response.end('x'.repeat(30_000)), 'too-large'],
  ])('is dead after it answered three times with %s', async (_what, listener, failure) => {
    await using ccu = await start({ maxAnswerBytes: 20_000 })
    await withServer(createHttpServer(listener), async (url) => {
      await introduced(ccu, url)
      expect(ccu.answers().map(({ outcome }) => outcome)).toEqual([
        expect.objectContaining({ kind: 'failed', failure }),
        expect.objectContaining({ kind: 'failed', failure }),
        expect.objectContaining({ kind: 'failed', failure }),
      ])
      expect(ccu.registrations()).toMatchObject([{ state: 'dead', failed: 3 }])
      await ccu.stop()
    })
  })

  it('is not waited for longer than the limit', async () => {
    await using ccu = await start({ callTimeoutMs: 20 })
    await withServer(
      createHttpServer(() => undefined),
      async (url) => {
        await introduced(ccu, url)
        expect(ccu.answers()[0]?.outcome).toMatchObject({ kind: 'failed', failure: 'timeout' })
        expect(ccu.registrations()).toMatchObject([{ state: 'dead' }])
        await ccu.stop()
      },
    )
  })

  it('is let go when the fake stops while it hangs', async () => {
    await using ccu = await start()
    let asked: () => void = () => undefined
    const isAsked = new Promise<void>((resolve) => (asked = resolve))
    await withServer(
      createHttpServer(() => asked()),
      async (url) => {
        await call(ccu.url, 'init', url, 'hub')
        await isAsked
        await ccu.stop()
        expect(ccu.answers()[0]?.outcome).toMatchObject({ kind: 'failed', failure: 'stopped' })
      },
    )
  })

  it('may speak no HTTP', async () => {
    await using ccu = await start()
    const server = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('220 mail.example ESMTP\r\n'),
    )
    await withServer(server, async (url) => {
      await introduced(ccu, url)
      expect(ccu.answers()[0]?.outcome).toMatchObject({ kind: 'failed', failure: 'malformed' })
      await ccu.stop()
    })
  })

  it('may close a kept connection between two calls', async () => {
    await using ccu = await start()
    let connections = 0
    const answer =
      '<?xml version="1.0"?><methodResponse><params><param><value><array><data></data></array></value></param></params></methodResponse>'
    // answers once on each connection, then resets it at the next call
    const server = createHttpServer((request, response) => {
      const { socket } = request as typeof request & { socket: { isUsed?: boolean } }
      if (socket.isUsed === true) socket.resetAndDestroy()
      else response.end(answer)
      socket.isUsed = true
    })
    server.on('connection', () => (connections += 1))
    await withServer(server, async (url) => {
      await introduced(ccu, url)
      expect(ccu.registrations()).toMatchObject([{ state: 'ready', failed: 0, answered: 3 }])
      expect(connections).toBeGreaterThan(1)
      await ccu.stop()
    })
  })
})

describe('the encoding', () => {
  it('is declared and kept: ISO 8859-1 unless UTF-8 is chosen', async () => {
    const bodies: Buffer[] = []
    const server = createHttpServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        bodies.push(Buffer.concat(chunks))
        const xml = `<?xml version="1.0" encoding="ISO-8859-1"?><methodResponse><params><param><value>Grüße</value></param></params></methodResponse>`
        response.end(Buffer.from(xml, 'latin1'))
      })
    })
    await withServer(server, async (url) => {
      for (const encoding of ['iso-8859-1', 'utf-8'] as const) {
        await using ccu = await start({ quirks: { encoding } })
        await introduced(ccu, url)
        expect(await ccu.invoke('hub-1', 'error', ['Tür 中'])).toEqual({ kind: 'answered', value: 'Grüße' })
      }
    })
    const [latin1, utf8] = bodies.filter((body) => body.includes('error'))
    expect(latin1?.toString('latin1')).toContain('<?xml version="1.0" encoding="ISO-8859-1"?>')
    expect(latin1?.toString('latin1')).toContain('Tür ?')
    expect(utf8?.toString()).toContain('Tür 中')
  })
})

describe('observing', () => {
  it('tells of values, calls, answers, registrations and devices, and ends when disposed', async () => {
    const errors: unknown[] = []
    await using ccu = await start({ onError: (error) => errors.push(error) })
    await using server = await CallbackServer.open()
    const seen: CcuEvent['type'][] = []
    const failure = new Error('listener')
    ccu.observe(() => {
      throw failure
    })
    const observer = ccu.observe(({ type }) => seen.push(type))
    await introduced(ccu, server.url)
    ccu.report('LEQ0000001:1', 'STATE', true)
    ccu.addDevice({ type: 'HM-Sec-SC-2', address: 'LEQ0000044' })
    await ccu.settled()
    expect(seen.slice(0, 2)).toEqual(['registrations', 'call'])
    expect(new Set(seen)).toEqual(new Set(['registrations', 'call', 'answer', 'value', 'devices']))
    expect(errors.length).toBe(seen.length)
    observer[Symbol.dispose]()
    const count = seen.length
    ccu.report('LEQ0000001:1', 'STATE', false)
    expect(seen.length).toBe(count)
    expect(() => ccu.observe('x' as never)).toThrow(OptionError)
    await ccu.settled()
  })
})
