import { ManualClock } from '@x/loop-utils/clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeCcu, type FakeCcuOptions } from '../../src/ccu/index.ts'
import { leakHooks } from '../../src/leaks/index.ts'
import { call, CallbackServer } from './peers.ts'

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

const SWITCH = 'LEQ0000001:1'
const DIMMER = 'LEQ0000002:1'
const RADIATOR = 'LEQ0000003:1'
const BLIND = 'LEQ0000006:1'

interface Scene extends AsyncDisposable {
  readonly ccu: FakeCcu
  readonly clock: ManualClock
  readonly server: CallbackServer
  /** What was reported since the last time, without the interface id. */
  heard(): Promise<readonly unknown[]>
  value(address: string, name: string): unknown
}

async function open(options: FakeCcuOptions = {}): Promise<Scene> {
  const clock = new ManualClock()
  const ccu = await new FakeCcu({ clock, quirks: { delivery: 'single', encoding: 'utf-8' }, ...options }).start()
  const server = await CallbackServer.open()
  await call(ccu.url, 'init', server.url, 'hub')
  await ccu.settled()
  let seen = 0
  return {
    ccu,
    clock,
    server,
    async heard() {
      await ccu.settled()
      const events = server.of('event').slice(seen)
      seen += events.length
      return events.map(([, ...rest]) => rest)
    },
    value: (address, name) => ccu.paramset(address, 'VALUES').value(name),
    async [Symbol.asyncDispose]() {
      await ccu.stop()
      await server[Symbol.asyncDispose]()
    },
  }
}

describe('ON_TIME', () => {
  it('switches off after its time, once', async () => {
    await using scene = await open()
    await call(scene.ccu.url, 'putParamset', SWITCH, 'VALUES', { STATE: true, ON_TIME: 5 })
    expect(await scene.heard()).toEqual([
      [SWITCH, 'STATE', true],
      [SWITCH, 'WORKING', true],
    ])
    await scene.clock.advance(4999)
    expect(await scene.heard()).toEqual([])
    await scene.clock.advance(1)
    expect(await scene.heard()).toEqual([
      [SWITCH, 'STATE', false],
      [SWITCH, 'WORKING', false],
    ])
    await call(scene.ccu.url, 'setValue', SWITCH, 'STATE', true)
    await scene.clock.advance(100_000)
    expect(scene.value(SWITCH, 'STATE')).toBe(true)
  })

  it('is given up when it is switched off before, and when the fake stops', async () => {
    await using scene = await open()
    await call(scene.ccu.url, 'setValue', SWITCH, 'ON_TIME', 5)
    await call(scene.ccu.url, 'setValue', SWITCH, 'STATE', true)
    await call(scene.ccu.url, 'setValue', SWITCH, 'STATE', false)
    expect(scene.value(SWITCH, 'WORKING')).toBe(false)
    await call(scene.ccu.url, 'putParamset', SWITCH, 'VALUES', { ON_TIME: 5, STATE: true })
    await scene.ccu.stop()
    await scene.clock.advance(10_000)
    expect(scene.value(SWITCH, 'STATE')).toBe(true)
    expect(scene.clock.pending).toBe(0)
  })
})

describe('a dimmer', () => {
  it('reaches its level over the ramp in steps, then goes out after the ON_TIME', async () => {
    await using scene = await open()
    await call(scene.ccu.url, 'putParamset', DIMMER, 'VALUES', { LEVEL: 0.8, RAMP_TIME: 4, ON_TIME: 10 })
    expect(await scene.heard()).toEqual([[DIMMER, 'WORKING', true]])
    await scene.clock.advance(4000)
    expect(await scene.heard()).toEqual([
      [DIMMER, 'LEVEL', 0.2],
      [DIMMER, 'LEVEL', 0.4],
      [DIMMER, 'LEVEL', 0.6],
      [DIMMER, 'LEVEL', 0.8],
      [DIMMER, 'WORKING', false],
      [DIMMER, 'WORKING', true],
    ])
    await scene.clock.advance(10_000)
    expect(await scene.heard()).toEqual([
      [DIMMER, 'LEVEL', 0],
      [DIMMER, 'WORKING', false],
    ])
  })

  it('returns to its old level', async () => {
    await using scene = await open()
    await call(scene.ccu.url, 'setValue', DIMMER, 'LEVEL', 0.3)
    await call(scene.ccu.url, 'setValue', DIMMER, 'LEVEL', 0)
    await call(scene.ccu.url, 'setValue', DIMMER, 'OLD_LEVEL', true)
    expect(scene.value(DIMMER, 'LEVEL')).toBe(0.3)
  })

  it('begins anew from where it is when it is set during a ramp', async () => {
    await using scene = await open()
    await call(scene.ccu.url, 'putParamset', DIMMER, 'VALUES', { LEVEL: 1, RAMP_TIME: 4 })
    await scene.clock.advance(2000)
    await call(scene.ccu.url, 'setValue', DIMMER, 'LEVEL', 0)
    await scene.clock.advance(10_000)
    expect(scene.value(DIMMER, 'LEVEL')).toBe(0)
    expect(scene.value(DIMMER, 'WORKING')).toBe(false)
  })

  it('moves no more when it is removed', async () => {
    await using scene = await open()
    await call(scene.ccu.url, 'putParamset', DIMMER, 'VALUES', { LEVEL: 1, RAMP_TIME: 4 })
    await call(scene.ccu.url, 'putParamset', SWITCH, 'VALUES', { STATE: true, ON_TIME: 4 })
    scene.ccu.removeDevice('LEQ0000002')
    expect(scene.clock.pending).toBe(1)
    await scene.clock.advance(4000)
    expect(scene.value(SWITCH, 'STATE')).toBe(false)
  })
})

