import { ModeOptionError } from '@x/loop-utils/errors'
import { expectNoLeaks } from '@x/testkit/leaks'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { AsyncXmlRpcServer } from '../../src/index.ts'
import { callDocument, post } from '../engine/engine-harness.ts'
import { RecordingCentral } from './server-harness.ts'

const event = (value: number): string => callDocument('event', 'rf', 'A:1', 'LEVEL', `<i4>${value}</i4>`)

/** Runs another HTTP server around the body. */
async function within(listener: RequestListener, body: (port: number) => Promise<void>): Promise<void> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await body((server.address() as AddressInfo).port)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

describe('a server mounted in another one', () => {
  it('answers what it is given, at any path, as one that listens does', async () => {
    await expectNoLeaks(async () => {
      await using server = new AsyncXmlRpcServer({ listen: false, credentials: { user: 'a', password: 'b' } })
      const central = new RecordingCentral('hub', 'rf')
      server.addCentral(central)
      server.register('ask', () => 'answered')
      const handler = server.requestHandler()
      await within(handler, async (port) => {
        expect((await post(port, event(0))).status).toBe(503)
        await server.start()
        expect(server.listenPort).toBe(0)
        const headers = { Authorization: `Basic ${btoa('a:b')}` }
        expect((await post(port, event(1), { path: '/ccu/callback', headers })).body).toContain('<boolean>1</boolean>')
        expect((await post(port, callDocument('ask'), { headers })).body).toContain('answered')
        expect((await post(port, event(1))).status).toBe(401)
        expect((await post(port, 'nonsense', { headers })).status).toBe(400)
        expect((await post(port, '', { headers, method: 'GET', path: '/health' })).status).toBe(405)
        await expect.poll(() => central.events.map(({ value }) => value)).toEqual([1])
        await expect.poll(() => server.healthStatus.requestCount).toBe(5)
        await server.stop()
        expect((await post(port, event(2), { headers })).status).toBe(503)
        await server.start()
        expect((await post(port, event(3), { headers })).status).toBe(200)
      })
      await expect.poll(() => central.events.map(({ value }) => value)).toEqual([1, 3])
    })
  })

  it('says so when somebody has read the body before', async () => {
    await using server = new AsyncXmlRpcServer({ listen: false })
    await server.start()
    const handler = server.requestHandler()
    await within(
      (request, response) => {
        request.resume().on('end', () => handler(request, response))
      },
      async (port) => {
        expect((await post(port, event(1))).status).toBe(500)
      },
    )
    await expect.poll(() => server.healthStatus).toMatchObject({ requestCount: 1, errorCount: 1 })
  })

  it('answers what is under way before it stops, and leaves the connections to their server', async () => {
    await using server = new AsyncXmlRpcServer({ listen: false })
    await server.start()
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let isAsked = false
    server.register('slow', async () => {
      isAsked = true
      await held
      return 'late'
    })
    await within(server.requestHandler(), async (port) => {
      const answer = post(port, callDocument('slow'))
      await expect.poll(() => isAsked).toBe(true)
      const stopped = server.stop()
      release()
      expect((await answer).body).toContain('late')
      await stopped
      expect((await post(port, event(1))).status).toBe(503)
    })
  })

  it('can listen at the same time', async () => {
    await using server = new AsyncXmlRpcServer({ host: '127.0.0.1' })
    await server.start()
    const central = new RecordingCentral('hub', 'rf')
    server.addCentral(central)
    await within(server.requestHandler(), async (port) => {
      await post(port, event(1))
      await post(server.listenPort, event(2))
    })
    await expect.poll(() => central.events.map(({ value }) => value)).toEqual([1, 2])
  })

  it('exists in loop mode only', async () => {
    const thread = new AsyncXmlRpcServer({ mode: 'thread' })
    expect(() => thread.requestHandler()).toThrow(ModeOptionError)
    await using server = new AsyncXmlRpcServer({ host: '127.0.0.1' })
    server.requestHandler()
    await server.start()
    await expect(server.switchImplementation('thread')).rejects.toMatchObject({
      code: 'LOOP_THREAD_OPTION',
      option: 'requestHandler',
    })
  })
})
