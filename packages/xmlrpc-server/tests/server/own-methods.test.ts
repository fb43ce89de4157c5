import { bothModes } from '@x/testkit/modes'
import { describe, expect, it } from 'vitest'
import { AsyncXmlRpcServer, createAsyncXmlRpcServer } from '../../src/index.ts'
import { callDocument, post } from '../engine/engine-harness.ts'
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

  it('are forgotten before the start, too', async () => {
    await using lease = await createAsyncXmlRpcServer({ host: '127.0.0.1' })
    await lease.stop()
    lease.register('half', () => 1)
    expect([lease.unregister('half'), lease.unregister('half')]).toEqual([true, false])
    await lease.start()
    expect((await post(lease.listenPort, callDocument('half'))).body).toContain('-32601')
  })
})
