import { CertificateAuthority } from '@x/testkit/certificates'
import { bothModes } from '@x/testkit/modes'
import { describe, expect } from 'vitest'
import type { AsyncXmlRpcServer } from '../../src/index.ts'
import { bytesOf, type Vector, vectors } from '../codec/vector-file.ts'
import { callDocument, multicallDocument, post, type RawAnswer } from '../engine/engine-harness.ts'
import { requestText, Talk } from '../engine/talk.ts'
import { RecordingCentral, startServer } from '../server/server-harness.ts'

const EVENT = callDocument('event', 'rf', 'A:1', 'STATE', '<boolean>1</boolean>')

/** Memory of the process that a test may leave behind, generously: in MiB, other tests' garbage included. */
const MOST_MIB = 400

const rssMib = (): number => process.memoryUsage.rss() / 2 ** 20

const many = (count: number, piece: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => piece(index)).join('')

const isCall = (vector: Vector): boolean => Buffer.from(bytesOf(vector)).includes('<methodCall>')

/** One call after the other, each as the only one under way. */
async function postAll(port: number, bodies: readonly Uint8Array[]): Promise<RawAnswer[]> {
  const answers: RawAnswer[] = []
  for (const body of bodies) answers.push(await post(port, body))
  return answers
}

/** The process lives, takes calls, and holds no connection of those that came before. */
async function expectSound(server: AsyncXmlRpcServer, central: RecordingCentral): Promise<void> {
  const isTold = (): boolean => central.events.some(({ interfaceId }) => interfaceId === 'sound')
  expect((await post(server.listenPort, EVENT.replace('rf', 'sound'))).status).toBe(200)
  await expect.poll(isTold).toBe(true)
  await expect.poll(() => server.healthStatus.connections, { timeout: 8000 }).toBe(0)
  expect(server.healthStatus.engineRestarts).toBe(0)
}

