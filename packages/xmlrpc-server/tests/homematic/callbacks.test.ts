import { OptionError } from '@x/loop-utils/errors'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeMethodResponse, XmlRpcFault, type XmlRpcValue } from '../../src/codec/index.ts'
import { AsyncXmlRpcDispatcher } from '../../src/dispatcher/async-xml-rpc-dispatcher.ts'
import { AsyncRpcFunctions } from '../../src/homematic/async-rpc-functions.ts'
import type { Central } from '../../src/homematic/central.ts'
import { CentralRegistry } from '../../src/homematic/central-registry.ts'
import { ACKNOWLEDGED, CALLBACK_NAMES, registerCallbacks } from '../../src/homematic/register-callbacks.ts'

/** A central that writes down what it is told. */
function recordingCentral(
  name: string,
  interfaces: readonly string[],
): Central & { readonly heard: unknown[]; asked: number } {
  const heard: unknown[] = []
  const note = (kind: string) => (fact: object) => {
    heard.push({ kind, ...fact })
  }
  return {
    name,
    heard,
    asked: 0,
    hasClient(interfaceId) {
      this.asked++
      return interfaces.includes(interfaceId)
    },
    onEvent: note('event'),
    onNewDevices: note('newDevices'),
    onDeleteDevices: note('deleteDevices'),
    onUpdateDevice: note('updateDevice'),
    onReaddedDevice: note('readdedDevice'),
    onReplaceDevice: note('replaceDevice'),
    onError: note('error'),
    listDevices: (interfaceId) => [{ ADDRESS: 'MEQ1', CHILDREN: '', PARAMSETS: ['MASTER'], INTERFACE: interfaceId }],
  }
}

function withCentrals(...centrals: Central[]): { functions: AsyncRpcFunctions; registry: CentralRegistry } {
  const registry = new CentralRegistry()
  for (const central of centrals) registry.addCentral(central)
  return { functions: new AsyncRpcFunctions(registry), registry }
}

