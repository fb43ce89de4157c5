import { describe, expect, it } from 'vitest'
import type { ServiceState } from '../../src/service/index.ts'
import { settled } from '../settled.ts'
import { Beacon } from './beacon.ts'

describe('events', () => {
  it('reach nobody once stop() has settled', async () => {
    const beacon = new Beacon()
    const beeps: number[] = []
    beacon.on('beep', (count) => void beeps.push(count))
    await beacon.start()
    expect(beacon.beep()).toBe(true)
    beacon.stopping = () => void beacon.beep()
    await beacon.stop()
    expect(beacon.beep()).toBe(false)
    expect(beeps).toEqual([1, 2])
    await beacon.start()
    beacon.beep()
    expect(beeps).toEqual([1, 2, 4])
    await beacon.stop()
  })

  it('of state come in the same order to all, though a listener acts on them', async () => {
    const beacon = new Beacon()
    const seen: ServiceState[] = []
    const running = new Promise<void>((resolve) => {
      beacon.on('state', ({ state, incarnation }) => {
        if (state === 'running' && incarnation === 1) void beacon.stop()
        if (state === 'stopped' && incarnation === 1) void beacon.start()
        if (state === 'running' && incarnation === 2) resolve()
      })
    })
    beacon.on('state', ({ state }) => void seen.push(state))
    await settled(beacon.start())
    await running
    expect(seen).toEqual(['starting', 'running', 'stopping', 'stopped', 'starting', 'running'])
    expect(beacon.beep()).toBe(false)
    beacon.on('beep', () => {})
    expect(beacon.beep()).toBe(true)
    await beacon.stop()
  })

  it('of a failure let a listener start the next incarnation', async () => {
    const beacon = new Beacon()
    beacon.on('state', ({ state, incarnation }) => {
      if (state === 'failed' && incarnation === 1) void beacon.start()
    })
    await beacon.start()
    beacon.die(new Error('x'))
    expect(beacon.state).toBe('starting')
    await beacon.ready()
    expect([beacon.incarnation, beacon.stops.length]).toEqual([2, 1])
    await beacon.stop()
  })

  it('are isolated: what a listener throws goes to onError', async () => {
    const errors: unknown[] = []
    const beacon = new Beacon({ onError: (...given) => void errors.push(given) })
    const own = new Error('in listener')
    beacon.on('state', () => {
      throw own
    })
    await beacon.start()
    expect(errors).toEqual([
      [own, 'state'],
      [own, 'state'],
    ])
    await beacon.stop()
  })

  it('become a warning when nobody takes their errors', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const beacon = new Beacon()
    beacon.once('beep', () => {
      throw new Error('in listener')
    })
    beacon.beep()
    expect((await warned).message).toBe("a handler of 'beep' threw Error: in listener")
  })

  it('are observed', async () => {
    const seen: unknown[] = []
    const beacon = new Beacon({
      name: 'north',
      onEvent: (name, data) => seen.push([name, data['state'], data['service']]),
    })
    await beacon.start()
    await beacon.stop()
    expect(seen).toEqual(
      ['starting', 'running', 'stopping', 'stopped'].map((state) => ['x:loop-utils:service:change', state, 'north']),
    )
  })
})
