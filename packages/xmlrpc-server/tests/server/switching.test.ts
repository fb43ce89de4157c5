import { ServiceStateError } from '@x/loop-utils/errors'
import { bothModes } from '@x/testkit/modes'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { AsyncXmlRpcServer, SwitchError } from '../../src/index.ts'
import { NO_NOTICE } from '../../src/engine/server-notice.ts'
import { EngineIntent } from '../../src/server/engine-intent.ts'
import { EngineSeat } from '../../src/server/engine-seat.ts'
import { handPortOver } from '../../src/server/port-handover.ts'
import { serverSettings } from '../../src/server/server-options.ts'
import { canSharePorts } from '../../src/server/shared-port.ts'
import { callDocument, post } from '../engine/engine-harness.ts'
import { KeptAliveLoad } from './kept-alive-load.ts'
import { RecordingCentral, startServer } from './server-harness.ts'

const INTERFACES = ['one', 'two', 'three', 'four']

const event = (id: string, value: number): string => callDocument('event', id, 'A:1', 'LEVEL', `<i4>${value}</i4>`)

function valuesOf({ events }: RecordingCentral): Record<string, unknown[]> {
  const values: Record<string, unknown[]> = {}
  for (const { interfaceId, value } of events) (values[interfaceId] ??= []).push(value)
  return values
}

const other = (mode: 'loop' | 'thread'): 'loop' | 'thread' => (mode === 'loop' ? 'thread' : 'loop')

