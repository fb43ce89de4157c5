import { bothModes } from '@x/testkit/modes'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ANY_PORT, callDocument, openEngineHost, PlacedEngine, post } from './engine-harness.ts'

const EVENT = callDocument('event', 'id', 'A:1', 'STATE', '<i4>1</i4>')

/** Sends bytes as they are and resolves with everything that came back until the connection ended or `until` came. */
function talk(port: number, bytes: string, until?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      received += text
      if (until?.test(received) === true) socket.end()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(received))
  })
}

describe('the HTTP of the engine', () => {
  const refused: readonly (readonly [string, number, Parameters<typeof post>[1], Parameters<typeof post>[2]])[] = [
    ['another path', 404, EVENT, { path: '/RPC3' }],
    ['another method', 405, EVENT, { method: 'PUT' }],
    ['a body that is not XML-RPC', 400, '<html></html>', {}],
    ['an empty body', 400, '', {}],
    ['a body cut in the middle', 400, EVENT.slice(0, -30), {}],
    ['a document type', 400, `<?xml version="1.0"?><!DOCTYPE a><methodCall/>`, {}],
    ['bytes that are not UTF-8', 400, Buffer.from(EVENT.replace('STATE', 'Ger\u00e4t'), 'latin1'), {}],
    ['a body beyond the bound', 413, ' '.repeat(70_000), {}],
    ['a chunked body beyond the bound', 413, ' '.repeat(70_000), { headers: { 'Transfer-Encoding': 'chunked' } }],
    ['a content type that is not XML', 415, EVENT, { headers: { 'Content-Type': 'application/json' } }],
  ]

  bothModes('refuses what is no call, says so, and goes on', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    for (const [what, status, body, options] of refused) {
      const answer = await post(engine.port, body, options)
      expect(answer.status, what).toBe(status)
      expect(answer.headers['content-length'], what).toBe(String(Buffer.byteLength(answer.body)))
      if (status === 405) expect(answer.headers['allow']).toBe('POST')
    }
    expect((await post(engine.port, EVENT)).status).toBe(200)
    await expect.poll(() => engine.acknowledged).toHaveLength(1)
    expect(await engine.link.call('counters', null)).toMatchObject({
      requests: refused.length + 1,
      errors: refused.length,
    })
  })

  bothModes(
    'answers calls at both paths, without a content type too, and with a query',
    async ({ mode, copy, defer }) => {
      const host = openEngineHost(mode, copy)
      defer(() => host.close())
      await using engine = await PlacedEngine.listen(host)
      for (const path of ['/', '/RPC2', '/RPC2?from=ccu']) {
        expect((await post(engine.port, EVENT, { path })).status, path).toBe(200)
      }
      const bare = `POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-length: ${EVENT.length}\r\n\r\n${EVENT}`
      expect(await talk(engine.port, bare, /<\/methodResponse>/)).toContain('HTTP/1.1 200 OK')
      await expect.poll(() => engine.acknowledged).toHaveLength(4)
    },
  )

  bothModes('keeps a connection for many calls, one after the other', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    const one = `POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-length: ${EVENT.length}\r\n\r\n${EVENT}`
    const received = await talk(engine.port, one.repeat(10), /(?:<\/methodResponse>[^]*){10}/)
    expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(10)
    await expect.poll(() => engine.acknowledged).toHaveLength(10)
  })

  bothModes('ignores an offer of HTTP/2, and ends a connection that speaks no HTTP', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    const offer = `POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nContent-Type: text/xml\r\nContent-Length: ${EVENT.length}\r\n\r\n${EVENT}`
    expect(await talk(engine.port, offer, /<\/methodResponse>/)).toContain('HTTP/1.1 200 OK')
    expect(await talk(engine.port, 'garbage\r\n\r\n')).toContain('400 Bad Request')
    expect((await post(engine.port, EVENT)).status).toBe(200)
  })

  bothModes('tells its health', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    await post(engine.port, EVENT)
    await post(engine.port, 'nonsense')
    const answer = await post(engine.port, '', { method: 'GET', path: '/health' })
    expect(JSON.parse(answer.body)).toMatchObject({ status: 'ok', requestCount: 2, errorCount: 1, errorRate: 0.5 })
    expect((await post(engine.port, EVENT, { path: '/health' })).status).toBe(405)
  })

  bothModes('lives on when peers go away in the middle of a request', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    for (const part of [
      'POST / HTTP/1.1\r\n',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n<methodCall>',
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(engine.port, '127.0.0.1', () => socket.write(part, () => socket.resetAndDestroy()))
        socket.on('error', () => undefined).on('close', () => resolve())
      })
    }
    expect((await post(engine.port, EVENT)).status).toBe(200)
    expect(engine.errors).toEqual([])
  })

  bothModes('gives up a peer that sends too slowly', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host, { headersTimeoutMs: 100, requestTimeoutMs: 150 })
    expect(await talk(engine.port, 'POST / HTTP/1.1\r\nHost:')).toMatch(/^(HTTP\/1\.1 4|$)/)
    const start = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 900\r\n\r\n<methodCall>'
    expect(await talk(engine.port, start)).toMatch(/^(HTTP\/1\.1 4|$)/)
    expect((await post(engine.port, EVENT)).status).toBe(200)
  })

  bothModes('tells a port in use by a typed error', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    const other = await PlacedEngine.listen(host)
    defer(() => other[Symbol.asyncDispose]())
    await other.link.call('drain', { deadlineMs: 0, idleGraceMs: 0 })
    await expect(other.link.call('listen', { ...ANY_PORT, port: engine.port })).rejects.toMatchObject({
      name: 'BindError',
      code: 'XMLRPC_BIND',
      reason: 'EADDRINUSE',
      port: engine.port,
    })
  })

  bothModes('lets calls under way finish when it drains, and frees the port', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    await engine.link.call('setMethods', { names: ['slow'] })
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    engine.outcome = async () => {
      await held
      return { kind: 'result', value: { data: 'late' } }
    }
    const answer = post(engine.port, callDocument('slow'))
    await expect.poll(() => engine.asked).toHaveLength(1)
    const report = engine.link.call('drain', { deadlineMs: 10_000, idleGraceMs: 0 })
    const tryAgain = (): Promise<unknown> =>
      post(engine.port, EVENT).then(
        ({ status }) => status,
        ({ code }) => code,
      )
    await expect.poll(tryAgain).toBe('ECONNREFUSED')
    release()
    expect((await answer).body).toContain('late')
    const { drained, aborted } = await report
    expect(aborted).toBe(0)
    // what was accepted at the last moment before the drain is answered, too
    expect(drained).toBeGreaterThan(0)
    await using next = await PlacedEngine.listen(host)
    expect(next.port).toBeGreaterThan(0)
  })

  bothModes('cuts off what is under way when the deadline of a drain is over', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    await engine.link.call('setMethods', { names: ['stuck'] })
    engine.outcome = () => new Promise(() => undefined)
    const answer = post(engine.port, callDocument('stuck'))
    answer.catch(() => undefined)
    await expect.poll(() => engine.asked).toHaveLength(1)
    expect(await engine.link.call('drain', { deadlineMs: 20, idleGraceMs: 0 })).toEqual({ drained: 0, aborted: 1 })
    await expect(answer).rejects.toThrow()
  })

  it('answers a parse error by a fault when asked to', async () => {
    const host = openEngineHost('loop', 'none')
    await using engine = await PlacedEngine.listen(host, { parseErrorAs: 'fault' })
    for (const [document, code] of [
      ['<methodCall>', '-32700'],
      ['<nonsense/>', '-32600'],
      ['<?xml version="1.0" encoding="ebcdic"?><methodCall/>', '-32701'],
    ] as const) {
      const answer = await post(engine.port, document)
      expect(answer.status).toBe(200)
      expect(answer.body).toContain(code)
    }
    await host.close()
  })
})
