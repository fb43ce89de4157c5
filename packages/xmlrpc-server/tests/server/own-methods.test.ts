import { bothModes } from '@x/testkit/modes'
import { describe, expect, it } from 'vitest'
import { AsyncXmlRpcServer, createAsyncXmlRpcServer, decodeMethodResponse, XmlRpcFault } from '../../src/index.ts'
import { callDocument, multicallDocument, post } from '../engine/engine-harness.ts'
import { startServer } from './server-harness.ts'

const RESERVED = [
  'event',
  'newDevices',
  'deleteDevices',
  'updateDevice',
  'readdedDevice',
  'replaceDevice',
  'error',
  'listDevices',
  'setReadyConfig',
  'system.listMethods',
  'system.methodHelp',
  'system.methodSignature',
  'system.getCapabilities',
  'system.multicall',
]

describe('methods of your own', () => {
  it.each(RESERVED)('are not called %s, which the server answers itself', (name) => {
    const server = new AsyncXmlRpcServer()
    expect(() => server.register(name, () => 1)).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option: 'name' }),
    )
    expect(server.unregister(name)).toBe(false)
  })

  bothModes('leave those of the server alone, also when they come as an object', async (context) => {
    const server = await startServer(context)
    const instance = { half: (value: unknown) => Number(value) / 2, event: () => 'never' }
    expect(() => server.registerInstance(instance)).toThrow(
      expect.objectContaining({ option: 'name', value: "'event'" }),
    )
    const ask = async (method: string, ...values: string[]): Promise<string> =>
      (await post(server.listenPort, callDocument(method, ...values))).body
    expect(await ask('half', '<i4>6</i4>')).toContain('-32601')
    server.registerInstance(instance, { methods: ['half'] })
    await expect.poll(() => ask('half', '<i4>6</i4>')).toContain('<i4>3</i4>')
    expect(await ask('system.listMethods')).toContain('event')
    expect([server.unregister('half'), server.unregister('half')]).toEqual([true, false])
    await expect.poll(() => ask('half', '<i4>6</i4>')).toContain('-32601')
  })

  bothModes('may throw a fault that has no form, or give a result that has none', async (context) => {
    const server = await startServer(context)
    server
      .register('far', () => Promise.reject(new XmlRpcFault(2 ** 40, 'of another server')))
      .register('wide', () => 2 ** 40)
      .register('one', () => 1)
    const ask = async (document: string): Promise<string> => (await post(server.listenPort, document)).body
    await expect.poll(() => ask(callDocument('one'))).toContain('<i4>1</i4>')
    expect(await ask(callDocument('far'))).toMatch(/-32603.*fault 1099511627776: of another server/)
    const event = ['event', 'id', 'A:1', 'STATE', '<i4>1</i4>'] as const
    const answers = decodeMethodResponse(Buffer.from(await ask(multicallDocument(event, ['wide'], ['one'], ['far']))))
    const fault = { faultCode: -32603, faultString: expect.stringContaining('1099511627776') }
    expect(answers).toMatchObject({ value: [[true], fault, [1], fault] })
    expect(server.healthStatus.engineRestarts).toBe(0)
  })

  it('are forgotten before the start, too', async () => {
    await using lease = await createAsyncXmlRpcServer({ host: '127.0.0.1' })
    await lease.stop()
    lease.register('half', () => 1)
    expect([lease.unregister('half'), lease.unregister('half')]).toEqual([true, false])
    await lease.start()
    expect((await post(lease.listenPort, callDocument('half'))).body).toContain('-32601')
  })
})