describe('a running server', () => {
  bothModes('takes what is nested as deep as may be, and nothing deeper', async (context) => {
    const server = await startServer(context, { maxDepth: 200 })
    const central = new RecordingCentral('hub', 'rf', 'sound')
    server.addCentral(central)
    const nested = (depth: number): string =>
      '<array><data><value>'.repeat(depth) + '</value></data></array>'.repeat(depth)
    const event = (depth: number): string => callDocument('event', 'rf', 'A:1', 'STATE', nested(depth))
    const multicall = (depth: number): string => multicallDocument(['event', 'rf', 'A:1', 'STATE', nested(depth)])
    const statuses = [event(200), event(201), multicall(197), multicall(198)].map(
      async (document) => (await post(server.listenPort, document)).status,
    )
    expect(await Promise.all(statuses)).toEqual([200, 400, 200, 400])
    await expect.poll(() => central.events).toHaveLength(2)
    await expectSound(server, central)
  })

  bothModes('answers every document of the vectors as documented, and lives', async (context) => {
    const server = await startServer(context, { maxDepth: 128 })
    const central = new RecordingCentral('hub', 'rf', 'sound')
    server.addCentral(central)
    const rss = rssMib()
    const answers = await postAll(server.listenPort, vectors.map(bytesOf))
    for (const [index, vector] of vectors.entries()) {
      const { id, kind, recommended } = vector
      const { status, body } = answers[index] as RawAnswer
      // among the responses there is a call that is taken for one
      if (kind === 'response') expect([id, status]).toEqual([id, isCall(vector) ? 200 : 400])
      else if (recommended === 'reject') expect([id, status]).toEqual([id, 400])
      else if (recommended === 'ok') expect([id, status]).toEqual([id, 200])
      else expect([200, 400], id).toContain(status)
      // nobody has registered most of their methods; a few are callbacks
      if (status === 200) expect(body, id).toMatch(/<methodResponse>\s*(?:<params>|<fault>.*-3260[012])/s)
      else expect(body, id).toMatch(/^not an XML-RPC call: XMLRPC_[A-Z]+ at byte \d+\n$/)
    }
    const good = answers.filter(({ body }) => /<methodResponse>\s*<params>/.test(body)).length
    await expect.poll(() => server.healthStatus.requestCount).toBe(vectors.length)
    expect(server.healthStatus.errorCount).toBe(vectors.length - good)
    await expectSound(server, central)
    expect(rssMib() - rss).toBeLessThan(MOST_MIB)
  })

  bothModes('answers large, deep and senseless documents as documented, within bounds', async (context) => {
    const server = await startServer(context)
    const central = new RecordingCentral('hub', 'rf', 'sound')
    server.addCentral(central)
    const rss = rssMib()
    const members = many(50_000, (index) => `<member><name>k${index}</name><value>x</value></member>`)
    const cases: readonly (readonly [string, string | Uint8Array, number, RegExp])[] = [
      [
        'a struct of 50,000 members',
        callDocument('newDevices', 'rf', `<struct>${members}</struct>`),
        200,
        /<boolean>1/,
      ],
      ['it as an event', callDocument('event', 'rf', 'A:1', 'X', `<struct>${members}</struct>`), 200, /<boolean>1/],
      ['100,000 nested arrays', callDocument('m', '<array><data><value>'.repeat(100_000)), 400, /XMLRPC_LIMIT/],
      ['100,000 nested structs', callDocument('m', '<struct><member><value>'.repeat(100_000)), 400, /XMLRPC_LIMIT/],
      ['1,100,000 values', callDocument('m', `<array><data>${'<value/>'.repeat(1_100_000)}`), 400, /XMLRPC_LIMIT/],
      [
        'nested multicalls',
        callDocument(
          'system.multicall',
          many(3, () => '<array><data><value>'),
        ),
        400,
        /XMLRPC_PARSE/,
      ],
      ['a multicall of nothing', callDocument('system.multicall', '<array><data/></array>'), 200, /<data><\/data>/],
      [
        'more calls than one may have',
        callDocument('system.multicall', `<array><data>${'<value/>'.repeat(10_001)}</data></array>`),
        200,
        /-32600/,
      ],
      ['entities', '<!DOCTYPE a [<!ENTITY b "b">]><methodCall/>', 400, /XMLRPC_/],
      ['zeros', Buffer.alloc(1_000_000), 400, /XMLRPC_/],
      ['a name that never ends', `<methodCall><methodName>${'m'.repeat(5_000_000)}`, 400, /XMLRPC_/],
    ]
    for (const [what, body, status, text] of cases) {
      const answer = await post(server.listenPort, body).catch((error: unknown) => ({
        status: String(error),
        body: '',
      }))
      expect([what, answer.status]).toEqual([what, status])
      expect(answer.body, what).toMatch(text)
    }
    using large = new Talk(server.listenPort)
    large.send(
      requestText('', { head: `Content-Length: ${10 * 2 ** 20 + 1}\r\n` }).replace('Content-Length: 0\r\n', ''),
    )
    await expect.poll(() => large.statuses).toEqual([413])
    await expectSound(server, central)
    expect(rssMib() - rss).toBeLessThan(MOST_MIB)
  })

  bothModes('outlives peers that break off, say nonsense, send slowly, or do not read', async (context) => {
    const timeouts = { headersTimeoutMs: 300, requestTimeoutMs: 300, keepAliveTimeoutMs: 300 }
    const server = await startServer(context, timeouts)
    const central = new RecordingCentral('hub', 'rf', 'sound')
    server.addCentral(central)
    const rss = rssMib()
    const whole = requestText(EVENT)
    // every part of a request, after which the peer is gone
    for (let length = 0; length < whole.length; length += 3) {
      const talk = new Talk(server.listenPort)
      context.defer(() => talk[Symbol.dispose]())
      talk.socket.write(whole.slice(0, length), () => talk.socket.resetAndDestroy())
    }
    const nonsense = ['\0\u0001garbage\r\n\r\n', '\r\n'.repeat(1000), 'GET', 'x'.repeat(70_000), '\u0016\u0003\u0001\0']
    const open = [...nonsense, whole.slice(0, -1), whole.slice(0, 20), ''].map((text) =>
      new Talk(server.listenPort).send(Buffer.from(text, 'latin1')),
    )
    const flood = Array.from({ length: 3 }, () => new Talk(server.listenPort))
    for (const talk of flood) {
      talk.socket.pause()
      for (let count = 0; count < 60; count++) talk.send(whole.repeat(50))
    }
    const drip = new Talk(server.listenPort)
    let sent = 0
    const dripping = setInterval(() => drip.send(whole[sent++] ?? ''), 50)
    context.defer(() => clearInterval(dripping))
    for (const talk of [...open, ...flood, drip]) context.defer(() => talk[Symbol.dispose]())
    await expect.poll(() => open.every(({ isClosed }) => isClosed) && drip.isClosed, { timeout: 8000 }).toBe(true)
    for (const { statuses } of [...open, drip]) expect([[], [400], [408], [431]]).toContainEqual(statuses)
    clearInterval(dripping)
    await expectSound(server, central)
    expect(rssMib() - rss).toBeLessThan(MOST_MIB)
  })

  bothModes('outlives silent and senseless peers of TLS', async (context) => {
    const authority = await CertificateAuthority.create()
    const server = await startServer(context, { tls: authority.server(), headersTimeoutMs: 300 })
    const starts = ['', '160301', '1603010200010001fc0303', '00'.repeat(50), 'ff'.repeat(9000)]
    const talks = starts.map((hex) =>
      new Talk(server.listenPort, { allowHalfOpen: true }).send(Buffer.from(hex, 'hex')),
    )
    for (const talk of talks) context.defer(() => talk[Symbol.dispose]())
    await expect.poll(() => server.healthStatus.connections).toBeGreaterThan(0)
    await expect.poll(() => server.healthStatus.connections, { timeout: 8000 }).toBe(0)
    expect(server).toMatchObject({ started: true, healthStatus: { engineRestarts: 0 } })
  })
})
