import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CCU_FAULTS, CcuFault, FakeCcu } from '../../src/ccu/index.ts'
import { RecordLog } from '../../src/ccu/record-log.ts'
import { call } from './peers.ts'

let ccu: FakeCcu
beforeAll(async () => {
  // the library's client reads nothing but UTF-8
  ccu = await new FakeCcu({ quirks: { encoding: 'utf-8' } }).start()
})
afterAll(() => ccu.stop())

async function faultOf(method: string, ...params: unknown[]): Promise<unknown> {
  const error: unknown = await call(ccu.url, method, ...params).catch((caught: unknown) => caught)
  return (error as { faultCode?: unknown }).faultCode
}

describe('devices over XML-RPC', () => {
  it('lists every device before its channels, with lists where lists belong', async () => {
    const devices = (await call(ccu.url, 'listDevices')) as Record<string, unknown>[]
    expect(devices.length).toBe(ccu.descriptions().length)
    for (const { CHILDREN, PARAMSETS } of devices) {
      expect(Array.isArray(CHILDREN)).toBe(true)
      expect(Array.isArray(PARAMSETS)).toBe(true)
    }
    expect(devices[0]).toMatchObject({
      TYPE: 'HM-LC-Sw1-Pl',
      ADDRESS: 'LEQ0000001',
      PARENT: '',
      CHILDREN: ['LEQ0000001:0', 'LEQ0000001:1'],
      FIRMWARE: '1.9',
      VERSION: 6,
    })
    expect(devices[2]).toMatchObject({
      TYPE: 'SWITCH',
      ADDRESS: 'LEQ0000001:1',
      PARENT: 'LEQ0000001',
      PARENT_TYPE: 'HM-LC-Sw1-Pl',
      PARAMSETS: ['LINK', 'MASTER', 'VALUES'],
      DIRECTION: 2,
    })
  })

  it('describes one device, one channel, and paramsets', async () => {
    expect(await call(ccu.url, 'getDeviceDescription', 'LEQ0000003')).toMatchObject({ TYPE: 'HM-CC-RT-DN' })
    expect(await call(ccu.url, 'getParamsetDescription', 'LEQ0000003:1', 'VALUES')).toMatchObject({
      SET_TEMPERATURE: { TYPE: 'FLOAT', OPERATIONS: 7, MIN: 4.5, MAX: 30.5, UNIT: '°C', DEFAULT: 20 },
      CONTROL_MODE: { TYPE: 'ENUM', OPERATIONS: 5, VALUE_LIST: ['AUTO-MODE', 'MANU-MODE', 'PARTY-MODE', 'BOOST-MODE'] },
    })
    expect(await call(ccu.url, 'getParamset', 'LEQ0000003:1', 'MASTER')).toEqual({
      TEMPERATURE_COMFORT: 21,
      TEMPERATURE_LOWERING: 17,
    })
  })

  it('sets values one by one and as a paramset, and reads them back', async () => {
    await call(ccu.url, 'setValue', 'LEQ0000001:1', 'STATE', true)
    expect(await call(ccu.url, 'getValue', 'LEQ0000001:1', 'STATE')).toBe(true)
    await call(ccu.url, 'putParamset', 'LEQ0000002:1', 'VALUES', { LEVEL: 0.5, RAMP_TIME: 0 })
    expect(await call(ccu.url, 'getParamset', 'LEQ0000002:1', 'VALUES')).toMatchObject({ LEVEL: 0.5, WORKING: false })
    await call(ccu.url, 'putParamset', 'LEQ0000002:1', 'MASTER', { TRANSMIT_TRY_MAX: 3 })
    expect(await call(ccu.url, 'getParamset', 'LEQ0000002:1', 'MASTER')).toMatchObject({ TRANSMIT_TRY_MAX: 3 })
  })

  it('takes an impulse without keeping it', async () => {
    expect(await call(ccu.url, 'setValue', 'LEQ0000006:1', 'STOP', true)).toBe('')
    expect(await call(ccu.url, 'getParamset', 'LEQ0000006:1', 'VALUES')).not.toHaveProperty('STOP')
  })

  it('tells about itself', async () => {
    expect(await call(ccu.url, 'getVersion')).toMatch(/^\d+\.\d+\.\d+$/)
    expect(await call(ccu.url, 'system.listMethods')).toContain('putParamset')
    expect(await call(ccu.url, 'system.methodHelp', 'init')).toContain('init')
    expect(await call(ccu.url, 'system.methodHelp', 'nothing')).toBe('')
    expect(await call(ccu.url, 'listBidcosInterfaces')).toMatchObject([{ CONNECTED: true }])
    expect(await call(ccu.url, 'getLinks')).toEqual([])
    expect(await call(ccu.url, 'getLinkPeers', 'LEQ0000001:1')).toEqual([])
    expect(await call(ccu.url, 'reportValueUsage', 'LEQ0000001:1', 'STATE', 1)).toBe(true)
    expect(await call(ccu.url, 'clientServerInitialized', 'nobody')).toBe(false)
  })

  it('lists what devices complain about', async () => {
    expect(await call(ccu.url, 'getServiceMessages')).toEqual([])
    ccu.report('LEQ0000004:0', 'LOWBAT', true)
    expect(await call(ccu.url, 'getServiceMessages')).toEqual([['LEQ0000004:0', 'LOWBAT', true]])
  })
})

