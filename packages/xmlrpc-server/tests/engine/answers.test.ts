import { bothModes } from '@x/testkit/modes'
import { describe, expect } from 'vitest'
import { toCrossing } from '../../src/engine/crossing.ts'
import { callDocument, multicallDocument, openEngineHost, PlacedEngine, post } from './engine-harness.ts'

const ACK = '<methodResponse><params><param><value><boolean>1</boolean></value></param></params></methodResponse>'

describe('the answers of the engine', () => {
  bothModes('acknowledges an event and hands it on', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    const answer = await post(engine.port, callDocument('event', 'BidCos-RF', 'ABC:1', 'STATE', '<boolean>1</boolean>'))
    expect(answer.status).toBe(200)
    expect(answer.body).toContain(ACK)
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.body)))
    expect(answer.headers['transfer-encoding']).toBeUndefined()
    await expect
      .poll(() => engine.acknowledged)
      .toEqual([{ method: 'event', params: { data: ['BidCos-RF', 'ABC:1', 'STATE', true] } }])
  })

  bothModes('answers a multicall in its order, whatever it mixes', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    await engine.link.call('setMethods', { names: ['add'] })
    engine.outcome = ({ params }) => {
      expect(engine.acknowledged).toHaveLength(1)
      return { kind: 'result', value: toCrossing((params.data as number[]).reduce((sum, value) => sum + value, 0)) }
    }
    const { body } = await post(
      engine.port,
      multicallDocument(
        ['event', 'id', 'A:1', 'STATE', '<i4>1</i4>'],
        ['add', '<i4>2</i4>', '<i4>3</i4>'],
        ['nothing'],
        ['event', 'id', 'A:1'],
        ['system.multicall', '<array><data></data></array>'],
        ['event', 'id', 'A:1', 'STATE', '<i4>2</i4>'],
      ),
    )
    const values = [
      ...body.matchAll(/<(i4|int|boolean)>([^<]*)<|Method not found|takes 4 parameters|must not be nested/g),
    ]
    expect(values.map(([text, , value]) => value ?? text)).toEqual([
      '1',
      '5',
      '-32601',
      'Method not found',
      '-32602',
      'takes 4 parameters',
      '-32600',
      'must not be nested',
      '1',
    ])
    await expect.poll(() => engine.acknowledged.map(({ params }) => (params.data as unknown[])[3])).toEqual([1, 2])
  })

  bothModes('gives a fault for a method that nobody registered', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    const { status, body } = await post(engine.port, callDocument('unheardOf'))
    expect(status).toBe(200)
    expect(body).toContain('-32601')
    expect(body).toContain('Method not found: unheardOf')
  })

  bothModes('lists the devices that it was given, and asks for others', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host)
    await engine.link.call('setMethods', { names: ['listDevices'] })
    await engine.link.call('setDeviceList', {
      interfaceId: 'known',
      devices: toCrossing([{ ADDRESS: 'ABC1', VERSION: 3 }]),
    })
    engine.outcome = () => ({ kind: 'result', value: toCrossing([]) })
    const known = await post(engine.port, callDocument('listDevices', 'known'))
    expect(known.body).toContain('ABC1')
    expect(engine.asked).toHaveLength(0)
    const other = await post(engine.port, callDocument('listDevices', 'other'))
    expect(other.body).toContain('<array><data></data></array>')
    expect(engine.asked).toHaveLength(1)
  })

  bothModes('gives a fault when the facade takes too long', async ({ mode, copy, defer }) => {
    const host = openEngineHost(mode, copy)
    defer(() => host.close())
    await using engine = await PlacedEngine.listen(host, { handlerTimeoutMs: 50 })
    await engine.link.call('setMethods', { names: ['slow'] })
    engine.outcome = () => new Promise(() => undefined)
    const { body } = await post(engine.port, callDocument('slow'))
    expect(body).toContain('-32500')
    expect(body).toContain('slow took longer than 50 ms')
  })
})
