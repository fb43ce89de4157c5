import { OptionError } from '@x/loop-utils/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expandLayout } from '../../src/ccu/catalogue/channel-layout.ts'
import { channelType } from '../../src/ccu/catalogue/descriptions.ts'
import { catalogueFleet, catalogueTypes, FakeCcu, type DeviceDescription } from '../../src/ccu/index.ts'
import { leakHooks } from '../../src/leaks/index.ts'
import { call, CallbackServer } from './peers.ts'

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

describe('the catalogue', () => {
  it('has several hundred types, whose channels are all known', () => {
    const types = [...catalogueTypes().values()]
    expect(types.length).toBe(388)
    expect(new Set(types.map(({ type }) => type)).size).toBe(388)
    for (const { channels, firmware } of types) {
      expect(channels.length).toBeGreaterThan(0)
      expect(firmware).toMatch(/^\d+(\.\d+){1,2}$/)
      for (const channel of channels) expect(channelType(channel).values.length).toBeGreaterThan(0)
    }
    expect(() => channelType('TOASTER')).toThrow(/no channel type TOASTER/)
  })

  it('gives each type one device; the same seed the same addresses, another seed others', () => {
    const fleet = catalogueFleet(7)
    expect(fleet).toEqual(catalogueFleet(7))
    expect(new Set(fleet.map(({ address }) => address)).size).toBe(388)
    const others = new Set(catalogueFleet(8).map(({ address }) => address))
    expect(fleet.filter(({ address }) => others.has(address)).length).toBeLessThan(10)
    expect(() => catalogueFleet(1.5)).toThrow(OptionError)
  })

  it('writes layouts out', () => {
    expect(expandLayout('A')).toEqual(['A'])
    expect(expandLayout('A [B C*2]*2 D')).toEqual(['A', 'B', 'C', 'C', 'B', 'C', 'C', 'D'])
    expect(expandLayout('[A B]')).toEqual(['A', 'B'])
  })

  it('describes parents, children and paramsets that fit together', () => {
    const ccu = new FakeCcu({ devices: 'catalogue' })
    const described = new Map(ccu.descriptions().map((each) => [each.ADDRESS, each]))
    expect(described.size).toBe(2802)
    for (const { ADDRESS, PARENT, CHILDREN, TYPE } of described.values()) {
      for (const child of CHILDREN) expect(described.get(child)).toMatchObject({ PARENT: ADDRESS, PARENT_TYPE: TYPE })
      const parent: DeviceDescription | undefined = described.get(PARENT)
      expect(PARENT === '' || parent?.CHILDREN.includes(ADDRESS) === true).toBe(true)
    }
  })

  it('goes out as one newDevices of some 4.5 MB, and more than one device of it can be used', async () => {
    await using ccu = await new FakeCcu({ devices: 'catalogue', quirks: { encoding: 'utf-8' } }).start()
    await using server = await CallbackServer.open()
    await call(ccu.url, 'init', server.url, 'hub')
    await ccu.settled()
    const [[, descriptions] = []] = server.of('newDevices')
    expect(descriptions).toEqual(JSON.parse(JSON.stringify(ccu.descriptions())))
    expect(server.bytes).toBeGreaterThan(4_200_000)
    expect(server.bytes).toBeLessThan(4_800_000)
    const thermostat = ccu.devices().find(({ type }) => type.type === 'HmIP-W1-D')
    const channel = `${thermostat?.address}:1`
    await call(ccu.url, 'setValue', channel, 'SET_POINT_TEMPERATURE', 21.5)
    expect(await call(ccu.url, 'getValue', channel, 'SET_POINT_TEMPERATURE')).toBe(21.5)
    expect(await call(ccu.url, 'getParamset', channel, 'MASTER')).toMatchObject({ P1_ENDTIME_MONDAY_1: 480 })
    expect(ccu.registrations()).toMatchObject([{ state: 'ready', failed: 0 }])
  })

  it('can be loaded in place of the household, and is heard of', async () => {
    await using ccu = await new FakeCcu().start()
    await using server = await CallbackServer.open()
    await call(ccu.url, 'init', server.url, 'hub')
    await ccu.settled()
    ccu.loadFleet([{ type: 'HmIP-S1-P', address: '0001D3C99C0001' }])
    await ccu.settled()
    expect(ccu.device('LEQ0000001')).toBeUndefined()
    const [[, deleted] = []] = server.of('deleteDevices')
    expect((deleted as readonly unknown[]).length).toBeGreaterThan(20)
    expect(server.of('newDevices')[1]?.[1]).toHaveLength(7)
    expect(() => ccu.loadFleet('zoo' as never)).toThrow(OptionError)
    expect(() => ccu.loadFleet([{ type: 'HM-None', address: 'LEQ0000001' }])).toThrow(OptionError)
    expect(ccu.devices().length).toBe(1)
    ccu.loadFleet([])
    ccu.loadFleet('household')
    expect(ccu.devices().length).toBe(10)
    await ccu.settled()
  })
})
