import { bothModes } from '@x/testkit/modes'
import { describe, expect, it } from 'vitest'
import { BindError } from '../../src/engine/bind-error.ts'
import { AsyncXmlRpcServer } from '../../src/server/async-xml-rpc-server.ts'
import { createAsyncXmlRpcServer } from '../../src/server/create-server.ts'
import { callDocument, multicallDocument, post } from '../engine/engine-harness.ts'
import { RecordingCentral, startServer } from './server-harness.ts'

const event = (id: string, value: number): string => callDocument('event', id, 'ABC:1', 'LEVEL', `<i4>${value}</i4>`)

describe('the callback server', () => {
  bothModes('hands each interface to the central that has it', async (context) => {
    const server = await startServer(context)
    const one = new RecordingCentral('one', 'one-rf')
    const two = new RecordingCentral('two', 'two-rf', 'two-ip')
    expect([server.addCentral(one), server.addCentral(two), server.addCentral(two)]).toEqual([true, true, false])
    await post(server.listenPort, event('two-ip', 1))
    await post(server.listenPort, event('one-rf', 2))
    await expect.poll(() => [one.events.length, two.events.length]).toEqual([1, 1])
    expect(two.events[0]).toEqual({ interfaceId: 'two-ip', channelAddress: 'ABC:1', parameter: 'LEVEL', value: 1 })
    expect(server.getCentralEntry('one-rf')?.central).toBe(one)
    server.removeCentral(one)
    await post(server.listenPort, event('one-rf', 3))
    await expect.poll(() => server.healthStatus.unknownInterfaceIds).toBe(1)
    expect(one.events).toHaveLength(1)
  })

  bothModes('tells all seven callbacks with their parameters, single and in a multicall', async (context) => {
    const server = await startServer(context)
    const central = new RecordingCentral('home', 'rf')
    server.addCentral(central)
    const list = (...items: readonly string[]): string =>
      `<array><data>${items.map((item) => `<value>${item}</value>`).join('')}</data></array>`
    const description =
      '<struct><member><name>ADDRESS</name><value>ABC</value></member><member><name>CHILDREN</name><value></value></member></struct>'
    const calls: readonly (readonly [string, ...string[]])[] = [
      ['newDevices', 'rf', list(description)],
      ['deleteDevices', 'rf', list('ABC')],
      ['updateDevice', 'rf', 'ABC', '<i4>1</i4>'],
      ['readdedDevice', 'rf', list('ABC')],
      ['replaceDevice', 'rf', 'ABC', 'DEF'],
      ['error', 'rf', '<i4>5</i4>', 'oh'],
    ]
    for (const call of calls) await post(server.listenPort, callDocument(...call))
    await post(server.listenPort, multicallDocument(...calls))
    const once = [
      ['newDevices', { interfaceId: 'rf', descriptions: [{ ADDRESS: 'ABC', CHILDREN: [], PARAMSETS: [] }] }],
      ['deleteDevices', { interfaceId: 'rf', addresses: ['ABC'] }],
      ['updateDevice', { interfaceId: 'rf', address: 'ABC', hint: 1 }],
      ['readdedDevice', { interfaceId: 'rf', addresses: ['ABC'] }],
      ['replaceDevice', { interfaceId: 'rf', oldAddress: 'ABC', newAddress: 'DEF' }],
      ['error', { interfaceId: 'rf', errorCode: 5, message: 'oh' }],
    ]
    await expect.poll(() => central.told).toHaveLength(12)
    expect(JSON.parse(JSON.stringify(central.told))).toEqual([...once, ...once])
  })

  bothModes('acknowledges before a handler is done, and keeps the order of an interface', async (context) => {
    const server = await startServer(context)
    const central = new RecordingCentral('home', 'rf', 'ip')
    const seen: unknown[] = []
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    central.onEvent = async ({ interfaceId, value }) => {
      if (interfaceId === 'rf' && value === 0) await held
      seen.push([interfaceId, value])
    }
    server.addCentral(central)
    for (const value of [0, 1, 2]) expect((await post(server.listenPort, event('rf', value))).status).toBe(200)
    await post(server.listenPort, event('ip', 7))
    await expect.poll(() => seen).toEqual([['ip', 7]])
    expect(server.healthStatus.waitingCallbacks).toBe(3)
    release()
    await expect
      .poll(() => seen)
      .toEqual([
        ['ip', 7],
        ['rf', 0],
        ['rf', 1],
        ['rf', 2],
      ])
  })

  bothModes('reports what a handler throws, counts it, and goes on', async (context) => {
    const errors: unknown[] = []
    const server = await startServer(context, { onError: (error) => errors.push(error) })
    const central = new RecordingCentral('home', 'rf')
    central.onEvent = async ({ value }) => {
      central.told.push(value)
      if (value === 1) throw new Error('no')
    }
    server.addCentral(central)
    const addressless = callDocument('deleteDevices', 'rf', 'not an array')
    for (const body of [event('rf', 1), addressless, event('rf', 2)]) {
      expect((await post(server.listenPort, body)).body).toContain('<boolean>1</boolean>')
    }
    await expect.poll(() => central.told).toEqual([1, 2])
    expect(errors).toEqual([new Error('no'), expect.objectContaining({ code: 'XMLRPC_FAULT', faultCode: -32602 })])
    await expect.poll(() => server.healthStatus.requestCount).toBe(3)
    expect(server.healthStatus).toMatchObject({ failedCallbacks: 2, errorCount: 0 })
  })

  bothModes('answers listDevices from its central, or from what it was given', async (context) => {
    const server = await startServer(context)
    const central = Object.assign(new RecordingCentral('home', 'rf', 'ip'), {
      listDevices: (id: string) => [{ ADDRESS: `${id}-device`, VERSION: 1 }],
    })
    server.addCentral(central)
    server.setKnownDevices('ip', [{ ADDRESS: 'given', VERSION: 2 }])
    const list = async (id: string): Promise<string> =>
      (await post(server.listenPort, callDocument('listDevices', id))).body
    expect(await list('rf')).toContain('rf-device')
    expect(await list('ip')).toContain('given')
    expect(await list('nobody')).toContain('<array><data></data></array>')
    server.setKnownDevices('ip', undefined)
    expect(await list('ip')).toContain('ip-device')
  })

  bothModes('answers methods of its own, introspection and faults', async (context) => {
    const server = await startServer(context)
    server.register('add', (a, b) => Number(a) + Number(b), { help: 'adds' })
    server.register('broken', () => {
      throw new Error('it broke')
    })
    server.register('odd', () => ({ value: Symbol('odd') }) as never)
    const ask = async (method: string, ...values: string[]): Promise<string> =>
      (await post(server.listenPort, callDocument(method, ...values))).body
    await expect.poll(() => ask('add', '<i4>2</i4>', '<i4>3</i4>')).toContain('<i4>5</i4>')
    expect(await ask('broken')).toMatch(/-32603[^]*it broke/)
    expect(await ask('odd')).toMatch(/-32603[^]*no form in XML-RPC/)
    const names = await ask('system.listMethods', 'rf')
    for (const name of ['add', 'event', 'listDevices', 'system.multicall']) expect(names).toContain(name)
    expect(await ask('system.methodHelp', 'add')).toContain('adds')
  })

  bothModes('holds answers back when its handlers do not keep up, and loses nothing', async (context) => {
    const server = await startServer(context, { maxWaitingCallbacks: 10 })
    const central = new RecordingCentral('home', 'rf')
    const seen: unknown[] = []
    central.onEvent = async ({ value }) => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      seen.push(value)
    }
    server.addCentral(central)
    const calls = Array.from(
      { length: 100 },
      (_, value) => ['event', 'rf', 'A:1', 'LEVEL', `<i4>${value}</i4>`] as const,
    )
    await Promise.all([0, 1, 2, 3].map(() => post(server.listenPort, multicallDocument(...calls))))
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(400)
    expect(server.healthStatus.waitingCallbacks).toBe(0)
  })

  bothModes('delivers what it acknowledged before it stops, and nothing after', async (context) => {
    const server = await startServer(context)
    const central = new RecordingCentral('home', 'rf')
    const seen: unknown[] = []
    central.onEvent = async ({ value }) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      seen.push(value)
    }
    server.addCentral(central)
    for (const value of [1, 2, 3]) await post(server.listenPort, event('rf', value))
    const report = await server.stop()
    expect(seen).toEqual([1, 2, 3])
    expect(report.discarded).toEqual({})
    expect(server).toMatchObject({ started: false, state: 'stopped' })
    await expect(post(server.listenPort === 0 ? 1 : server.listenPort, event('rf', 4))).rejects.toThrow('ECONNREFUSED')
  })

  bothModes('says how many callbacks it could not deliver in time', async (context) => {
    const server = await startServer(context)
    const central = new RecordingCentral('home', 'rf')
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    central.onEvent = () => held
    server.addCentral(central)
    for (const value of [1, 2, 3]) await post(server.listenPort, event('rf', value))
    await expect.poll(() => server.healthStatus.waitingCallbacks).toBe(3)
    const report = await server.stop({ deadlineMs: 50 })
    expect(report.discarded).toEqual({ callback: 2 })
    release()
  })

  bothModes('waits for handlers however long it may', async (context) => {
    const server = await startServer(context)
    const central = new RecordingCentral('home', 'rf')
    const seen: unknown[] = []
    central.onEvent = async ({ value }) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      seen.push(value)
    }
    server.addCentral(central)
    for (const value of [1, 2]) await post(server.listenPort, event('rf', value))
    expect([await server.finishCallbacks(central, Infinity), seen]).toEqual([0, [1, 2]])
    await expect(server.finishCallbacks(central, Number.NaN)).rejects.toMatchObject({ option: 'deadlineMs' })
    for (const value of [3, 4]) await post(server.listenPort, event('rf', value))
    // longer than the timers of Node take
    expect((await server.stop({ deadlineMs: 2 ** 32 })).discarded).toEqual({})
    expect(seen).toEqual([1, 2, 3, 4])
  })

  bothModes('starts again after a stop, with its centrals and methods', async (context) => {
    const server = await startServer(context)
    const central = new RecordingCentral('home', 'rf')
    server.addCentral(central)
    await post(server.listenPort, event('rf', 1))
    await server.stop()
    await server.start()
    await post(server.listenPort, event('rf', 2))
    await expect.poll(() => central.events.map(({ value }) => value)).toEqual([1, 2])
    await expect.poll(() => server.healthStatus.requestCount).toBe(2)
    expect(server.incarnation).toBe(2)
  })

  bothModes('fails to start on a port that is in use, and frees everything', async (context) => {
    const server = await startServer(context)
    const other = new AsyncXmlRpcServer({ host: '127.0.0.1', port: server.listenPort, mode: context.mode })
    await expect(other.start()).rejects.toBeInstanceOf(BindError)
    await expect(
      createAsyncXmlRpcServer({ host: '127.0.0.1', port: server.listenPort, mode: context.mode }),
    ).rejects.toMatchObject({ code: 'XMLRPC_BIND', reason: 'EADDRINUSE' })
    expect(other.state).toBe('failed')
    await other.stop()
  })

  bothModes('tells its health', async (context) => {
    const server = await startServer(context)
    server.addCentral(new RecordingCentral('home', 'rf'))
    expect(server.healthStatus).toMatchObject({ started: true, requestCount: 0, errorRate: 0, lastRequest: undefined })
    await post(server.listenPort, event('rf', 1))
    await post(server.listenPort, 'nonsense')
    await expect.poll(() => server.healthStatus.requestCount).toBe(2)
    expect(server.healthStatus).toMatchObject({ errorCount: 1, errorRate: 0.5, centralNames: ['home'] })
    expect(server.healthStatus.lastRequest).toBeInstanceOf(Date)
    expect(server.health()).toMatchObject({ service: 'xmlrpc-server', status: 'ok', counters: { requestCount: 2 } })
  })

  it('starts once when it is started twice at the same time', async () => {
    const server = new AsyncXmlRpcServer({ host: '127.0.0.1' })
    await Promise.all([server.start(), server.start()])
    expect(server.incarnation).toBe(1)
    await Promise.all([server.stop(), server.stop()])
  })
})
