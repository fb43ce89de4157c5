import { FallbackFailedError } from '@x/loop-utils/fallback'
import { expectNoLeaks } from '@x/testkit/leaks'
import { bothModes } from '@x/testkit/modes'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  AsyncXmlRpcServer,
  createAsyncXmlRpcServer,
  RpcServerFactory,
  type RpcServerFactoryOptions,
  type XmlRpcServerLease,
  type XmlRpcServerOptions,
} from '../../src/index.ts'
import { callDocument, post } from '../engine/engine-harness.ts'
import { RecordingCentral } from './server-harness.ts'

const event = (id: string, value: number): string => callDocument('event', id, 'A:1', 'LEVEL', `<i4>${value}</i4>`)

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Takes hold of a server, until the test ends at the latest. */
async function hold(
  { mode, defer }: { mode: 'loop' | 'thread'; defer: (cleanup: () => unknown) => void },
  options: XmlRpcServerOptions,
): Promise<XmlRpcServerLease> {
  const lease = await createAsyncXmlRpcServer({ host: '127.0.0.1', mode, ...options })
  defer(() => lease.stop())
  return lease
}

describe('the server of an address', () => {
  bothModes('is one for all who ask for it, until the last one lets go', async (context) => {
    const port = await freePort()
    const [one, two] = await Promise.all([hold(context, { port }), hold(context, { port })])
    const three = await hold(context, { port })
    const first = new RecordingCentral('first', 'rf')
    const second = new RecordingCentral('second', 'ip')
    expect([one.addCentral(first), two.addCentral(second), three.addCentral(second)]).toEqual([true, true, false])
    expect([one.listenPort, two.listenPort]).toEqual([port, port])
    await post(port, event('rf', 1))
    await post(port, event('ip', 2))
    await expect.poll(() => [first.events.length, second.events.length]).toEqual([1, 1])
    expect(two.healthStatus.centralNames).toEqual(['first', 'second'])

    await Promise.all([one.stop(), one.stop()])
    await one.stop()
    expect([one.started, two.started]).toEqual([false, true])
    await post(port, event('rf', 3))
    await expect.poll(() => two.healthStatus.unknownInterfaceIds).toBe(1)
    await three.stop()
    expect((await post(port, event('ip', 4))).status).toBe(200)
    await expect.poll(() => second.events).toHaveLength(2)
    await two.stop()
    await expect(post(port, event('ip', 5))).rejects.toThrow('ECONNREFUSED')
    expect(first.events).toHaveLength(1)
  })

  bothModes('is started again for who comes while it stops', async (context) => {
    const port = await freePort()
    const one = await hold(context, { port })
    const stopped = one.stop()
    const [two, three] = await Promise.all([hold(context, { port }), hold(context, { port })])
    await stopped
    expect((await post(port, event('rf', 1))).status).toBe(200)
    await Promise.all([two.stop(), three.stop()])
    await one.start()
    expect((await post(port, event('rf', 1))).status).toBe(200)
    expect(one.incarnation).toBe(2)
  })

  bothModes('never is one of a port 0', async (context) => {
    const [one, two] = await Promise.all([hold(context, {}), hold(context, {})])
    expect(one.listenPort).not.toBe(two.listenPort)
    await one.stop()
    expect((await post(two.listenPort, event('rf', 1))).status).toBe(200)
  })

  bothModes('is refused to who wants it otherwise, by the names of the options', async (context) => {
    const port = await freePort()
    const allow = ['127.0.0.1']
    const one = await hold(context, { port, maxDepth: 10, allow })
    await expect(hold(context, { port, maxDepth: 11, dialect: 'standard', allow: [] })).rejects.toMatchObject({
      name: 'ServerConflictError',
      code: 'XMLRPC_SERVER_CONFLICT',
      options: ['maxDepth', 'dialect', 'allow'],
      port,
    })
    await expect(hold(context, { port, credentials: () => true })).rejects.toMatchObject({ options: ['credentials'] })
    const two = await hold(context, { port, maxDepth: 10, allow: ['127.0.0.1'], dialect: 'ccu' })
    await one.stop()
    expect(two.started).toBe(true)
  })

  bothModes('tells all who wait for it when it cannot be had, and is free again then', async (context) => {
    const port = await freePort()
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve))
    const attempts = await Promise.allSettled([hold(context, { port }), hold(context, { port })])
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'XMLRPC_BIND', reason: 'EADDRINUSE' } })
    }
    await new Promise((resolve) => taken.close(resolve))
    expect((await hold(context, { port })).listenPort).toBe(port)
  })

  bothModes('keeps what each one brought apart, and takes it away with him', async (context) => {
    const port = await freePort()
    const one = await hold(context, { port })
    const two = await hold(context, { port })
    const ask = async (method: string, ...values: string[]): Promise<string> =>
      (await post(port, callDocument(method, ...values))).body
    one.register('mine', () => 'of one')
    two.registerInstance({ yours: () => 'of two' })
    one.setKnownDevices('rf', [{ ADDRESS: 'of-one' }])
    await expect.poll(() => ask('yours')).toContain('of two')
    expect(await ask('mine')).toContain('of one')
    expect(await ask('listDevices', 'rf')).toContain('of-one')
    expect([one.unregister('yours'), two.unregister('mine')]).toEqual([false, false])
    await one.stop()
    expect(await ask('mine')).toContain('-32601')
    expect(await ask('yours')).toContain('of two')
    expect(await ask('listDevices', 'rf')).not.toContain('of-one')
    await one.start()
    await expect.poll(() => ask('mine')).toContain('of one')
    expect(await ask('listDevices', 'rf')).toContain('of-one')
  })

  bothModes('lets nobody take away what belongs to another one, or to the server', async (context) => {
    const port = await freePort()
    const [one, two] = [await hold(context, { port }), await hold(context, { port })]
    const ask = async (method: string, ...values: string[]): Promise<string> =>
      (await post(port, callDocument(method, ...values))).body
    one.register('both', () => 'of one')
    one.setKnownDevices('rf', [{ ADDRESS: 'of-one' }])
    const taken = (option: string): unknown => expect.objectContaining({ code: 'LOOP_OPTION', option })
    expect(() => two.register('both', () => 'of two')).toThrow(taken('name'))
    expect(() => two.registerInstance({ free: () => 1, both: () => 'of two' })).toThrow(taken('name'))
    expect(() => two.registerInstance({ listDevices: () => [] })).toThrow(taken('name'))
    expect(() => two.setKnownDevices('rf', [{ ADDRESS: 'of-two' }])).toThrow(taken('interfaceId'))
    two.setKnownDevices('rf', undefined)
    await two.stop()
    expect(await ask('both')).toContain('of one')
    expect(await ask('free')).toContain('-32601')
    expect(await ask('listDevices', 'rf')).toContain('of-one')
    expect(await ask('listDevices', 'ip')).toContain('<data></data>')
    expect(await ask('system.listMethods')).toContain('event')

    expect([one.unregister('both'), one.unregister('both')]).toEqual([true, false])
    one.setKnownDevices('rf', undefined)
    await two.start()
    two.register('both', () => 'of two').setKnownDevices('rf', [{ ADDRESS: 'of-two' }])
    await expect.poll(() => ask('both')).toContain('of two')
    expect(await ask('listDevices', 'rf')).toContain('of-two')
  })

  bothModes('hands over what waits for a central before its holder is gone', async (context) => {
    const port = await freePort()
    const one = await hold(context, { port })
    await hold(context, { port })
    const central = new RecordingCentral('hub', 'rf')
    const seen: unknown[] = []
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    central.onEvent = async ({ value }) => {
      if (value === 3) await held
      await new Promise((resolve) => setTimeout(resolve, 5))
      seen.push(value)
    }
    one.addCentral(central)
    for (const value of [0, 1, 2]) await post(port, event('rf', value))
    await one.stop()
    expect(seen).toEqual([0, 1, 2])
    await one.start()
    expect(one.getCentralEntry('rf')?.central).toBe(central)
    for (const value of [3, 4, 5]) await post(port, event('rf', value))
    await expect.poll(() => one.healthStatus.waitingCallbacks).toBe(3)
    expect(await one.stop({ deadlineMs: 30 })).toMatchObject({ discarded: { callback: 2 } })
    release()
  })

  bothModes('is let go of by whom no central can be found for any more', async (context) => {
    const port = await freePort()
    const errors: unknown[] = []
    const one = await hold(context, { port })
    const two = await hold(context, { port, onError: (error) => errors.push(error) })
    let release = (): void => undefined
    let isGone = false
    const central = new RecordingCentral('hub')
    central.hasClient = () => {
      if (isGone) throw new Error('gone')
      return true
    }
    central.onEvent = () => new Promise((resolve) => void (release = resolve))
    one.addCentral(central)
    for (const value of [1, 2]) await post(port, event('rf', value))
    await expect.poll(() => one.healthStatus.waitingCallbacks).toBe(2)
    isGone = true
    await one.stop({ deadlineMs: 0 })
    expect([one.state, errors]).toEqual(['stopped', [new Error('gone')]])
    release()
    await two.stop()
    const three = await hold(context, { port, maxDepth: 7 })
    expect(three.listenPort).toBe(port)
  })

  bothModes('tells all who hold it of errors and of its state, also when one of them throws', async (context) => {
    const port = await freePort()
    const heard: string[] = []
    const onError = (): never => {
      heard.push('one')
      throw new Error('one does not want to know')
    }
    const one = await hold(context, { port, onError })
    const two = await hold(context, { port, onError: () => heard.push('two') })
    const central = new RecordingCentral('hub', 'rf')
    central.onEvent = () => {
      throw new Error('no')
    }
    one.addCentral(central)
    await post(port, event('rf', 1))
    await expect.poll(() => heard).toEqual(['one', 'two'])
    expect(two.health()).toMatchObject({ state: 'running', counters: { failedCallbacks: 1 } })
  })

  it('does not take from others what a hold that could not be taken wanted for itself', async () => {
    const port = await freePort()
    const options = { host: '127.0.0.1', port } as const
    await using one = await createAsyncXmlRpcServer(options)
    await using two = await createAsyncXmlRpcServer(options)
    await one.stop()
    for (const lease of [one, two]) {
      lease.addCentral(new RecordingCentral('first', 'rf'))
      lease.addCentral(new RecordingCentral('second', 'ip'))
      lease.register('half', () => 1).setKnownDevices('rf', [{ ADDRESS: 'A' }])
    }
    for (const option of ['central.name', 'central.name', 'name', 'interfaceId']) {
      await expect(one.start()).rejects.toMatchObject({ code: 'LOOP_OPTION', option })
      expect(two.healthStatus.centralNames).toEqual(['first', 'second'])
      expect((await post(port, callDocument('half'))).body).toContain('<i4>1</i4>')
      expect((await post(port, callDocument('listDevices', 'rf'))).body).toContain('ADDRESS')
    }
    await one.start()
    expect(one.started).toBe(true)
  })

  it('ends within its deadline, also when the other one leaves meanwhile', async () => {
    const port = await freePort()
    const options = { host: '127.0.0.1', port } as const
    const one = await createAsyncXmlRpcServer(options)
    const two = await createAsyncXmlRpcServer(options)
    const central = Object.assign(new RecordingCentral('hub', 'rf'), { onEvent: () => new Promise<void>(() => {}) })
    one.addCentral(central)
    for (const value of [1, 2]) await post(port, event('rf', value))
    await expect.poll(() => one.healthStatus.waitingCallbacks).toBe(2)
    const startedAt = performance.now()
    const stopped = one.stop({ deadlineMs: 1500 })
    await two.stop()
    await stopped
    expect(performance.now() - startedAt).toBeLessThan(2800)
    await expect(post(port, event('rf', 3))).rejects.toThrow('ECONNREFUSED')
  })

  it('cannot have two centrals of one name, also when a hold is taken anew', async () => {
    await expectNoLeaks(async () => {
      const port = await freePort()
      const options = { host: '127.0.0.1', port } as const
      await using one = await createAsyncXmlRpcServer(options)
      await using two = await createAsyncXmlRpcServer(options)
      one.addCentral(new RecordingCentral('hub', 'rf'))
      await one.stop()
      expect(one.noCentralAssigned).toBe(false)
      expect(one.addCentral(new RecordingCentral('second', 'ip'))).toBe(true)
      expect(one.addCentral(new RecordingCentral('hub', 'rf'))).toBe(false)
      two.addCentral(new RecordingCentral('hub', 'rf'))
      expect(two.healthStatus.centralNames).toEqual(['hub'])
      await expect(one.start()).rejects.toMatchObject({ code: 'LOOP_OPTION', option: 'central.name' })
      expect(one.removeCentral({ name: 'hub' })).toBe(false)
      await one.start()
      expect(two.healthStatus.centralNames).toEqual(['hub', 'second'])
      expect([one.removeCentral({ name: 'second' }), one.removeCentral({ name: 'hub' })]).toEqual([true, false])
    })
  })
})