describe('faults', () => {
  it.each([
    ['an unknown method', CCU_FAULTS.general, 'makeCoffee', []],
    ['a missing parameter', CCU_FAULTS.general, 'getValue', ['LEQ0000001:1']],
    ['a parameter of another type', CCU_FAULTS.general, 'getDeviceDescription', [17]],
    ['an unknown device', CCU_FAULTS.unknownDevice, 'getDeviceDescription', ['NOSUCH0001']],
    ['a paramset that is not there', CCU_FAULTS.unknownParamset, 'getParamset', ['LEQ0000001', 'VALUES']],
    ['a channel where a device belongs', CCU_FAULTS.addressExpected, 'updateFirmware', ['LEQ0000001:1']],
    ['an unknown parameter', CCU_FAULTS.unknownParameter, 'setValue', ['LEQ0000001:1', 'TASTE', 1]],
    ['a value of another type', CCU_FAULTS.unknownParameter, 'setValue', ['LEQ0000001:1', 'STATE', 1]],
    ['a compound for a value', CCU_FAULTS.unknownParameter, 'setValue', ['LEQ0000002:1', 'LEVEL', [1]]],
    ['a text for a number', CCU_FAULTS.unknownParameter, 'setValue', ['LEQ0000003:1', 'SET_TEMPERATURE', 'warm']],
    ['a number for a text', CCU_FAULTS.unknownParameter, 'setValue', ['LEQ0000003:1', 'PARTY_MODE_SUBMIT', 5]],
    [
      'half an integer',
      CCU_FAULTS.unknownParameter,
      'putParamset',
      ['LEQ0000002:1', 'MASTER', { TRANSMIT_TRY_MAX: 1.5 }],
    ],
    ['no struct of values', CCU_FAULTS.unknownParameter, 'putParamset', ['LEQ0000002:1', 'MASTER', [1]]],
    ['setting what can only be read', CCU_FAULTS.notSupported, 'setValue', ['LEQ0000004:1', 'STATE', true]],
    ['reading an impulse', CCU_FAULTS.notSupported, 'getValue', ['LEQ0000006:1', 'STOP']],
    ['a firmware that is the newest', CCU_FAULTS.updateNotPossible, 'updateFirmware', ['LEQ0000001']],
    ['a value out of range', CCU_FAULTS.outOfRange, 'setValue', ['LEQ0000002:1', 'LEVEL', 1.01]],
  ])('answers %s with %d', async (_what, code, method, params) => {
    expect(await faultOf(method, ...params)).toBe(code)
  })

  it('changes nothing when one value of a paramset is wrong', async () => {
    const before = await call(ccu.url, 'getParamset', 'LEQ0000002:1', 'VALUES')
    expect(await faultOf('putParamset', 'LEQ0000002:1', 'VALUES', { LEVEL: 0.9, RAMP_TIME: -1 })).toBe(-9)
    expect(await call(ccu.url, 'getParamset', 'LEQ0000002:1', 'VALUES')).toEqual(before)
  })

  it('does not reach a device that is unreachable', async () => {
    ccu.report('LEQ0000006:0', 'UNREACH', true)
    expect(await faultOf('setValue', 'LEQ0000006:1', 'LEVEL', 0.5)).toBe(CCU_FAULTS.general)
    ccu.report('LEQ0000006:0', 'UNREACH', false)
    expect(await call(ccu.url, 'setValue', 'LEQ0000006:1', 'LEVEL', 0.5)).toBe('')
  })

  it('come when ordered, as often as ordered, for the address ordered', async () => {
    ccu.failNext({ method: 'setValue', faultCode: CCU_FAULTS.dutyCycle, address: 'LEQ0000001:1', times: 2 })
    ccu.failNext({ method: 'getVersion', faultCode: CCU_FAULTS.transmissionPending })
    expect(await faultOf('setValue', 'LEQ0000002:1', 'LEVEL', 0)).toBeUndefined()
    expect(await faultOf('setValue', 'LEQ0000001:1', 'STATE', true)).toBe(-8)
    expect(await faultOf('setValue', 'LEQ0000001:1', 'STATE', true)).toBe(-8)
    expect(await faultOf('setValue', 'LEQ0000001:1', 'STATE', true)).toBeUndefined()
    expect(await faultOf('getVersion')).toBe(-10)
    ccu.failNext({ method: 'getVersion', faultCode: -1 })
    ccu.clearFaults()
    expect(await faultOf('getVersion')).toBeUndefined()
    expect(() => ccu.failNext({ method: 'x', faultCode: -11 as -1 })).toThrow(/faultCode/)
    expect(() => {
      for (let order = 0; order <= 100; order++) ccu.failNext({ method: 'x', faultCode: -1 })
    }).toThrow(/at most 100/)
    ccu.clearFaults()
  })

  it('say what they mean', () => {
    expect(new CcuFault(-2, 'X')).toMatchObject({ faultCode: -2, faultString: 'Unknown instance: X' })
    expect(new CcuFault(-7).message).toBe('Update not possible (fault -7)')
  })
})

