import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { attachPoster, Dispatcher } from '../../src/dispatch/index.ts'
import { KeyedListeners } from '../../src/events/index.ts'
import { warning } from '../warning.ts'

interface DeviceEvents {
  state: [isOn: boolean, brightness: number]
  gone: []
}

type Device = 'lamp' | 'plug' | 'blind'

function noting(): { log: unknown[]; note: (name: string) => (...args: unknown[]) => void } {
  const log: unknown[] = []
  return {
    log,
    note:
      (name) =>
      (...args) =>
        void log.push([name, ...args]),
  }
}

describe('KeyedListeners', () => {
  it('tell an event of a key to those who listen to both, and to those who listen to all keys', () => {
    const devices = new KeyedListeners<DeviceEvents, Device>()
    const { log, note } = noting()
    devices.onAny('state', note('any'))
    devices.on('state', 'lamp', note('lamp'))
    devices.on('state', 'lamp', note('lamp again'))
    devices.on('gone', 'lamp', note('lamp is gone'))
    devices.on('state', 'plug', note('plug'))
    expect(devices.emit('state', 'lamp', true, 7)).toBe(true)
    expect(devices.emit('state', 'blind', false, 0)).toBe(true)
    expect(devices.emit('gone', 'blind')).toBe(false)
    expect(log).toEqual([
      ['lamp', true, 7],
      ['lamp again', true, 7],
      ['any', 'lamp', true, 7],
      ['any', 'blind', false, 0],
    ])
    expect([devices.listenerCount('state', 'lamp'), devices.listenerCount('gone', 'plug'), devices.size]).toEqual([
      3, 0, 5,
    ])
  })

  it('are typed', () => {
    const devices = new KeyedListeners<DeviceEvents, Device>()
    devices.on('state', 'lamp', (isOn, brightness) => {
      expectTypeOf(isOn).toEqualTypeOf<boolean>()
      expectTypeOf(brightness).toEqualTypeOf<number>()
    })
    devices.onAny('state', (key, isOn) => {
      expectTypeOf(key).toEqualTypeOf<Device>()
      expectTypeOf(isOn).toEqualTypeOf<boolean>()
    })
    // @ts-expect-error no such key
    devices.emit('gone', 'radio')
    // @ts-expect-error too few arguments
    devices.emit('state', 'plug', true)
    // @ts-expect-error no such event
    devices.on('moved', 'plug', () => {})
    // @ts-expect-error a reserved name
    expectTypeOf<KeyedListeners<{ error: [Error] }>>().toBeObject()
  })

  it('are taken away one by one, and a key with the last of them', () => {
    const devices = new KeyedListeners<DeviceEvents>()
    const { log, note } = noting()
    const listener = note('same')
    const first = devices.on('gone', 'lamp', listener)
    const second = devices.on('gone', 'lamp', listener)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    devices.emit('gone', 'lamp')
    expect(log).toHaveLength(1)
    second[Symbol.dispose]()
    expect([devices.emit('gone', 'lamp'), devices.size, log.length]).toEqual([false, 0, 1])
  })

  it('are those that listened when the event was emitted', () => {
    const devices = new KeyedListeners<DeviceEvents>()
    const { log, note } = noting()
    devices.on('gone', 'lamp', () => {
      taken[Symbol.dispose]()
      devices.on('gone', 'lamp', note('added'))
      devices.onAny('gone', note('added for all'))
    })
    const taken = devices.on('gone', 'lamp', note('taken away'))
    devices.emit('gone', 'lamp')
    expect(log).toEqual([['taken away']])
    devices.emit('gone', 'lamp')
    expect(log).toEqual([['taken away'], ['added'], ['added for all', 'lamp']])
  })

  it('can listen once', () => {
    const devices = new KeyedListeners<DeviceEvents>()
    const { log, note } = noting()
    devices.once('gone', 'lamp', () => void devices.emit('gone', 'lamp'))
    devices.once('gone', 'lamp', note('once'))
    devices.on('gone', 'lamp', note('on'))
    devices.emit('gone', 'lamp')
    // the nested event comes first, and uses up who listens once
    expect(log).toEqual([['once'], ['on'], ['on']])
    expect(devices.size).toBe(1)
  })

  it('do not disturb one another by what they throw or reject with', async () => {
    const reported: unknown[] = []
    const devices = new KeyedListeners<DeviceEvents>({
      onError: (error, at) => reported.push([(error as Error).message, at]),
    })
    const { log, note } = noting()
    devices.on('gone', 'lamp', () => {
      throw new Error('sync')
    })
    devices.onAny('gone', async () => {
      await turn()
      throw new Error('async')
    })
    devices.onAny('gone', note('last'))
    expect(devices.emit('gone', 'lamp')).toBe(true)
    expect(log).toEqual([['last', 'lamp']])
    await turn()
    await turn()
    const at = { event: 'gone', key: 'lamp' }
    expect(reported).toEqual([
      ['sync', at],
      ['async', at],
    ])
  })

  it('warn the process of an error that nobody takes', async () => {
    const devices = new KeyedListeners<DeviceEvents>()
    devices.on('gone', 'lamp', () => {
      throw new Error('stray')
    })
    const warned = warning('stray')
    devices.emit('gone', 'lamp')
    expect(await warned).toMatchObject({ code: 'LOOP_STRAY_ERROR', message: "a listener of 'gone' threw Error: stray" })
  })

  it('are bounded, refuse what is wrong, and end with their disposal', () => {
    const devices = new KeyedListeners<DeviceEvents>({ maxListeners: 2, name: 'devices' })
    const { log, note } = noting()
    devices.on('gone', 'lamp', () => devices[Symbol.dispose]())
    devices.on('gone', 'lamp', note('second'))
    expect(() => devices.onAny('gone', note('third'))).toThrow('listeners of devices is full at 2')
    devices.emit('gone', 'lamp')
    expect([log, devices.size]).toEqual([[], 0])
    expect(devices.emit('gone', 'lamp')).toBe(false)
    expect(() => devices.on('gone', 'lamp', note('later'))).toThrow('devices was disposed of; make a new one')
    for (const use of [
      () => devices.on('error' as never, 'lamp', note('error')),
      () => devices.emit('error' as never, 'lamp', ...([] as never)),
      () => (devices.deliver as unknown as (...event: unknown[]) => void)('error', 'lamp'),
    ]) {
      expect(use).toThrow(expect.objectContaining({ code: 'LOOP_RESERVED_EVENT' }))
    }
    expect(() => devices.on('gone', 'lamp', 1 as never)).toThrow('option listener')
    expect(() => new KeyedListeners({ dispatcher: {} as never })).toThrow('option dispatcher')
    expect(() => new KeyedListeners({ maxListeners: 0 })).toThrow('option maxListeners')
    expect(() => new KeyedListeners({ onError: 1 as never })).toThrow('option onError')
  })

  it('listen to hundreds of devices without a warning of a leak', async () => {
    const devices = new KeyedListeners<DeviceEvents>()
    let warnings = 0
    const count = ({ name }: Error): void => {
      if (name === 'MaxListenersExceededWarning') warnings++
    }
    process.on('warning', count)
    for (let index = 0; index < 50; index++) devices.onAny('gone', () => {})
    await turn()
    process.off('warning', count)
    expect([devices.size, warnings]).toEqual([50, 0])
  })
})

