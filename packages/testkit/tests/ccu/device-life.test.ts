import { OptionError } from '@x/loop-utils/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CCU_FAULTS, FakeCcu } from '../../src/ccu/index.ts'
import { leakHooks } from '../../src/leaks/index.ts'
import { call, CallbackServer } from './peers.ts'

const leaks = leakHooks()
let ccu: FakeCcu
let server: CallbackServer

beforeEach(async () => {
  leaks.before()
  ccu = await new FakeCcu({ quirks: { encoding: 'utf-8', delivery: 'single' } }).start()
  server = await CallbackServer.open()
  await call(ccu.url, 'init', server.url, 'hub')
  await ccu.settled()
})

afterEach(async () => {
  await ccu.stop()
  await server[Symbol.asyncDispose]()
  await leaks.after()
})

const BUTTON = 'LEQ0000010:1'
const DIMMER = 'LEQ0000002:1'
const CONTACT = 'LEQ0000004'

async function faultOf(method: string, ...params: unknown[]): Promise<unknown> {
  const error: unknown = await call(ccu.url, method, ...params).catch((caught: unknown) => caught)
  return (error as { faultCode?: unknown }).faultCode
}

describe('links', () => {
  it('can be made, named, configured at both ends, and removed', async () => {
    await call(ccu.url, 'addLink', BUTTON, DIMMER, 'Bett', 'dims')
    const link = { SENDER: BUTTON, RECEIVER: DIMMER, FLAGS: 0, NAME: 'Bett', DESCRIPTION: 'dims' }
    expect(await call(ccu.url, 'getLinks')).toEqual([link])
    expect(await call(ccu.url, 'getLinks', 'LEQ0000002', 0)).toEqual([link])
    expect(await call(ccu.url, 'getLinks', 'LEQ0000001')).toEqual([])
    expect(await call(ccu.url, 'getLinkPeers', DIMMER)).toEqual([BUTTON])
    expect(await call(ccu.url, 'getLinkPeers', BUTTON)).toEqual([DIMMER])
    await call(ccu.url, 'setLinkInfo', BUTTON, DIMMER, 'Flur', '')
    expect(await call(ccu.url, 'getLinkInfo', BUTTON, DIMMER)).toEqual({ NAME: 'Flur', DESCRIPTION: '' })
    await call(ccu.url, 'putParamset', DIMMER, BUTTON, { SHORT_ON_TIME: 60 })
    expect(await call(ccu.url, 'getParamset', DIMMER, BUTTON)).toMatchObject({
      SHORT_ON_TIME: 60,
      LONG_ON_TIME: 111_600,
    })
    expect(await call(ccu.url, 'getParamset', BUTTON, DIMMER)).toEqual({ EXPECT_AES: 0, PEER_NEEDS_BURST: 0 })
    expect(await call(ccu.url, 'getParamsetDescription', DIMMER, 'LINK')).toMatchObject({
      SHORT_ON_TIME: { UNIT: 's' },
    })
    await call(ccu.url, 'removeLink', BUTTON, DIMMER)
    await ccu.settled()
    expect(await call(ccu.url, 'getLinks')).toEqual([])
    expect(server.of('updateDevice')).toEqual([
      ['hub', BUTTON, 1],
      ['hub', DIMMER, 1],
      ['hub', BUTTON, 1],
      ['hub', DIMMER, 1],
    ])
  })

  it.each([
    ['a receiver that sends', CCU_FAULTS.notSupported, 'addLink', [BUTTON, BUTTON]],
    ['a device for a channel', CCU_FAULTS.notSupported, 'addLink', ['LEQ0000010', DIMMER]],
    ['an unknown channel', CCU_FAULTS.unknownDevice, 'addLink', [BUTTON, 'LEQ0000002:9']],
    ['too long a name', CCU_FAULTS.outOfRange, 'addLink', [BUTTON, DIMMER, 'x'.repeat(1001)]],
    ['no such link', CCU_FAULTS.general, 'getLinkInfo', [BUTTON, DIMMER]],
    ['the paramset of no link', CCU_FAULTS.unknownParamset, 'getParamset', [DIMMER, BUTTON]],
    ['the paramset LINK by its name', CCU_FAULTS.unknownParamset, 'getParamset', [DIMMER, 'LINK']],
    ['links of no device', CCU_FAULTS.unknownDevice, 'getLinks', ['NOSUCH0001']],
  ])('fault %s with %d', async (_what, code, method, params) => {
    expect(await faultOf(method, ...params)).toBe(code)
  })

  it('have a bound, and go with their devices', async () => {
    await call(ccu.url, 'addLink', BUTTON, DIMMER)
    ccu.removeDevice('LEQ0000002')
    expect(await call(ccu.url, 'getLinks')).toEqual([])
    // nobody needs to hear of a thousand links
    await call(ccu.url, 'init', server.url, '')
    ccu.loadFleet([
      ...Array.from({ length: 84 }, (_, index) => ({ type: 'HM-RC12-A', address: `KEY${1000 + index}` })),
      { type: 'HM-LC-Sw1-Pl', address: 'LEQ0000001' },
    ])
    const senders = ccu.descriptions().filter(({ TYPE }) => TYPE === 'KEY')
    const calls = senders.map(({ ADDRESS }) => ({ methodName: 'addLink', params: [ADDRESS, 'LEQ0000001:1'] }))
    expect(calls.length).toBe(1008)
    const answers = (await call(ccu.url, 'system.multicall', calls)) as readonly object[]
    expect(answers.filter((answer) => 'faultCode' in answer).length).toBe(8)
    await ccu.settled()
  })
})