describe('a blind', () => {
  it('takes its time when so chosen, and stops where it is', async () => {
    await using scene = await open({ travelTimes: true })
    await call(scene.ccu.url, 'putParamset', BLIND, 'MASTER', { REFERENCE_RUNNING_TIME_TOP_BOTTOM: 40 })
    await call(scene.ccu.url, 'setValue', BLIND, 'LEVEL', 1)
    expect(await scene.heard()).toEqual([
      [BLIND, 'WORKING', true],
      [BLIND, 'DIRECTION', 1],
    ])
    await scene.clock.advance(20_000)
    await call(scene.ccu.url, 'setValue', BLIND, 'STOP', true)
    expect(scene.value(BLIND, 'LEVEL')).toBe(0.5)
    expect(scene.value(BLIND, 'DIRECTION')).toBe(0)
    await call(scene.ccu.url, 'setValue', BLIND, 'LEVEL', 0)
    expect(scene.value(BLIND, 'DIRECTION')).toBe(2)
    await scene.clock.advance(20_000)
    expect(scene.value(BLIND, 'LEVEL')).toBe(0)
  })

  it('is at its goal at once by default', async () => {
    await using scene = await open()
    await call(scene.ccu.url, 'setValue', BLIND, 'LEVEL', 1)
    expect(await scene.heard()).toEqual([[BLIND, 'LEVEL', 1]])
  })
})

describe('a radiator', () => {
  it('changes its mode with what it is told', async () => {
    await using scene = await open()
    await call(scene.ccu.url, 'setValue', RADIATOR, 'MANU_MODE', 25.5)
    expect([scene.value(RADIATOR, 'CONTROL_MODE'), scene.value(RADIATOR, 'SET_TEMPERATURE')]).toEqual([1, 25.5])
    await call(scene.ccu.url, 'setValue', RADIATOR, 'BOOST_MODE', true)
    expect(scene.value(RADIATOR, 'CONTROL_MODE')).toBe(3)
    await call(scene.ccu.url, 'setValue', RADIATOR, 'AUTO_MODE', true)
    expect(scene.value(RADIATOR, 'CONTROL_MODE')).toBe(0)
  })
})

describe('events that are gathered', () => {
  it('go in one multicall after the interval, or when a batch is full, or before any other call', async () => {
    await using scene = await open({
      quirks: { delivery: 'auto', encoding: 'utf-8' },
      batchIntervalMs: 500,
      maxBatch: 3,
    })
    const sizes = (): readonly number[] =>
      scene.server.of('system.multicall').map(([calls]) => (calls as readonly unknown[]).length)
    const { ccu, clock } = scene
    ccu.report(SWITCH, 'STATE', true)
    await clock.advance(499)
    ccu.report(SWITCH, 'STATE', false)
    expect(sizes()).toEqual([])
    await clock.advance(1)
    await ccu.settled()
    expect(sizes()).toEqual([2])
    for (let count = 0; count < 3; count++) ccu.report(SWITCH, 'STATE', true)
    await ccu.settled()
    expect(sizes()).toEqual([2, 3])
    ccu.report(SWITCH, 'STATE', true)
    ccu.report(SWITCH, 'STATE', false)
    ccu.updateDevice('LEQ0000001', 1)
    await ccu.settled()
    expect(sizes()).toEqual([2, 3, 2])
    expect(scene.server.of('updateDevice')).toEqual([['hub', 'LEQ0000001', 1]])
  })
})
