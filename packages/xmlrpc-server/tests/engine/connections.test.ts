import { CertificateAuthority } from '@x/testkit/certificates'
import { bothModes } from '@x/testkit/modes'
import { request } from 'node:https'
import { describe, expect } from 'vitest'
import { callDocument, openEngineHost, PlacedEngine, post } from './engine-harness.ts'
import { latch, requestText, Talk } from './talk.ts'

const event = (value: number): string => callDocument('event', 'id', 'A:1', 'LEVEL', `<i4>${value}</i4>`)

/** The status of an event over TLS, or the code of what went wrong. */
function postTls(port: number, ca: string): Promise<number | string> {
  return new Promise((resolve) => {
    const client = request({ host: 'localhost', port, method: 'POST', agent: false, ca }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    client.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'error')).end(event(1))
  })
}

describe('a peer that does not finish a handshake', () => {
  const starts: readonly (readonly [string, Uint8Array])[] = [
    ['says nothing', Buffer.alloc(0)],
    ['stops in the middle of a hello', Buffer.from('1603010200', 'hex')],
    ['sends garbage in a record', Buffer.concat([Buffer.from('160301020001fc0303', 'hex'), Buffer.alloc(600, 1)])],
    ['speaks without TLS', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ]

  bothModes('holds its connection for a while only', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    const authority = await CertificateAuthority.create()
    await using engine = await PlacedEngine.listen(host, {
      headersTimeoutMs: 300,
      maxConnections: starts.length,
      access: { allow: null, credentials: null, tls: authority.server() },
    })
    const talks = starts.map(([, bytes]) => new Talk(engine.port, { allowHalfOpen: true }).send(bytes))
    defer(() => talks.forEach((talk) => talk[Symbol.dispose]()))
    await expect.poll(() => postTls(engine.port, authority.cert), { timeout: 5000 }).toBe(200)
    await expect.poll(async () => (await engine.link.call('counters', null)).connections).toBe(0)
  })
})

describe('a peer that does not read', () => {
  bothModes('loses its connection, however short the answers', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host, {
      headersTimeoutMs: 300,
      requestTimeoutMs: 300,
      maxInTransit: 1_000_000,
    })
    using talk = new Talk(engine.port)
    talk.socket.pause()
    const many = Buffer.from(requestText(event(1)).repeat(50))
    for (let count = 0; count < 1000; count++) talk.send(many)
    const connections = async (): Promise<number> => (await engine.link.call('counters', null)).connections
    await expect.poll(connections).toBe(1)
    // what was sent and not read fills what the system keeps of it
    expect(talk.socket.writableLength).toBeGreaterThan(0)
    await expect.poll(connections, { timeout: 8000 }).toBe(0)
    expect((await post(engine.port, event(2))).status).toBe(200)
  })
})

describe('calls one after the other over a connection, none of which waits for its answer', () => {
  bothModes('are read only as far as they can be answered, and answered in order', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    await engine.link.call('setMethods', { names: ['slow'] })
    const { opened, open: release } = latch()
    engine.outcome = async ({ params }) => {
      await opened
      return { kind: 'result', value: { data: (params.data as string[])[0] ?? '' } }
    }
    const total = 3000
    using talk = new Talk(engine.port)
    const calls = Array.from({ length: total }, (_, value) => requestText(callDocument('slow', `number ${value}`)))
    talk.send(calls.join(''))
    let before = -1
    while (before !== engine.asked.length || before <= 0) {
      before = engine.asked.length
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(before).toBeLessThan(1000)
    release()
    await expect.poll(() => talk.statuses.length, { timeout: 10_000 }).toBe(total)
    const answered = Array.from(talk.received.matchAll(/number (\d+)/g), ([, value]) => Number(value))
    expect(answered).toEqual(Array.from({ length: total }, (_, value) => value))
  })

  bothModes('keep their order while it is found out who calls', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    const access = { allow: null, credentials: 'ask', tls: null } as const
    await using engine = await PlacedEngine.listen(host, { access })
    const asked: ((isAdmitted: boolean) => void)[] = []
    engine.authorize = () => new Promise((resolve) => asked.push(resolve))
    using talk = new Talk(engine.port)
    const head = `Authorization: Basic ${btoa('user:password')}\r\n`
    talk.send(requestText(event(1), { head }) + requestText(event(2), { head }))
    await expect.poll(() => asked).toHaveLength(1)
    asked[0]?.(true)
    talk.send(requestText(event(3), { head }))
    await expect.poll(() => talk.statuses).toEqual([200, 200, 200])
    await expect.poll(() => engine.acknowledged.map(({ params }) => (params.data as unknown[])[3])).toEqual([1, 2, 3])
    expect(asked).toHaveLength(1)
  })
})

describe('connections that wait to be taken when the port is freed', () => {
  bothModes('are taken and answered, none is reset', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    const talks = Array.from({ length: 60 }, () => new Talk(engine.port))
    defer(() => talks.forEach((talk) => talk[Symbol.dispose]()))
    // a socket connects in the next tick
    await new Promise<void>((resolve) => process.nextTick(resolve))
    await engine.link.call('unlisten', null)
    for (const [index, talk] of talks.entries()) talk.send(requestText(event(index)))
    await expect.poll(() => talks.every(({ statuses }) => statuses[0] === 200)).toBe(true)
    await expect(post(engine.port, event(60))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await expect.poll(() => engine.acknowledged).toHaveLength(60)
  })
})
