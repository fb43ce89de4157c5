import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { ControlClient, type ControlEvent } from '@x/testkit/control'
import { leakHooks } from '@x/testkit/leaks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeDeviceServer } from '../../src/server/fake-device-server.ts'
import { raw } from '../raw-request.ts'

const leaks = leakHooks()
let server: FakeDeviceServer
let client: ControlClient

beforeEach(async () => {
  leaks.before()
  server = await new FakeDeviceServer({ maxEvents: 5, maxReaders: 2, heartbeatMs: 10 }).start()
  client = new ControlClient(server.url)
})

afterEach(async () => {
  await server.stop()
  await leaks.after()
})

async function report(level: number): Promise<void> {
  await client.setState('LEQ0000002', { '1.LEVEL': level })
}

function levelOf(event: ControlEvent | undefined): unknown {
  return event?.type === 'state' ? event.data.value : event?.type
}

async function take(events: AsyncIterable<ControlEvent>, count: number): Promise<ControlEvent[]> {
  const taken: ControlEvent[] = []
  for await (const event of events) if (taken.push(event) === count) break
  return taken
}

describe('the event stream', () => {
  it('goes on where a reader left, without a gap', async () => {
    const first = client.events()
    await first.opened
    await report(0.1)
    const [seen] = await take(first, 1)
    await report(0.2)
    await report(0.3)
    const again = client.events({ lastEventId: String(seen?.id) })
    await again.opened
    await report(0.4)
    expect((await take(again, 3)).map(levelOf)).toEqual([0.2, 0.3, 0.4])
  })

  it('says how many events are gone for good', async () => {
    const first = client.events()
    await first.opened
    await report(0)
    const [seen] = await take(first, 1)
    for (let count = 1; count <= 8; count++) await report(count / 10)
    const replayed = await take(client.events({ lastEventId: String(seen?.id) }), 6)
    expect(replayed[0]).toMatchObject({ type: 'gap', data: { missed: 3 } })
    expect(replayed.slice(1).map(levelOf)).toEqual([0.4, 0.5, 0.6, 0.7, 0.8])
  })

  it.each(['other-1', 'nonsense', '', '-'])('gives all it has to who comes with the id %j', async (lastEventId) => {
    await report(0.5)
    const url = `${server.url}/api/events?lastEventId=${lastEventId}`
    const incoming = get(url)
    const [response] = (await once(incoming, 'response')) as [IncomingMessage]
    expect(response.headers['content-type']).toBe('text/event-stream')
    let text = ''
    for await (const piece of response) {
      text += String(piece)
      if (text.includes('"value":0.5')) break
    }
    expect(text).toContain('event: gap\n')
    expect(text).toContain('"missed":null')
  })

  it('shows signs of life, and ends its timer with the last reader', async () => {
    const incoming = get(`${server.url}/api/events`)
    const [response] = (await once(incoming, 'response')) as [IncomingMessage]
    let text = ''
    for await (const piece of response) {
      text += String(piece)
      if (text.split(': still here\n\n').length > 3) break
    }
    expect(text).toMatch(/^: from [0-9a-f]{8}-0\n\n/)
  })

  it('has a bound on its readers, and room again when one leaves', async () => {
    const readers = [client.events(), client.events()]
    await Promise.all(readers.map(({ opened }) => opened))
    await expect(client.events().next()).rejects.toMatchObject({ status: 503, reason: 'FAKE_TOO_MANY_READERS' })
    await readers[0]?.close()
    let isOpen = false
    while (!isOpen) {
      const next = client.events()
      isOpen = await next.opened.then(
        () => true,
        () => false,
      )
      await next.close()
    }
    await readers[1]?.close()
  })

  it('ends for its readers when the server stops', async () => {
    const events = client.events()
    await events.opened
    await server.stop()
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  it('drops a reader that does not read, which may come back', async () => {
    const incoming = get(`${server.url}/api/events`)
    const [response] = (await once(incoming, 'response')) as [IncomingMessage]
    response.pause()
    const note = 'x'.repeat(1000)
    const many = Array.from({ length: 50 }, () => ({ observer: 'o', topic: 't', note }))
    let isDropped = false
    response.once('close', () => (isDropped = true))
    incoming.once('close', () => (isDropped = true))
    for (let round = 0; round < 400 && server.readers > 0; round++) await client.observe(many)
    expect(server.readers).toBe(0)
    incoming.destroy()
    if (!isDropped) await once(incoming, 'close')
  })

  it('has a head without a stream', async () => {
    const answer = await raw(`${server.url}/api/events`, { method: 'HEAD' })
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/event-stream'])
    expect(server.readers).toBe(0)
  })
})
