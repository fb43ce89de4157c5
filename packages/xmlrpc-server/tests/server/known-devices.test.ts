import { bothModes } from '@x/testkit/modes'
import { describe, expect, it } from 'vitest'
import { AsyncXmlRpcServer, type KnownDevice } from '../../src/index.ts'
import { callDocument, post } from '../engine/engine-harness.ts'
import { startServer } from './server-harness.ts'

describe('the devices that a server is given', () => {
  bothModes('are answered with lists where a CCU wants lists', async (context) => {
    const server = await startServer(context)
    server.setKnownDevices('rf', [{ ADDRESS: 'A', CHILDREN: '', PARAMSETS: ['MASTER'] }])
    const { body } = await post(server.listenPort, callDocument('listDevices', 'rf'))
    expect(body).toMatch(/<name>CHILDREN<\/name><value><array><data><\/data><\/array><\/value>/)
    expect(body).toContain('MASTER')
  })

  it.each<[string, unknown, string]>([
    ['a text', 'A', 'devices'],
    ['null', null, 'devices'],
    ['a device without an address', [{ ADDRESS: 'A' }, { TYPE: 'x' }], 'devices[1]'],
    ['a device that is a text', ['A'], 'devices[0]'],
    ['a member that is a symbol', [{ ADDRESS: 'A', TYPE: Symbol('x') }], 'devices'],
    ['a member that is a function', [{ ADDRESS: 'A', TYPE: () => 1 }], 'devices'],
    ['a member without a form in the dialect', [{ ADDRESS: 'A', TYPE: null }], 'devices'],
  ])('are refused when they are %s, and change nothing', async (_, devices, option) => {
    await using server = new AsyncXmlRpcServer({ host: '127.0.0.1' })
    server.setKnownDevices('rf', [{ ADDRESS: 'before' }])
    const set = (): void => server.setKnownDevices('rf', devices as KnownDevice[])
    expect(set).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
    await server.start()
    expect(set).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
    expect((await post(server.listenPort, callDocument('listDevices', 'rf'))).body).toContain('before')
  })

  it('are those of an interface with an id', () => {
    const server = new AsyncXmlRpcServer()
    for (const id of [5, 'x'.repeat(256)]) {
      const set = (): void => server.setKnownDevices(id as string, [])
      expect(set).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option: 'interfaceId' }))
    }
  })

  it('are not changed by what is done to the list afterwards', async () => {
    await using server = new AsyncXmlRpcServer({ host: '127.0.0.1' })
    const devices = [{ ADDRESS: 'given' }]
    server.setKnownDevices('rf', devices)
    devices[0] = { ADDRESS: 'changed' }
    await server.start()
    expect((await post(server.listenPort, callDocument('listDevices', 'rf'))).body).toContain('given')
  })
})
