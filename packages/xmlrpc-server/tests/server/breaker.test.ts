import { bothModes } from '@x/testkit/modes'
import { describe, expect } from 'vitest'
import { callDocument, post } from '../engine/engine-harness.ts'
import { RecordingCentral, startServer } from './server-harness.ts'

const event = (value: number): string => callDocument('event', 'rf', 'A:1', 'LEVEL', `<i4>${value}</i4>`)

describe('the watch for failures', () => {
  bothModes('degrades the health after failures in a row, refuses no event, and is well again', async (context) => {
    const server = await startServer(context, {
      handlerTimeoutMs: 10,
      breaker: { failureThreshold: 3, resetTimeoutMs: 0 },
    })
    const central = new RecordingCentral('hub', 'rf')
    server.addCentral(central)
    server.register('stuck', () => new Promise(() => undefined))
    const health = async (): Promise<unknown> =>
      JSON.parse((await post(server.listenPort, '', { method: 'GET', path: '/health' })).body)
    expect(await health()).toMatchObject({ status: 'ok', centralNames: ['hub'], centralsRegistered: 1 })
    for (let count = 0; count < 2; count++) await post(server.listenPort, callDocument('stuck'))
    await post(server.listenPort, event(1))
    await expect.poll(() => server.healthStatus.requestCount).toBe(3)
    expect(server.health().status).toBe('ok')
    for (let count = 0; count < 3; count++) await post(server.listenPort, callDocument('stuck'))
    await expect.poll(() => server.health().status).toBe('degraded')
    expect(server.health()).toMatchObject({ reason: 'requests have failed in a row', state: 'running' })
    await expect.poll(health).toMatchObject({ status: 'degraded', reason: 'requests have failed in a row' })
    for (const value of [2, 3, 4]) {
      expect((await post(server.listenPort, event(value))).body).toContain('<boolean>1</boolean>')
    }
    await expect.poll(() => server.health().status).toBe('ok')
    expect(server.healthStatus.breaker).toBe('closed')
    await expect.poll(() => central.events.map(({ value }) => value)).toEqual([1, 2, 3, 4])
  })

  bothModes('does not count what callers do wrong', async (context) => {
    const server = await startServer(context, { breaker: { failureThreshold: 1 } })
    for (const body of ['nonsense', callDocument('unheardOf'), callDocument('event', 'rf')]) {
      await post(server.listenPort, body)
    }
    server.register('broken', () => {
      throw new Error('no')
    })
    await post(server.listenPort, callDocument('broken'))
    await expect.poll(() => server.healthStatus.errorCount).toBe(4)
    expect(server.healthStatus.breaker).toBe('closed')
    expect(server.health().status).toBe('ok')
  })

  bothModes('can go over to the other implementation by itself', async (context) => {
    const server = await startServer(context, {
      handlerTimeoutMs: 10,
      breaker: { failureThreshold: 2, switchImplementation: true },
    })
    const to = context.mode === 'loop' ? 'thread' : 'loop'
    server.register('stuck', () => new Promise(() => undefined))
    for (let count = 0; count < 2; count++) await post(server.listenPort, callDocument('stuck'))
    await expect.poll(() => server.healthStatus).toMatchObject({ mode: to, breaker: 'open', switches: 1 })
    await expect.poll(() => post(server.listenPort, event(1)).then(({ status }) => status)).toBe(200)
  })

  bothModes('can be left out', async (context) => {
    const server = await startServer(context, { handlerTimeoutMs: 1, breaker: false })
    server.register('stuck', () => new Promise(() => undefined))
    for (let count = 0; count < 6; count++) await post(server.listenPort, callDocument('stuck'))
    await expect.poll(() => server.healthStatus).toMatchObject({ errorCount: 6, breaker: 'disabled' })
    expect(server.health().status).toBe('ok')
  })
})