describe('a sleeping device', () => {
  it('gets its configuration when it wakes, and no second one before', async () => {
    const channel = `${CONTACT}:1`
    await call(ccu.url, 'putParamset', channel, 'MASTER', { EVENT_DELAYTIME: 5 })
    expect(await faultOf('putParamset', channel, 'MASTER', { EVENT_DELAYTIME: 6 })).toBe(CCU_FAULTS.transmissionPending)
    expect(await call(ccu.url, 'getServiceMessages')).toEqual([[`${CONTACT}:0`, 'CONFIG_PENDING', true]])
    expect(ccu.wake(CONTACT)).toBe(true)
    expect(ccu.wake(CONTACT)).toBe(false)
    expect(await faultOf('putParamset', channel, 'MASTER', { EVENT_DELAYTIME: 6 })).toBeUndefined()
    await call(ccu.url, 'putParamset', channel, 'MASTER', {})
    await ccu.settled()
    expect(server.of('event').map(([, , , value]) => value)).toEqual([true, false, true])
    expect(() => ccu.wake(channel)).toThrow(/-4/)
    expect(() => ccu.wake('NOSUCH0001')).toThrow(/-2/)
  })
})

describe('the duty cycle', () => {
  it('lets no command through once it is used up', async () => {
    ccu.setDutyCycle(99)
    expect(await faultOf('setValue', DIMMER, 'LEVEL', 1)).toBeUndefined()
    ccu.setDutyCycle(100)
    expect(await faultOf('setValue', DIMMER, 'LEVEL', 0)).toBe(CCU_FAULTS.dutyCycle)
    expect(await faultOf('putParamset', DIMMER, 'MASTER', { TRANSMIT_TRY_MAX: 2 })).toBe(CCU_FAULTS.dutyCycle)
    expect(await call(ccu.url, 'listBidcosInterfaces')).toMatchObject([{ DUTY_CYCLE: 100 }])
    expect([ccu.dutyCycle, await call(ccu.url, 'getValue', DIMMER, 'LEVEL')]).toEqual([100, 1])
    expect(() => ccu.setDutyCycle(101)).toThrow(OptionError)
  })
})

describe('a firmware', () => {
  it('is offered, installed once, and told of', async () => {
    ccu.offerFirmware(CONTACT, '2.4')
    expect(await call(ccu.url, 'getDeviceDescription', CONTACT)).toMatchObject({
      FIRMWARE: '2.0',
      AVAILABLE_FIRMWARE: '2.4',
      UPDATABLE: true,
    })
    expect(await call(ccu.url, 'updateFirmware', CONTACT)).toBe(true)
    expect(await call(ccu.url, 'getDeviceDescription', CONTACT)).toMatchObject({ FIRMWARE: '2.4', UPDATABLE: false })
    expect(await faultOf('updateFirmware', CONTACT)).toBe(CCU_FAULTS.updateNotPossible)
    await ccu.settled()
    expect(server.of('updateDevice')).toEqual([
      ['hub', CONTACT, 0],
      ['hub', CONTACT, 0],
    ])
    expect(() => ccu.offerFirmware(`${CONTACT}:1`, '3')).toThrow(/-4/)
    expect(() => ccu.offerFirmware(CONTACT, '')).toThrow(OptionError)
  })
})

describe('announcements', () => {
  it('tell of devices that are taught in again or replaced, and of errors', async () => {
    ccu.report(`${CONTACT}:1`, 'STATE', true)
    ccu.readdDevice(CONTACT)
    ccu.replaceDevice(CONTACT, 'NEQ0000004')
    ccu.reportError(-1, 'no radio module')
    await ccu.settled()
    expect(server.of('readdedDevice')).toEqual([['hub', [CONTACT, `${CONTACT}:0`, `${CONTACT}:1`]]])
    expect(server.of('replaceDevice')).toEqual([['hub', CONTACT, 'NEQ0000004']])
    expect(server.of('error')).toEqual([['hub', -1, 'no radio module']])
    expect(await call(ccu.url, 'getValue', 'NEQ0000004:1', 'STATE')).toBe(true)
    expect(await faultOf('getValue', `${CONTACT}:1`, 'STATE')).toBe(CCU_FAULTS.unknownDevice)
    expect(await call(ccu.url, 'replaceDevice', 'NEQ0000004', CONTACT)).toBe(true)
    expect(await faultOf('replaceDevice', CONTACT, 'LEQ0000001')).toBe(CCU_FAULTS.general)
    expect(() => ccu.replaceDevice(`${CONTACT}:1`, 'NEQ0000005')).toThrow(/-4/)
    expect(() => ccu.readdDevice('NOSUCH0001')).toThrow(/-2/)
    expect(() => ccu.updateDevice('NOSUCH0001')).toThrow(/-2/)
    expect(() => ccu.reportError(1.5, 'x')).toThrow(OptionError)
    await ccu.settled()
  })
})
