import { openHost } from '@x/loop-utils/channel'
import { bothModes } from '@x/testkit/modes'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { AsyncXmlRpcServer } from '../../src/server/async-xml-rpc-server.ts'
import { callDocument, multicallDocument, post } from '../engine/engine-harness.ts'
import { RecordingCentral, startServer } from './server-harness.ts'

const event = (id: string, value: number): readonly [string, ...string[]] => [
  'event',
  id,
  'A:1',
  'LEVEL',
  `<i4>${value}</i4>`,
]

const get = async (server: AsyncXmlRpcServer, path: string): Promise<string> =>
  (await post(server.listenPort, '', { method: 'GET', path })).body

const healthOf = async (server: AsyncXmlRpcServer): Promise<Record<string, unknown>> =>
  JSON.parse(await get(server, '/health'))

/** The samples of the text format, by name and labels. */
async function metricsOf(server: AsyncXmlRpcServer): Promise<Record<string, number>> {
  const lines = (await get(server, '/metrics')).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = '', value] = /^xmlrpc_server_(\S+) (\S+)$/.exec(line) ?? []
      return [name, Number(value)]
    }),
  )
}

const other = (mode: 'loop' | 'thread'): 'loop' | 'thread' => (mode === 'loop' ? 'thread' : 'loop')

describe('GET /health and GET /metrics', () => {
  bothModes('tell what waits, was dropped, left out, failed and unknown', async (context) => {
    const server = await startServer(context, {
      maxWaitingPerInterface: 3,
      overflow: 'drop-newest',
      overflowAfterMs: 1,
      coalesce: ({ parameter }) => parameter === 'STATE',
      onError: () => undefined,
    })
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const central = new RecordingCentral('hub', 'rf', 'ip')
    central.onEvent = async ({ interfaceId, value }) => {
      if (interfaceId === 'ip') throw new Error('no')
      if (value === 0) await held
    }
    server.addCentral(central)
    const state = ['event', 'rf', 'B:1', 'STATE', '<i4>1</i4>'] as const
    const calls = [event('rf', 0), state, state, event('rf', 1), event('rf', 2), event('ip', 3), event('gone', 4)]
    await post(server.listenPort, multicallDocument(...calls))
    await expect
      .poll(() => healthOf(server), { timeout: 10_000 })
      .toMatchObject({
        waitingCallbacks: 3,
        droppedCallbacks: 1,
        coalescedEvents: 1,
        failedCallbacks: 1,
        unknownInterfaceIds: 1,
        mode: context.mode,
        engineRestarts: 0,
        switches: 0,
        breaker: 'closed',
      })
    expect(await metricsOf(server)).toMatchObject({
      requests_total: 1,
      waiting_callbacks: 3,
      dropped_callbacks_total: 1,
      coalesced_events_total: 1,
      failed_callbacks_total: 1,
      unknown_interface_ids_total: 1,
      engine_restarts_total: 0,
      switches_total: 0,
      [`mode{mode="${context.mode}"}`]: 1,
      [`mode{mode="${other(context.mode)}"}`]: 0,
      'breaker{state="closed"}': 1,
      'breaker{state="open"}': 0,
    })
    release()
    await expect.poll(async () => (await healthOf(server))['waitingCallbacks']).toBe(0)
  })

  bothModes('tell the same as healthStatus after the implementation was switched', async (context) => {
    const server = await startServer(context, { credentials: { user: 'ccu', password: 'secret' } })
    const headers = { Authorization: `Basic ${Buffer.from('ccu:secret').toString('base64')}` }
    const health = async (): Promise<Record<string, unknown>> =>
      JSON.parse((await post(server.listenPort, '', { method: 'GET', path: '/health', headers })).body)
    for (const value of [1, 2, 3]) await post(server.listenPort, callDocument(...event('rf', value)), { headers })
    await post(server.listenPort, callDocument(...event('rf', 4)))
    await post(server.listenPort, 'nonsense', { headers })
    for (const [switches, to] of [other(context.mode), context.mode].entries()) {
      await server.switchImplementation(to, { idleGraceMs: 0 })
      const { requestCount, errorCount, deniedRequests, lastRequest } = server.healthStatus
      expect([requestCount, errorCount, deniedRequests]).toEqual([5, 2, 1])
      await expect.poll(health).toMatchObject({
        requestCount,
        errorCount,
        deniedRequests,
        errorRate: 0.4,
        lastRequest: lastRequest?.toISOString(),
        mode: to,
        switches: switches + 1,
      })
    }
  })

  bothModes('lose no count while the other implementation still drains', async (context) => {
    const server = await startServer(context)
    let answer = (): void => undefined
    server.register('slow', () => new Promise((resolve) => (answer = () => resolve(true))))
    for (const value of [1, 2]) await post(server.listenPort, callDocument(...event('rf', value)))
    const slow = post(server.listenPort, callDocument('slow'))
    await expect.poll(() => String(answer)).toContain('resolve')
    const switched = server.switchImplementation(other(context.mode), { drainMs: 20_000, idleGraceMs: 0 })
    await expect.poll(() => server.mode).toBe(other(context.mode))
    expect(await healthOf(server)).toMatchObject({ requestCount: 2 })
    answer()
    await slow
    await switched
    await expect.poll(() => healthOf(server)).toMatchObject({ requestCount: 3, switches: 1 })
  })

  it('go on counting when the worker has died', async () => {
    let workers = 0
    await using engineHost = openHost({
      mode: 'thread',
      restart: { maxRestarts: 1 },
      entry: () => {
        const isMortal = ++workers === 1
        const file = isMortal ? '../engine/mortal.thread.js' : '../../src/xmlrpc.thread.js'
        return new Worker(new URL(file, import.meta.url), { workerData: { lifeMs: 1000 } })
      },
    })
    await using server = new AsyncXmlRpcServer({ host: '127.0.0.1', engineHost })
    await server.start()
    await post(server.listenPort, callDocument(...event('rf', 1)))
    await post(server.listenPort, 'nonsense')
    await expect.poll(() => server.healthStatus).toMatchObject({ requestCount: 2, errorCount: 1 })
    await expect.poll(() => server.healthStatus.engineRestarts).toBe(1)
    await expect
      .poll(() => healthOf(server).catch(() => undefined))
      .toMatchObject({
        requestCount: 2,
        errorCount: 1,
        engineRestarts: 1,
        status: 'ok',
        lastRequest: server.healthStatus.lastRequest?.toISOString(),
      })
  })

  bothModes('go on counting when the server was started again', async (context) => {
    const server = await startServer(context)
    server.addCentral(new RecordingCentral('hub', 'rf'))
    await post(server.listenPort, callDocument(...event('rf', 1)))
    await post(server.listenPort, 'nonsense')
    await server.stop()
    await server.start()
    expect(await healthOf(server)).toMatchObject({ requestCount: 2, errorCount: 1, centralNames: ['hub'] })
    expect(await metricsOf(server)).toMatchObject({ requests_total: 2, errors_total: 1, centrals: 1 })
  })
})
