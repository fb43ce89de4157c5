import { bothModes } from '@x/testkit/modes'
import { describe, expect } from 'vitest'
import { callDocument, openEngineHost, PlacedEngine, post } from './engine-harness.ts'
import { latch, requestText, Talk } from './talk.ts'

const EVENT = callDocument('event', 'id', 'A:1', 'STATE', '<i4>1</i4>')

describe('HTTP that is not in order', () => {
  const broken: readonly (readonly [string, number, string])[] = [
    ['garbage', 400, 'garbage\r\n\r\n'],
    ['the preface of HTTP/2', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/1.1 without a host', 400, requestText(EVENT).replace('Host: x\r\n', '')],
    ['an expectation that nobody knows', 417, requestText(EVENT, { head: 'Expect: x\r\n' })],
    ['headers beyond the bound', 431, requestText(EVENT, { head: `X: ${'x'.repeat(20_000)}\r\n` })],
    ['two lengths', 400, requestText(EVENT, { head: 'Content-Length: 5\r\n' })],
    ['a length and chunks', 400, requestText(EVENT, { head: 'Transfer-Encoding: chunked\r\n' })],
    ['a chunk without a length', 400, 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n'],
  ]

  bothModes('is answered with what is wrong, never in chunks, counted, and the connection ends', async (context) => {
    const host = openEngineHost(context.mode, context.copy)
    context.defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    for (const [what, status, text] of broken) {
      using talk = new Talk(engine.port)
      talk.send(text)
      await expect.poll(() => talk.isClosed, { message: what }).toBe(true)
      expect(talk.statuses, what).toEqual([status])
      expect(talk.received, what).toMatch(/^Content-Length: \d+\r$/im)
      expect(talk.received, what).toMatch(/^Connection: close\r$/im)
      expect(talk.received, what).not.toMatch(/chunked/i)
    }
    expect(await engine.link.call('counters', null)).toMatchObject({ requests: broken.length, errors: broken.length })
    expect(engine.acknowledged).toEqual([])
  })

  bothModes('is answered after the calls before it', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    await engine.link.call('setMethods', { names: ['slow'] })
    const { opened, open: release } = latch()
    engine.outcome = async () => {
      await opened
      return { kind: 'result', value: { data: 'late' } }
    }
    using garbage = new Talk(engine.port)
    garbage.send(`${requestText(callDocument('slow'))}garbage\r\n\r\n`)
    using cut = new Talk(engine.port)
    cut.send(
      `${requestText(callDocument('slow'))}POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n`,
    )
    await expect.poll(() => engine.asked).toHaveLength(2)
    expect([garbage.received, cut.received]).toEqual(['', ''])
    release()
    await expect.poll(() => [garbage.isClosed, cut.isClosed]).toEqual([true, true])
    expect(garbage.received).toContain('late')
    expect(cut.received).toContain('late')
    expect(garbage.statuses).toEqual([200])
    expect(cut.statuses).toEqual([200, 400])
  })

  bothModes('gets 408 when it comes too slowly', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host, { headersTimeoutMs: 100, requestTimeoutMs: 150 })
    using headers = new Talk(engine.port)
    headers.send('POST / HTTP/1.1\r\nHost:')
    using body = new Talk(engine.port)
    body.send(requestText(EVENT).slice(0, -20))
    using answered = new Talk(engine.port)
    answered.send(requestText(EVENT, { target: '/nowhere' }).slice(0, -20))
    await expect.poll(() => [headers.isClosed, body.isClosed, answered.isClosed]).toEqual([true, true, true])
    expect([headers.statuses, body.statuses, answered.statuses]).toEqual([[408], [408], [404]])
    expect(await engine.link.call('counters', null)).toMatchObject({ requests: 3, errors: 3 })
  })

  bothModes('is told of its body when all of that has come, lest the answer is lost', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host, { maxBodyBytes: 16 * 2 ** 20 })
    const body = Buffer.alloc(12 * 2 ** 20, '<html>')
    const answers = await Promise.all(Array.from({ length: 4 }, () => post(engine.port, body)))
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400])
  })

  bothModes('is none when the target is a whole address', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    for (const [path, status] of [
      ['http://127.0.0.1/RPC2', 200],
      ['HTTP://ccu:9123', 200],
      ['http://ccu:9123/?from=ccu', 200],
      ['http://ccu:9123/elsewhere', 404],
      ['http:/RPC2', 400],
    ] as const) {
      using talk = new Talk(engine.port)
      talk.send(requestText(EVENT, { target: path }))
      await expect.poll(() => talk.statuses, { message: path, timeout: 2000 }).toEqual([status])
    }
    const health = await post(engine.port, '', { method: 'GET', path: 'http://ccu/health' })
    expect(JSON.parse(health.body)).toMatchObject({ requestCount: 5 })
  })
})

describe('a peer that ends its side', () => {
  bothModes('gets its answer all the same', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    await engine.link.call('setMethods', { names: ['slow'] })
    using talk = new Talk(engine.port, { allowHalfOpen: true })
    let hasEnded = false
    engine.outcome = async () => {
      await expect.poll(() => hasEnded).toBe(true)
      await new Promise((resolve) => setTimeout(resolve, 50))
      return { kind: 'result', value: { data: 'late' } }
    }
    talk.send(requestText(callDocument('slow')))
    await expect.poll(() => engine.asked).toHaveLength(1)
    talk.end().socket.on('finish', () => (hasEnded = true))
    await expect.poll(() => talk.received).toContain('late')
    await expect.poll(() => talk.isClosed).toBe(true)
  })

  bothModes('is not waited for while callbacks are held back', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    await engine.link.call('hold', { interfaceId: 'id', isHeld: true })
    using talk = new Talk(engine.port, { allowHalfOpen: true })
    talk.send(requestText(EVENT)).end()
    await expect.poll(() => talk.isClosed).toBe(true)
    expect(talk.statuses).toEqual([503])
    await engine.link.call('hold', { interfaceId: 'id', isHeld: false })
    await engine.link.call('counters', null)
    expect(engine.acknowledged).toEqual([])
  })
})