describe('system.multicall', () => {
  it('answers each call in its place, faults among them', async () => {
    const calls = [
      { methodName: 'getVersion', params: [] },
      { methodName: 'getDeviceDescription', params: ['NOSUCH0001'] },
      { methodName: 'system.multicall', params: [[]] },
      { params: [] },
      { methodName: 'getLinks' },
      7,
    ]
    expect(await call(ccu.url, 'system.multicall', calls)).toEqual([
      [expect.any(String)],
      { faultCode: -2, faultString: 'Unknown instance: NOSUCH0001' },
      { faultCode: -1, faultString: expect.stringContaining('within a multicall') },
      { faultCode: -1, faultString: expect.any(String) },
      [[]],
      { faultCode: -1, faultString: expect.any(String) },
    ])
    expect(await faultOf('system.multicall', 'all')).toBe(-1)
  })
})

describe('records', () => {
  it('show each call with its parameters and its fault', async () => {
    await call(ccu.url, 'getValue', 'LEQ0000001:1', 'STATE')
    await faultOf('getDeviceDescription', 'NOSUCH0001')
    const [first, second] = ccu.calls().slice(-2)
    expect(first).toMatchObject({ method: 'getValue', params: ['LEQ0000001:1', 'STATE'] })
    expect(first).not.toHaveProperty('fault')
    expect(second).toMatchObject({ method: 'getDeviceDescription', fault: { faultCode: -2 } })
    expect(Date.parse(String(first?.at))).not.toBeNaN()
  })

  it('keep only the last ones, and count all', async () => {
    await using small = await new FakeCcu({ maxRecords: 3 }).start()
    for (let count = 0; count < 8; count++) await call(small.url, 'ping', `t${count}`)
    expect(small.calls().map(({ params }) => params[0])).toEqual(['t5', 't6', 't7'])
    expect(small.totals()).toEqual({ calls: 8, answers: 0 })
  })

  it('keep the newest, however long, and older ones as far as there is room', () => {
    const log = new RecordLog<string>(10, 100)
    log.add('a', 60)
    log.add('b', 40)
    expect(log.all()).toEqual(['a', 'b'])
    log.add('c', 1)
    expect(log.all()).toEqual(['b', 'c'])
    log.add('d', 500)
    expect(log.all()).toEqual(['d'])
    expect(log.total).toBe(4)
  })
})