describe('the factory', () => {
  const create = (options: RpcServerFactoryOptions): Promise<XmlRpcServerLease> =>
    RpcServerFactory.create({ host: '127.0.0.1', ...options })

  it.each([
    [{}, 'loop'],
    [{ mode: 'thread' }, 'thread'],
    [{ useAsync: true }, 'loop'],
    [{ useAsync: false }, 'thread'],
    [{ optionalSettings: ['async_rpc_server', 'other'] }, 'loop'],
    [{ optionalSettings: [] }, 'thread'],
    [{ mode: 'loop', useAsync: true, optionalSettings: ['async_rpc_server'] }, 'loop'],
  ] as const)('takes %o for mode %s', async (options, mode) => {
    await using server = await create(options)
    expect(server.mode).toBe(mode)
    expect((await post(server.listenPort, event('rf', 1))).status).toBe(200)
  })

  it.each([
    [{ mode: 'thread', useAsync: true }, 'useAsync'],
    [{ useAsync: true, optionalSettings: [] }, 'optionalSettings'],
    [{ mode: 'fork' as 'loop' }, 'mode'],
    [{ optionalSettings: 'async_rpc_server' as never }, 'optionalSettings'],
    [{ fallbackOnError: 'yes' as never }, 'fallbackOnError'],
    [{ maxDepth: 0 }, 'maxDepth'],
  ] as const)('refuses %o', async (options, option) => {
    await expect(create(options)).rejects.toMatchObject({ code: 'LOOP_OPTION', option })
  })

  it('falls back to the other implementation when the chosen one does not start, and tells why', async () => {
    const errors: unknown[] = []
    const lines: unknown[] = []
    const quiet = (): undefined => undefined
    const logger = {
      debug: quiet,
      info: quiet,
      error: quiet,
      warn: (fields: object, message: string) => lines.push([fields, message]),
      child: () => logger,
    }
    const broken = { mode: 'thread', threadEntry: new URL('./no-such-file.js', import.meta.url) } as const
    await using server = await create({ ...broken, logger, onError: (error) => errors.push(error) })
    expect(server.mode).toBe('loop')
    expect((await post(server.listenPort, event('rf', 1))).status).toBe(200)
    expect(errors).toEqual([expect.objectContaining({ code: 'LOOP_WORKER_CRASHED' })])
    expect(lines).toEqual([[{ err: errors[0], mode: 'loop' }, expect.stringContaining('falling back')]])
    await expect(create({ ...broken, fallbackOnError: false })).rejects.toMatchObject({ code: 'LOOP_WORKER_CRASHED' })
  })

  it('does not try again what would go wrong with both', async () => {
    await using taken = new AsyncXmlRpcServer({ host: '127.0.0.1' })
    await taken.start()
    const errors: unknown[] = []
    const options = { port: taken.listenPort, onError: (error: unknown) => errors.push(error) }
    await expect(create(options)).rejects.toMatchObject({ code: 'XMLRPC_BIND' })
    expect(errors).toEqual([])
  })

  it('says what went wrong with both', async () => {
    const host = {
      mode: 'loop' as const,
      place: () => Promise.reject(new Error('no place')),
      close: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
    const threadEntry = new URL('./no-such-file.js', import.meta.url)
    const error: unknown = await create({ mode: 'loop', engineHost: host, threadEntry }).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(FallbackFailedError)
    expect(error).toMatchObject({ errors: [new Error('no place'), { code: 'LOOP_WORKER_CRASHED' }] })
  })
})