describe('AsyncRpcFunctions', () => {
  it('hands each of the eight to the central of the interface', async () => {
    const central = recordingCentral('home', ['rf'])
    const { functions } = withCentrals(recordingCentral('other', ['wired']), central)
    await functions.event('rf', 'MEQ1:1', 'STATE', true)
    await functions.newDevices('rf', [{ ADDRESS: 'MEQ1', CHILDREN: ['MEQ1:1'], PARAMSETS: [] }])
    await functions.deleteDevices('rf', ['MEQ1'])
    await functions.updateDevice('rf', 'MEQ1', 1)
    await functions.readdedDevice('rf', ['MEQ1'])
    await functions.replaceDevice('rf', 'MEQ1', 'MEQ2')
    await functions.error('rf', -1, 'boom')
    await functions.error('rf', '-1', 'boom')
    expect(central.heard).toEqual([
      { kind: 'event', interfaceId: 'rf', channelAddress: 'MEQ1:1', parameter: 'STATE', value: true },
      {
        kind: 'newDevices',
        interfaceId: 'rf',
        descriptions: [{ ADDRESS: 'MEQ1', CHILDREN: ['MEQ1:1'], PARAMSETS: [] }],
      },
      { kind: 'deleteDevices', interfaceId: 'rf', addresses: ['MEQ1'] },
      { kind: 'updateDevice', interfaceId: 'rf', address: 'MEQ1', hint: 1 },
      { kind: 'readdedDevice', interfaceId: 'rf', addresses: ['MEQ1'] },
      { kind: 'replaceDevice', interfaceId: 'rf', oldAddress: 'MEQ1', newAddress: 'MEQ2' },
      { kind: 'error', interfaceId: 'rf', errorCode: -1, message: 'boom' },
      { kind: 'error', interfaceId: 'rf', errorCode: '-1', message: 'boom' },
    ])
    expect(await functions.listDevices('rf')).toEqual([
      { ADDRESS: 'MEQ1', CHILDREN: [], PARAMSETS: ['MASTER'], INTERFACE: 'rf' },
    ])
  })

  it('makes lists of what should be one in new descriptions, without touching what it got', async () => {
    const central = recordingCentral('home', ['rf'])
    const { functions } = withCentrals(central)
    const sent = { ADDRESS: 'INT1', CHILDREN: '', TYPE: 'HM' }
    await functions.newDevices('rf', [sent, { ADDRESS: 'INT2', CHILDREN: ['a', 5], PARAMSETS: ['x'] }])
    expect(central.heard).toMatchObject([
      {
        descriptions: [
          { ADDRESS: 'INT1', CHILDREN: [], PARAMSETS: [], TYPE: 'HM' },
          { ADDRESS: 'INT2', CHILDREN: ['a'], PARAMSETS: ['x'] },
        ],
      },
    ])
    expect(sent.CHILDREN).toBe('')
  })

  it('passes over what is for no central, and counts it', async () => {
    const unknown: string[] = []
    const registry = new CentralRegistry({ onUnknownInterface: (id) => unknown.push(id) })
    const functions = new AsyncRpcFunctions(registry)
    await functions.event('', 'MEQ1:1', 'STATE', 1)
    await functions.event('gone', 'MEQ1:1', 'STATE', 1)
    await functions.deleteDevices('gone', [])
    expect(await functions.listDevices('gone')).toEqual([])
    expect([registry.unknownInterfaceIds, unknown]).toEqual([4, ['', 'gone']])
  })

  it('remembers a bounded number of unknown interfaces', () => {
    let told = 0
    const registry = new CentralRegistry({ onUnknownInterface: () => told++ })
    for (let index = 0; index < 1000; index++) registry.route(`invented-${index}`)
    expect([registry.unknownInterfaceIds, told]).toEqual([1000, 256])
  })

  it('knows no devices where the central does not tell, and asks it when it does so later', async () => {
    const { functions } = withCentrals(
      { name: 'silent', hasClient: (id) => id === 'a' },
      { name: 'async', hasClient: (id) => id === 'b', listDevices: () => Promise.resolve([{ ADDRESS: 'X' }]) },
    )
    expect([await functions.listDevices('a'), await functions.listDevices('b')]).toEqual([[], [{ ADDRESS: 'X' }]])
    await expect(Promise.resolve(functions.event('a', 'x', 'y', 1))).resolves.toBeUndefined()
  })

  it('gives the promise of a handler on', async () => {
    let isDone = false
    const { functions } = withCentrals({
      name: 'slow',
      hasClient: () => true,
      onEvent: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        isDone = true
      },
    })
    await functions.event('rf', 'a', 'b', 1)
    expect(isDone).toBe(true)
  })

  it.each<[string, (functions: AsyncRpcFunctions) => unknown]>([
    ['an interface id that is a number', (functions) => functions.event(5, 'a', 'b', 1)],
    ['an address that is missing', (functions) => functions.event('rf', undefined, 'b', 1)],
    ['a value that is missing', (functions) => functions.event('rf', 'a', 'b', undefined)],
    ['addresses that are a text', (functions) => functions.deleteDevices('rf', 'MEQ1')],
    ['addresses that are numbers', (functions) => functions.readdedDevice('rf', [1])],
    ['a hint that is a text', (functions) => functions.updateDevice('rf', 'MEQ1', '0')],
    ['a code that is a struct', (functions) => functions.error('rf', {}, 'x')],
    ['an address that is nil', (functions) => functions.replaceDevice('rf', 'a', null)],
    ['descriptions that are a struct', (functions) => functions.newDevices('rf', {})],
    ['a description that is a text', (functions) => functions.newDevices('rf', ['MEQ1'])],
    ['a description without address', (functions) => functions.newDevices('rf', [{ TYPE: 'x' }])],
  ])('refuses %s', (_, run) => {
    const { functions } = withCentrals(recordingCentral('home', ['rf']))
    expect(() => run(functions)).toThrow(XmlRpcFault)
    expect(() => run(functions)).toThrow(expect.objectContaining({ faultCode: -32602 }))
  })
})