describe('KeyedListeners with a dispatcher', () => {
  it('are called in their turn on its loop, in the order of the emits', async () => {
    await using dispatcher = new Dispatcher()
    const devices = new KeyedListeners<DeviceEvents>({ dispatcher })
    const { log, note } = noting()
    devices.on('gone', 'lamp', note('lamp'))
    devices.on('gone', 'plug', note('plug'))
    dispatcher.post(note('before'))
    expect(devices.emit('gone', 'plug')).toBe(true)
    expect(devices.emit('gone', 'lamp')).toBe(true)
    dispatcher.post(note('behind'))
    expect(log).toEqual([])
    await dispatcher.drain()
    expect(log).toEqual([['before'], ['plug'], ['lamp'], ['behind']])
  })

  it('are those that listened at the emit and still do in its turn', async () => {
    await using dispatcher = new Dispatcher()
    const devices = new KeyedListeners<DeviceEvents>({ dispatcher })
    const { log, note } = noting()
    devices.on('gone', 'lamp', note('stays'))
    const leaves = devices.on('gone', 'lamp', note('leaves'))
    devices.emit('gone', 'lamp')
    leaves[Symbol.dispose]()
    devices.once('gone', 'lamp', note('comes later'))
    await dispatcher.drain()
    expect(log).toEqual([['stays']])
    devices.emit('gone', 'lamp')
    await dispatcher.drain()
    expect(log).toEqual([['stays'], ['stays'], ['comes later']])
  })

  it('say when the dispatcher does not take an event, and post none that nobody listens to', async () => {
    const dispatcher = new Dispatcher({
      capacity: 1,
      overflow: 'coalesce',
      coalesceBy: (_, [event, key]) => String(event) + String(key),
    })
    const devices = new KeyedListeners<DeviceEvents>({ dispatcher })
    const { log, note } = noting()
    expect(devices.emit('gone', 'lamp')).toBe(false)
    expect(dispatcher.depth).toBe(0)
    devices.onAny('state', note('any'))
    expect(devices.emit('state', 'lamp', true, 1)).toBe(true)
    expect(devices.emit('state', 'plug', true, 2)).toBe(false)
    // of the same event and key the newest takes the place
    expect(devices.emit('state', 'lamp', false, 3)).toBe(true)
    await dispatcher.close()
    expect(log).toEqual([['any', 'lamp', false, 3]])
    expect(devices.emit('state', 'lamp', true, 4)).toBe(false)
  })

  it('tell nobody any more once they are disposed of', async () => {
    await using dispatcher = new Dispatcher()
    const devices = new KeyedListeners<DeviceEvents>({ dispatcher })
    devices.on('gone', 'lamp', () => expect.unreachable())
    devices.emit('gone', 'lamp')
    devices[Symbol.dispose]()
    await dispatcher.drain()
    expect(dispatcher.stats()).toMatchObject({ delivered: 1, errors: 0 })
  })

  it('hear what posters emit, each in its order', async () => {
    await using dispatcher = new Dispatcher()
    const devices = new KeyedListeners<DeviceEvents>({ dispatcher })
    const handlers = { device: devices.deliver }
    dispatcher.register(handlers)
    const poster = attachPoster<typeof handlers>(dispatcher.connect<typeof handlers>())
    const { log, note } = noting()
    devices.onAny('state', note('state'))
    devices.on('gone', 'lamp', note('gone'))
    poster.emit('device', 'state', 'lamp', true, 1)
    poster.emit('device', 'gone', 'lamp')
    poster.emit('device', 'gone', 'plug')
    await poster.close()
    await dispatcher.drain()
    expect(log).toEqual([['state', 'lamp', true, 1], ['gone']])
  })
})