describe('switching the implementation', () => {
  bothModes('loses nothing that was acknowledged and keeps the order, there and back under load', async (context) => {
    const server = await startServer(context)
    const central = new RecordingCentral('hub', ...INTERFACES)
    server.addCentral(central)
    server.register('ask', () => 'answered')
    const { listenPort } = server
    using load = new KeptAliveLoad(listenPort, INTERFACES)
    const more = (): Promise<void> => {
      const goal = load.acknowledged + 200
      return expect.poll(() => load.acknowledged).toBeGreaterThan(goal)
    }
    await more()
    for (const to of [other(context.mode), context.mode]) {
      // each connection asks again soon; on a busy machine not within the grace that is usual
      const report = await server.switchImplementation(to, { idleGraceMs: 15_000, drainMs: 20_000 })
      expect(report).toMatchObject({ from: other(to), to, aborted: 0 })
      expect(report.refusedMs).toBeGreaterThan(0)
      expect(report.drained).toBeGreaterThan(0)
      expect(server).toMatchObject({ mode: to, listenPort })
      expect((await post(listenPort, callDocument('ask'))).body).toContain('answered')
      await more()
    }
    await load.end()
    await expect.poll(() => central.events.length).toBe(load.acknowledged)
    expect(valuesOf(central)).toEqual(load.values)
    // every connection was told, and none was cut off
    expect(load).toMatchObject({ announced: 2 * INTERFACES.length, unanswered: 0 })
    await expect.poll(() => server.healthStatus.requestCount).toBe(load.acknowledged + 2)
    expect(server.healthStatus).toMatchObject({ switches: 2, engineRestarts: 0, errorCount: 0, failedCallbacks: 0 })
  })

  bothModes('tells the new engine all that the old one knew', async (context) => {
    const server = await startServer(context, { maxWaitingPerInterface: 2 })
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const central = new RecordingCentral('hub', 'rf')
    const seen: unknown[] = []
    central.onEvent = async ({ value }) => {
      await held
      seen.push(value)
    }
    server.addCentral(central)
    server.setKnownDevices('rf', [{ ADDRESS: 'known' }])
    for (const value of [0, 1]) await post(server.listenPort, event('rf', value))
    await expect.poll(() => server.healthStatus.waitingCallbacks).toBe(2)
    await server.switchImplementation(other(context.mode))
    expect((await post(server.listenPort, callDocument('listDevices', 'rf'))).body).toContain('known')
    let isAnswered = false
    const late = post(server.listenPort, event('rf', 2)).then(() => {
      isAnswered = true
    })
    await expect.poll(() => server.healthStatus.delayedAnswers).toBe(1)
    expect(isAnswered).toBe(false)
    release()
    await late
    await expect.poll(() => seen).toEqual([0, 1, 2])
    const { centralNames } = JSON.parse((await post(server.listenPort, '', { method: 'GET', path: '/health' })).body)
    expect(centralNames).toEqual(['hub'])
  })

  bothModes('keeps idle connections for a while, tells those that ask again, and ends the others', async (context) => {
    const server = await startServer(context)
    const central = new RecordingCentral('hub', 'rf')
    server.addCentral(central)
    const open = async (): Promise<{ socket: Socket; received: () => string; isEnded: () => boolean }> => {
      let text = ''
      let isEnded = false
      const socket = connect(server.listenPort, '127.0.0.1')
      context.defer(() => socket.destroy())
      socket.on('data', (chunk) => {
        text += chunk.toString()
      })
      socket.on('close', () => {
        isEnded = true
      })
      await new Promise((resolve) => socket.on('connect', resolve))
      return { socket, received: () => text, isEnded: () => isEnded }
    }
    const body = event('rf', 1)
    const request = `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const [asking, silent] = [await open(), await open()]
    for (const { socket } of [asking, silent]) socket.write(request)
    await expect
      .poll(() => [asking.received(), silent.received()])
      .toEqual([expect.stringMatching(/keep-alive/i), expect.stringMatching(/keep-alive/i)])
    let isSwitched = false
    const switched = server.switchImplementation(other(context.mode), { idleGraceMs: 400 }).then((report) => {
      isSwitched = true
      return report
    })
    await expect.poll(() => server.mode).toBe(other(context.mode))
    expect([asking.isEnded(), silent.isEnded(), isSwitched]).toEqual([false, false, false])
    asking.socket.write(request)
    await expect.poll(asking.isEnded).toBe(true)
    expect(asking.received()).toMatch(/Connection: close/i)
    expect(await switched).toMatchObject({ drained: 1, aborted: 0 })
    await expect.poll(silent.isEnded).toBe(true)
    await expect.poll(() => central.events).toHaveLength(3)
  })

  bothModes('cuts off what does not end in time, and lets the server stop meanwhile', async (context) => {
    const server = await startServer(context)
    let asked = 0
    server.register('stuck', () => {
      asked++
      return new Promise(() => undefined)
    })
    const stuck = post(server.listenPort, callDocument('stuck')).catch(({ code }) => code)
    await expect.poll(() => asked).toBe(1)
    const report = await server.switchImplementation(other(context.mode), { drainMs: 30, idleGraceMs: 0 })
    expect(report).toMatchObject({ aborted: 1 })
    expect(await stuck).toBe('ECONNRESET')
    const again = post(server.listenPort, callDocument('stuck')).catch(({ code }) => code)
    await expect.poll(() => asked).toBe(2)
    const switched = server.switchImplementation(context.mode, { drainMs: 60_000 })
    await expect.poll(() => server.mode).toBe(context.mode)
    await server.stop({ deadlineMs: 100 })
    expect(await again).toBe('ECONNRESET')
    expect(await switched).toMatchObject({ to: context.mode })
  })

  bothModes('does nothing when it is there already, and one thing after the other', async (context) => {
    const server = await startServer(context)
    expect(await server.switchImplementation(context.mode)).toMatchObject({ refusedMs: 0, drained: 0 })
    const to = other(context.mode)
    const reports = await Promise.all([
      server.switchImplementation(to, { idleGraceMs: 0 }),
      server.switchImplementation(to, { idleGraceMs: 0 }),
      server.switchImplementation(context.mode, { idleGraceMs: 0 }),
    ])
    expect(reports.map((report) => [report.from, report.to])).toEqual([
      [context.mode, to],
      [to, to],
      [to, context.mode],
    ])
    expect((await post(server.listenPort, event('rf', 1))).status).toBe(200)
    expect(server.healthStatus.switches).toBe(2)
    await server.stop()
    await expect(server.switchImplementation(to)).rejects.toBeInstanceOf(ServiceStateError)
    await expect(server.switchImplementation('fork' as 'loop')).rejects.toMatchObject({ option: 'to' })
    await expect(server.switchImplementation(to, { drainMs: -1 })).rejects.toMatchObject({ option: 'drainMs' })
  })

  it('goes on as it was when the other engine cannot be had', async () => {
    await using server = new AsyncXmlRpcServer({
      host: '127.0.0.1',
      threadEntry: new URL('./no-such-file.js', import.meta.url),
    })
    await server.start()
    const error: unknown = await server.switchImplementation('thread').catch((thrown) => thrown)
    expect(error).toBeInstanceOf(SwitchError)
    expect(error).toMatchObject({ from: 'loop', to: 'thread', isServing: true, cause: { code: 'LOOP_WORKER_CRASHED' } })
    expect(server).toMatchObject({ mode: 'loop', started: true })
    expect((await post(server.listenPort, event('rf', 1))).status).toBe(200)
  })

  it('goes over without a port when it has none', async () => {
    await using server = new AsyncXmlRpcServer({ listen: false })
    await server.start()
    expect(await server.switchImplementation('thread')).toMatchObject({ refusedMs: 0, to: 'thread' })
  })
})

const needsSharing = canSharePorts() ? '' : ' [needs Node 22.12]'

describe.skipIf(!canSharePorts())(`switching with a shared port${needsSharing}`, () => {
  bothModes('refuses no connection', async (context) => {
    const server = await startServer(context, { sharePort: true })
    const central = new RecordingCentral('hub', ...INTERFACES)
    server.addCentral(central)
    using load = new KeptAliveLoad(server.listenPort, INTERFACES)
    for (const to of [other(context.mode), context.mode]) {
      const goal = load.acknowledged + 200
      await expect.poll(() => load.acknowledged).toBeGreaterThan(goal)
      expect(await server.switchImplementation(to)).toMatchObject({ to, refusedMs: 0, aborted: 0 })
    }
    await load.end()
    expect(load.refused).toBe(0)
    await expect.poll(() => central.events.length).toBe(load.acknowledged)
    expect(valuesOf(central)).toEqual(load.values)
  })

  it('still tells that another program has the port', async () => {
    await using one = new AsyncXmlRpcServer({ host: '127.0.0.1', sharePort: true })
    await one.start()
    const two = new AsyncXmlRpcServer({ host: '127.0.0.1', port: one.listenPort, sharePort: true })
    await expect(two.start()).rejects.toMatchObject({ code: 'XMLRPC_BIND', reason: 'EADDRINUSE' })
    await two.stop()
  })
})

describe('handing a port over', () => {
  const settings = serverSettings({ host: '127.0.0.1' })
  const ANY = { host: '127.0.0.1', port: 0, isShared: false, isFirst: true }

  function openSeat(): Promise<EngineSeat> {
    return EngineSeat.open({
      settings,
      mode: 'loop',
      mountKey: null,
      intent: new EngineIntent({ methodNames: () => [], notice: () => NO_NOTICE, held: () => [] }),
      handlers: {
        calls: () => undefined,
        counters: () => undefined,
        answer: () => Promise.reject(new Error('no answers here')),
        authorize: () => Promise.resolve(false),
        state: () => undefined,
        error: () => undefined,
      },
    })
  }
  const close = (seat: EngineSeat): Promise<unknown> => seat.close({ drain: false, deadlineMs: 1000 })

  it('gives it back when the new engine cannot have it', async () => {
    const [from, to] = [await openSeat(), await openSeat()]
    const address = await from.listen(ANY)
    await close(to)
    await expect(handPortOver({ from, to, address, isShared: false })).rejects.toMatchObject({
      code: 'XMLRPC_SWITCH',
      isServing: true,
    })
    expect((await post(address.port, event('rf', 1))).status).toBe(200)
    await close(from)
  })

  it('says so when the old engine cannot have it again either', async () => {
    const [from, to, stranger] = [await openSeat(), await openSeat(), await openSeat()]
    const address = await stranger.listen(ANY)
    await from.listen(ANY)
    await expect(handPortOver({ from, to, address, isShared: false })).rejects.toMatchObject({
      isServing: false,
      cause: { code: 'XMLRPC_BIND', reason: 'EADDRINUSE' },
    })
    await Promise.all([from, to, stranger].map((seat) => close(seat)))
  })

  it('takes it although the old engine is gone', async () => {
    const [from, to] = [await openSeat(), await openSeat()]
    const address = await from.listen(ANY)
    await close(from)
    expect(await handPortOver({ from, to, address, isShared: false })).toBe(0)
    expect((await post(address.port, event('rf', 1))).status).toBe(200)
    await close(to)
  })

  it('tries the new engine first where ports can be shared, and leaves the old one alone when that fails', async () => {
    const [from, to] = [await openSeat(), await openSeat()]
    const address = await from.listen(ANY)
    // the old one does not share it, so nobody else can have it
    await expect(handPortOver({ from, to, address, isShared: true })).rejects.toMatchObject({ isServing: true })
    expect((await post(address.port, event('rf', 1))).status).toBe(200)
    await Promise.all([from, to].map((seat) => close(seat)))
  })

  it.each([
    ['20.20.2', false],
    ['22.11.0', false],
    ['22.12.0', true],
    ['23.0.0', false],
    ['23.1.0', true],
    ['24.0.0', true],
  ])('knows of Node %s whether it can share ports: %s', (version, can) => {
    expect(canSharePorts(version)).toBe(can)
  })
})
