import { bothModes, type ModeContext } from '@x/testkit/modes'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { CALLBACK_NAMES, double, XmlRpcFault, type KnownDevice } from '../../src/index.ts'
import { RecordingCentral, startServer } from '../server/server-harness.ts'
import { hasXmlRpcPp, XmlRpcPpProgram, type CppAnswer } from './xmlrpcpp-program.ts'

const ID = 'hub-BidCos-RF'
const KNOWN: readonly KnownDevice[] = [
  { ADDRESS: 'MEQ0000001', CHILDREN: ['MEQ0000001:0'], FIRMWARE: '', NAME: 'Küche <&> 21 °C', VERSION: 6 },
  { ADDRESS: 'MEQ0000001:0', CHILDREN: [], PARAMSETS: ['MASTER'], PARENT: 'MEQ0000001', RF_ADDRESS: -5 },
]

let program: XmlRpcPpProgram

/** Lets the C++ client make all its calls, and gives what it read and what arrived. */
async function callFromCpp(
  context: ModeContext,
  path: string,
): Promise<{ answers: CppAnswer[]; central: RecordingCentral }> {
  const server = await startServer(context)
  const central = new RecordingCentral('hub', ID)
  server.addCentral(Object.assign(central, { listDevices: () => KNOWN }))
  server.register('echo', (value) => value ?? null)
  server.register('refuse', () => {
    throw new XmlRpcFault(-7, 'geht nicht: Küche & <Bad>')
  })
  server.register('values', () => [
    double(5),
    double(-0.001),
    1e300,
    true,
    false,
    -2_147_483_648,
    'ß€',
    '',
    ' ',
    [],
    {},
  ])
  const answers = await program.call(server.listenPort, path, ID)
  await expect.poll(() => server.healthStatus.waitingCallbacks).toBe(0)
  return { answers, central }
}

describe.skipIf(!hasXmlRpcPp)(
  `called by a C++ program through XmlRpc++${hasXmlRpcPp ? '' : ' [needs libxmlrpcpp-dev and g++]'}`,
  () => {
    beforeAll(async () => {
      program = await XmlRpcPpProgram.build()
    })

    afterAll(async () => {
      await program[Symbol.asyncDispose]()
    })

    bothModes('answers each of its calls so that it reads what was meant', async (context) => {
      const { answers } = await callFromCpp(context, '/RPC2')
      const byName = (name: string): unknown[] =>
        answers.filter((answer) => answer.name === name).map(({ kind, value }) => [kind, value])
      expect(answers.filter(({ kind }) => kind === 'failed')).toEqual([])
      expect(byName('listMethods')).toEqual([['result', expect.arrayContaining([...CALLBACK_NAMES])]])
      expect(byName('listDevices')).toEqual([['result', KNOWN]])
      const acknowledged = ['newDevices', 'deleteDevices', 'updateDevice', 'replaceDevice', 'readdedDevice', 'error']
      for (const name of acknowledged) expect([name, ...byName(name)]).toEqual([name, ['result', true]])
      expect(byName('event')).toEqual(Array.from({ length: 7 }, () => ['result', true]))
      expect(byName('multicall')).toEqual([['result', Array.from({ length: 1000 }, () => [true])]])
      expect(byName('unknown')).toEqual([['fault', { faultCode: -32_601, faultString: 'Method not found: unheardOf' }]])
      expect(byName('arity')).toEqual([['fault', expect.objectContaining({ faultCode: -32_602 })]])
      expect(byName('ownFault')).toEqual([['fault', { faultCode: -7, faultString: 'geht nicht: Küche & <Bad>' }]])
      expect(byName('mixed')).toEqual([
        [
          'result',
          [
            [true],
            { faultCode: -32_601, faultString: 'Method not found: unheardOf' },
            { faultCode: -7, faultString: 'geht nicht: Küche & <Bad>' },
            expect.objectContaining({ faultCode: -32_600 }),
            [KNOWN],
          ],
        ],
      ])
      expect(byName('echo')).toEqual([
        ['result', { empty: '', list: [[], 1, ['', 'x']], none: ' ', ä: { double: 0.1 } }],
      ])
      const doubles = [{ double: 5 }, { double: -0.001 }, { double: 1e300 }]
      const read = [...doubles, true, false, -2_147_483_648, 'ß€', '', ' ', [], {}]
      expect(byName('values')).toEqual([['result', read]])
    })

    bothModes('hears all that it calls, in its order', async (context) => {
      const { central } = await callFromCpp(context, '/')
      const values = central.events.map(({ value }) => value)
      expect(values.slice(0, 7)).toEqual([true, 42, -2_147_483_647, 22.5, 'äöüß €', `<&>'"`, ''])
      expect(values.slice(7)).toEqual([...Array.from({ length: 1000 }, (_, index) => index / 8), true])
      const [newDevices, ...others] = central.told as [string, { descriptions: Record<string, unknown>[] }][]
      expect(newDevices?.[0]).toBe('newDevices')
      expect(newDevices?.[1].descriptions).toHaveLength(3000)
      expect({ ...newDevices?.[1].descriptions[2999] }).toEqual({
        ADDRESS: 'MEQ0002999',
        CHILDREN: ['MEQ0002999:0', 'MEQ0002999:1'],
        FIRMWARE: '',
        NAME: 'Küche <&> 21 °C',
        PARAMSETS: [],
        VERSION: 2999,
      })
      expect(others).toEqual([
        ['deleteDevices', { interfaceId: ID, addresses: ['MEQ0000001', 'MEQ0000002'] }],
        ['updateDevice', { interfaceId: ID, address: 'MEQ0000003', hint: 1 }],
        ['replaceDevice', { interfaceId: ID, oldAddress: 'MEQ0000004', newAddress: 'MEQ0000005' }],
        ['readdedDevice', { interfaceId: ID, addresses: ['MEQ0000006'] }],
        ['error', { interfaceId: ID, errorCode: -1, message: 'Küche <kaputt> & "aus"' }],
      ])
    })
  },
)
