import { OptionError, TimeoutError } from '@x/loop-utils/errors'
import { certificateAuthority } from '@x/testkit/certificates'
import { expectNoLeaks } from '@x/testkit/leaks'
import { getEventListeners, once } from 'node:events'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { XmlRpcClient, XmlRpcClientClosedError, XmlRpcHttpError, XmlRpcTransportError } from '../../src/client/index.ts'
import { XmlRpcEncodeError, XmlRpcFault, XmlRpcProtocolError } from '../../src/codec/index.ts'
import { RawServer, result, send } from './raw-server.ts'

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('nothing was thrown')
    },
    (error: unknown) => error,
  )
}

describe('XmlRpcClient', () => {
  it('posts a document in the ccu dialect and gives the result', async () => {
    await using server = await RawServer.listen((response) =>
      send(response, result('<array><data><value><i4>7</i4></value></data></array>')),
    )
    await using client = new XmlRpcClient({ url: `${server.url}RPC2?x=1` })
    expect(await client.call('listDevices', ['Küche', '', true])).toEqual([7])
    const [{ request, body } = {}] = server.requests
    expect(request?.method).toBe('POST')
    expect(request?.url).toBe('/RPC2?x=1')
    expect(request?.headers).toMatchObject({
      'content-type': 'text/xml; charset=iso-8859-1',
      'content-length': String(body?.length),
    })
    expect(body).toBe(
      '<?xml version="1.0" encoding="ISO-8859-1"?><methodCall><methodName>listDevices</methodName><params>' +
        '<param><value><string>Küche</string></value></param><param><value></value></param>' +
        '<param><value><boolean>1</boolean></value></param></params></methodCall>',
    )
  })

  it('keeps its connection between calls, and no more than it may have', async () => {
    await using server = await RawServer.listen((response) => setImmediate(() => send(response, result('x'))))
    await using client = new XmlRpcClient({ url: server.url, maxConnections: 2 })
    for (let call = 0; call < 5; call++) await client.call('ping', [])
    expect(server.connections).toBe(1)
    await Promise.all(Array.from({ length: 20 }, () => client.call('ping', [])))
    expect(server.connections).toBe(2)
  })

  it('opens a connection for each call when told to keep none', async () => {
    await using server = await RawServer.listen((response) => send(response, result('x')))
    await using client = new XmlRpcClient({ url: server.url, keepAliveMs: 0 })
    await client.call('a')
    await client.call('b')
    expect(server.connections).toBe(2)
  })

  it('throws the fault that the peer answers', async () => {
    const member = (name: string, value: string): string =>
      `<member><name>${name}</name><value>${value}</value></member>`
    const fault = `<methodResponse><fault><value><struct>${member('faultCode', '<i4>-2</i4>')}${member('faultString', 'Ung\u00fcltig')}</struct></value></fault></methodResponse>`
    await using server = await RawServer.listen((response) => send(response, Buffer.from(fault, 'latin1')))
    await using client = new XmlRpcClient({ url: server.url })
    const error = await thrownBy(client.call('getValue', ['MEQ1:1', 'STATE']))
    expect(error).toBeInstanceOf(XmlRpcFault)
    expect(error).toMatchObject({ faultCode: -2, faultString: 'Ung\u00fcltig' })
  })

  it('reads a document in the charset that the header names', async () => {
    await using server = await RawServer.listen((response) => {
      const body = Buffer.from(result('\u0080'), 'latin1')
      response
        .writeHead(200, { 'Content-Type': 'text/xml; charset="windows-1252"', 'Content-Length': body.length })
        .end(body)
    })
    await using client = new XmlRpcClient({ url: server.url })
    expect(await client.call('m')).toBe('€')
  })

  it('makes several calls in one', async () => {
    const answers =
      '<value><array><data><value><i4>1</i4></value></data></array></value><value><struct><member><name>faultCode</name><value><i4>-5</i4></value></member><member><name>faultString</name><value>no</value></member></struct></value><value/><value><array><data></data></array></value>'
    await using server = await RawServer.listen((response) =>
      send(response, result(`<array><data>${answers}</data></array>`)),
    )
    await using client = new XmlRpcClient({ url: server.url })
    const call = { methodName: 'getValue', params: ['MEQ1:1', 'STATE'] }
    const [first, second, third, fourth] = await client.multicall([call, call, call, call])
    expect([first, fourth]).toEqual([1, null])
    expect(second).toBeInstanceOf(XmlRpcFault)
    expect([second, third]).toMatchObject([{ faultCode: -5, faultString: 'no' }, { faultString: 'a malformed answer' }])
    expect(server.requests[0]?.body).toContain('<methodName>system.multicall</methodName>')
    expect(await thrownBy(client.multicall([call]))).toBeInstanceOf(XmlRpcProtocolError)
  })

  it('takes an empty answer for void only when told to', async () => {
    await using server = await RawServer.listen((response) => send(response, ''))
    await using client = new XmlRpcClient({ url: server.url })
    expect(await client.call('setInstallMode', [true], { emptyAsVoid: true })).toBeNull()
    expect(await thrownBy(client.call('setInstallMode', [true]))).toBeInstanceOf(XmlRpcProtocolError)
  })

  it('tells another status, and a page of a web server, from an answer', async () => {
    await using server = await RawServer.listen((response, { request }) => {
      response
        .writeHead(request.url === '/page' ? 200 : 401, { 'Content-Type': 'text/html' })
        .end('<html><title>Sign in</title></html>')
    })
    for (const [path, status] of [
      ['', 401],
      ['page', 200],
    ] as const) {
      await using client = new XmlRpcClient({ url: server.url + path })
      const error = await thrownBy(client.call('m'))
      expect(error).toBeInstanceOf(XmlRpcHttpError)
      expect(error).toMatchObject({
        code: 'XMLRPC_HTTP',
        status,
        contentType: 'text/html',
        excerpt: '<html><title>Sign in</title></html>',
      })
    }
  })

  it('tells a peer that goes over to another protocol unasked from an answer', async () => {
    await using server = await RawServer.listen((response) => {
      response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    })
    await using client = new XmlRpcClient({ url: server.url, timeoutMs: Infinity })
    expect(await thrownBy(client.call('m'))).toMatchObject({ code: 'XMLRPC_HTTP', status: 101, excerpt: '' })
  })

  it('names the type of content even when there is none', async () => {
    await using server = await RawServer.listen((response) => response.writeHead(503).end())
    await using client = new XmlRpcClient({ url: server.url })
    expect(((await thrownBy(client.call('m'))) as Error).message).toContain('HTTP status 503 and no content type')
  })

  it('refuses an answer beyond its bound', async () => {
    await using server = await RawServer.listen((response) => send(response, result('x'.repeat(5000))))
    await using client = new XmlRpcClient({ url: server.url, decode: { maxBytes: 1000 } })
    expect(await thrownBy(client.call('m'))).toMatchObject({
      code: 'XMLRPC_TRANSPORT',
      reason: 'RESPONSE_TOO_LARGE',
      maybeExecuted: true,
    })
  })

  it('tells a peer that is not there from one that hangs up in the middle', async () => {
    const gone = createTcpServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const { port } = gone.address() as AddressInfo
    gone.close()
    await once(gone, 'close')
    await using absent = new XmlRpcClient({ url: `http://127.0.0.1:${port}/` })
    const refused = await thrownBy(absent.call('m'))
    expect(refused).toBeInstanceOf(XmlRpcTransportError)
    expect(refused).toMatchObject({
      code: 'XMLRPC_TRANSPORT',
      reason: 'ECONNREFUSED',
      maybeExecuted: false,
      url: absent.url,
    })

    await using server = await RawServer.listen((response) => {
      response.writeHead(200, { 'Content-Length': 100 }).write('<?xml')
      setImmediate(() => response.destroy())
    })
    await using client = new XmlRpcClient({ url: server.url })
    expect(await thrownBy(client.call('m'))).toMatchObject({
      code: 'XMLRPC_TRANSPORT',
      reason: 'ECONNRESET',
      maybeExecuted: true,
    })
    expect(server.requests).toHaveLength(1)
  })

  it('gives a call up after its time, and closes its connection', async () => {
    const aborted: unknown[] = []
    await using server = await RawServer.listen((response) => response.on('close', () => aborted.push('closed')))
    await using client = new XmlRpcClient({ url: server.url, timeoutMs: 30 })
    const error = await thrownBy(client.call('getValue'))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ timeoutMs: 30 })
    expect((error as Error).message).toContain('xml-rpc call getValue')
    await expect.poll(() => aborted).toEqual(['closed'])
  })

  it('rejects with the reason of the signal', async () => {
    await using server = await RawServer.listen(() => {})
    await using client = new XmlRpcClient({ url: server.url })
    const controller = new AbortController()
    const reason = new Error('enough')
    const call = thrownBy(client.call('m', [], { signal: controller.signal, timeoutMs: Infinity }))
    await expect.poll(() => server.requests.length).toBe(1)
    controller.abort(reason)
    expect(await call).toBe(reason)
    expect(await thrownBy(client.call('m', [], { signal: AbortSignal.abort(reason) }))).toBe(reason)
    const none = {} as AbortSignal
    expect(await thrownBy(client.call('m', [], { signal: none }))).toMatchObject({ option: 'signal' })
  })

  it('has one listener for all the calls that a signal ends, and none after them', async () => {
    await using server = await RawServer.listen(() => {})
    await using client = new XmlRpcClient({ url: server.url, maxConnections: 20 })
    const controller = new AbortController()
    const { signal } = controller
    const calls = Array.from({ length: 20 }, () => thrownBy(client.call('m', [], { signal })))
    await expect.poll(() => server.requests.length).toBe(20)
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    controller.abort('enough')
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['enough']))
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('rejects what is under way when it closes, and every call after', async () => {
    await using server = await RawServer.listen(() => {})
    const client = new XmlRpcClient({ url: server.url })
    const call = thrownBy(client.call('m'))
    await expect.poll(() => server.requests.length).toBe(1)
    await client.close()
    expect(await call).toBeInstanceOf(XmlRpcClientClosedError)
    expect(await thrownBy(client.call('m'))).toMatchObject({ code: 'XMLRPC_CLIENT_CLOSED' })
    await client.close()
  })

  it('refuses what the dialect has no form for before it sends anything', async () => {
    await using server = await RawServer.listen((response) => send(response, result('x')))
    await using client = new XmlRpcClient({ url: server.url })
    expect(await thrownBy(client.call('setValue', ['MEQ1:1', 'STATE', null]))).toBeInstanceOf(XmlRpcEncodeError)
    expect(server.requests).toEqual([])
  })

  it('presents user and password, and shows them to nobody', async () => {
    await using server = await RawServer.listen((response) => send(response, result('x')))
    await using client = new XmlRpcClient({ url: `http://admin:p%40ss@127.0.0.1:${server.port}/` })
    await client.call('m')
    expect(server.requests[0]?.request.headers.authorization).toBe(
      `Basic ${Buffer.from('admin:p@ss').toString('base64')}`,
    )
    expect(client.url).toBe(server.url)
  })

  it('speaks TLS to a peer whose authority it trusts', async () => {
    const authority = await certificateAuthority()
    const { key, cert } = authority.server({ names: ['127.0.0.1'] })
    await using server = await RawServer.listen((response) => send(response, result('x')), { key, cert })
    const url = `https://127.0.0.1:${server.port}/`
    await using trusting = new XmlRpcClient({ url, tls: { ca: authority.cert } })
    expect(await trusting.call('m')).toBe('x')
    await using careless = new XmlRpcClient({ url, tls: { ca: [], rejectUnauthorized: false } })
    expect(await careless.call('m')).toBe('x')
    await using strict = new XmlRpcClient({ url })
    expect(await thrownBy(strict.call('m'))).toBeInstanceOf(XmlRpcTransportError)
  })

  it('leaves nothing behind', async () => {
    const served = await expectNoLeaks(async () => {
      await using server = await RawServer.listen((response) => send(response, result('x')))
      await using client = new XmlRpcClient({ url: server.url })
      await client.call('a')
      await thrownBy(client.call('b', [], { signal: AbortSignal.abort() }))
      return server.requests.length
    })
    expect(served).toBe(1)
  })

  it.each<[string, object]>([
    ['url', { url: 'ftp://x/' }],
    ['url', { url: 'not a url' }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['maxConnections', { maxConnections: 0 }],
    ['keepAliveMs', { keepAliveMs: -1 }],
    ['url', { url: 'http://a%zz:b@h/' }],
    ['url', { url: undefined }],
    ['tls', { tls: 'PEM' }],
    ['tls.ca', { tls: { ca: 5 } }],
    ['tls.ca[1]', { tls: { ca: ['PEM', 5] } }],
    ['tls.rejectUnauthorized', { tls: { rejectUnauthorized: 'no' } }],
    ['tls.cert', { tls: { cert: 'PEM' } }],
    ['clock', { clock: 5 }],
    ['clock', { clock: { now: () => 0 } }],
    ['timeout', { timeout: 5 }],
    ['dialect', { encode: { dialect: 'x' } }],
    ['maxDepth', { decode: { maxDepth: 0 } }],
  ])('refuses an unusable %s at once', (option, options) => {
    const make = (): unknown => new XmlRpcClient({ url: 'http://127.0.0.1/', ...options })
    expect(make).toThrow(OptionError)
    expect(make).toThrow(expect.objectContaining({ option }))
  })
})