describe('CentralRegistry', () => {
  it('adds a central once by its name, and removes it', () => {
    const registry = new CentralRegistry()
    const first = recordingCentral('home', ['rf'])
    expect([
      registry.noCentralAssigned,
      registry.addCentral(first),
      registry.addCentral(recordingCentral('home', [])),
    ]).toEqual([true, true, false])
    expect([registry.noCentralAssigned, registry.size, registry.names]).toEqual([false, 1, ['home']])
    expect(registry.getCentralEntry('rf')?.central).toBe(first)
    expect([registry.removeCentral(first), registry.removeCentral(first)]).toEqual([true, false])
    expect(registry.getCentralEntry('rf')).toBeUndefined()
  })

  it('asks only the central that it found before', () => {
    const centrals = Array.from({ length: 50 }, (_, index) => recordingCentral(`c${index}`, [`i${index}`]))
    const { registry } = withCentrals(...centrals)
    registry.getCentralEntry('i49')
    const before = centrals.reduce((sum, { asked }) => sum + asked, 0)
    for (let index = 0; index < 100; index++) registry.getCentralEntry('i49')
    expect(centrals.reduce((sum, { asked }) => sum + asked, 0) - before).toBe(100)
  })

  it('looks again when an interface has moved to another central', () => {
    let owner = 'a'
    const { registry } = withCentrals(
      { name: 'a', hasClient: () => owner === 'a' },
      { name: 'b', hasClient: () => owner === 'b' },
    )
    expect(registry.getCentralEntry('rf')?.central.name).toBe('a')
    owner = 'b'
    expect(registry.getCentralEntry('rf')?.central.name).toBe('b')
    owner = 'nobody'
    expect(registry.getCentralEntry('rf')).toBeUndefined()
  })

  it.each<[string, unknown]>([
    ['central', 5],
    ['central.name', { name: '', hasClient: () => true }],
    ['central.hasClient', { name: 'x' }],
  ])('refuses an unusable %s', (option, central) => {
    expect(() => new CentralRegistry().addCentral(central as Central)).toThrow(OptionError)
    expect(() => new CentralRegistry().addCentral(central as Central)).toThrow(expect.objectContaining({ option }))
  })
})

describe('registerCallbacks', () => {
  const captures = JSON.parse(
    readFileSync(new URL('../vectors/xmlrpcpp-captures.json', import.meta.url), 'utf8'),
  ) as string[]
  const bodies = captures.map((request) => Buffer.from(request.slice(request.indexOf('\r\n\r\n') + 4)))

  async function answers(central: Central): Promise<XmlRpcValue[]> {
    const dispatcher = new AsyncXmlRpcDispatcher({ encode: { dialect: 'ccu' } })
    registerCallbacks(dispatcher.registerMulticallFunctions(), withCentrals(central).functions)
    const results: XmlRpcValue[] = []
    for (const body of bodies) {
      const response = decodeMethodResponse(await dispatcher.dispatch(body))
      if (response.kind === 'fault') throw response.fault
      results.push(response.value)
    }
    return results
  }

  it('answers what XmlRpc++ sends', async () => {
    const central = recordingCentral('home', ['BidCos-RF'])
    expect(await answers(central)).toEqual([
      true,
      [{ ADDRESS: 'MEQ1', CHILDREN: [], PARAMSETS: ['MASTER'], INTERFACE: 'BidCos-RF' }],
      [[true], [true], [true]],
      true,
    ])
    const event = { kind: 'event', interfaceId: 'BidCos-RF', channelAddress: 'MEQ0123456:1', parameter: 'S<&>' }
    expect(central.heard).toEqual([
      { ...event, parameter: 'LEVEL', value: 0.5 },
      { ...event, value: true },
      { ...event, value: 22.5 },
      { ...event, value: 7 },
      {
        kind: 'newDevices',
        interfaceId: 'BidCos-RF',
        descriptions: [{ ADDRESS: 'MEQ0123456', CHILDREN: [], PARAMSETS: [], FIRMWARE: '', VERSION: 19 }],
      },
    ])
  })

  it('checks how many parameters come, and acknowledges quiet methods', async () => {
    const dispatcher = new AsyncXmlRpcDispatcher()
    registerCallbacks(dispatcher, withCentrals().functions)
    await expect(dispatcher.invoke('event', ['rf', 'a', 'b'])).rejects.toMatchObject({ faultCode: -32602 })
    await expect(dispatcher.invoke('event', ['rf', 'a', 'b', 1])).resolves.toBe(true)
    await expect(dispatcher.invoke('updateDevice', ['rf', 'a', 1])).resolves.toBe(true)
    await expect(dispatcher.invoke('setReadyConfig', ['rf'])).resolves.toBe(true)
    expect(CALLBACK_NAMES.filter((name) => !ACKNOWLEDGED.has(name as 'event'))).toEqual(['listDevices'])
    expect(CALLBACK_NAMES).toHaveLength(8)
  })
})
