import { once } from 'node:events'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { OptionError, TimeoutError } from '../../src/errors/index.ts'
import { ServiceCore, type Service, type StateChange } from '../../src/service/index.ts'
import { never, rejection, settled } from '../settled.ts'
import { Beacon } from './beacon.ts'

const NOTHING_LEFT = { delivered: 0, discarded: {}, rejectedCalls: 0 }

describe('starting', () => {
  it('goes from idle over starting to running', async () => {
    const beacon = new Beacon()
    const changes: StateChange[] = []
    beacon.on('state', (change) => void changes.push(change))
    expect([beacon.state, beacon.incarnation, beacon.name]).toEqual(['idle', 0, 'Beacon'])
    const starting = beacon.start()
    expect([beacon.state, beacon.incarnation, beacon.starts.length]).toEqual(['starting', 1, 0])
    await starting
    expect([beacon.state, beacon.starts[0]?.incarnation]).toEqual(['running', 1])
    expect(changes).toEqual([
      { state: 'starting', previous: 'idle', incarnation: 1 },
      { state: 'running', previous: 'starting', incarnation: 1 },
    ])
    expectTypeOf(beacon).toExtend<Service>()
  })

  it('shares one promise among calls at the same time, and after', async () => {
    const beacon = new Beacon()
    const starting = beacon.start()
    expect(beacon.start()).toBe(starting)
    await starting
    expect(beacon.start()).toBe(starting)
    expect(beacon.starts).toHaveLength(1)
  })

  it('that fails ends what had begun, then rejects', async () => {
    const beacon = new Beacon()
    const refused = new Error('port taken')
    beacon.starting = () => Promise.reject(refused)
    const starting = settled(beacon.start())
    const ready = settled(beacon.ready())
    expect(await starting).toEqual({ status: 'rejected', reason: refused })
    expect(await ready).toEqual({ status: 'rejected', reason: refused })
    expect(beacon.log).toEqual(['starting', 'onStart', 'failed', 'onStop'])
    expect(beacon.stops).toEqual([{ drain: false, deadlineMs: 0, failure: { error: refused } }])
    expect(beacon.starts[0]?.signal.reason).toBe(refused)
    expect(beacon.health()).toMatchObject({ status: 'failed', reason: 'port taken', state: 'failed' })
  })

  it('again after a failure is a new incarnation, once the old one has ended', async () => {
    const beacon = new Beacon()
    beacon.starting = () => Promise.reject(new Error('first'))
    beacon.stopping = () => beacon.clock.sleep(100).then(() => void beacon.log.push('cleaned'))
    const first = settled(beacon.start())
    await beacon.clock.settle()
    expect(beacon.state).toBe('failed')
    beacon.starting = () => {}
    const second = beacon.start()
    expect([beacon.state, beacon.incarnation]).toEqual(['starting', 2])
    await beacon.clock.advance(100)
    await second
    expect((await first).status).toBe('rejected')
    expect(beacon.log).toEqual([
      'starting',
      'onStart',
      'failed',
      'onStop',
      'starting',
      'cleaned',
      'onStart',
      'started',
      'running',
    ])
    await Promise.all([beacon.stop(), beacon.clock.advance(100)])
  })

  it('that nobody waits for is no unhandled rejection when it fails', async () => {
    const unhandled = vi.fn<() => void>()
    process.on('unhandledRejection', unhandled)
    const beacon = new Beacon()
    beacon.starting = () => Promise.reject(new Error('x'))
    void beacon.start()
    await beacon.clock.settle()
    expect(beacon.state).toBe('failed')
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })
})

describe('stopping', () => {
  it('ends what was started, and tells what became of the rest', async () => {
    const beacon = new Beacon()
    await beacon.start()
    beacon.stopping = () => ({ delivered: 3, discarded: { beep: 2 } })
    const stopping = beacon.stop({ drain: false, deadlineMs: 50 })
    expect(beacon.state).toBe('stopping')
    expect(await stopping).toEqual({ delivered: 3, discarded: { beep: 2 }, rejectedCalls: 0 })
    expect(beacon.stops).toEqual([{ drain: false, deadlineMs: 50 }])
    expect(beacon.log).toEqual(['starting', 'onStart', 'started', 'running', 'stopping', 'onStop', 'stopped'])
    expect(beacon.starts[0]?.signal.aborted).toBe(true)
  })

  it('drains for 5 s by default, shares one promise and happens once', async () => {
    const beacon = new Beacon()
    await beacon.start()
    const stopping = beacon.stop()
    expect(beacon.stop({ drain: false })).toBe(stopping)
    expect(await stopping).toEqual(NOTHING_LEFT)
    expect(beacon.stop()).toBe(stopping)
    expect(beacon.stops).toEqual([{ drain: true, deadlineMs: 5000 }])
  })

  it('of a service that never started is at once', async () => {
    const beacon = new Beacon()
    expect(await beacon.stop()).toEqual(NOTHING_LEFT)
    expect([beacon.state, beacon.stops.length]).toEqual(['stopped', 0])
    expect(await beacon.stop()).toEqual(NOTHING_LEFT)
    await beacon.start()
    expect([beacon.state, beacon.incarnation]).toEqual(['running', 1])
    await beacon.stop()
  })

  it('and starting again makes a new incarnation with a signal of its own', async () => {
    const beacon = new Beacon()
    for (let round = 1; round <= 3; round++) {
      await beacon.start()
      expect([beacon.incarnation, beacon.starts.at(-1)?.signal.aborted]).toEqual([round, false])
      await beacon.stop()
    }
    expect([beacon.starts.length, beacon.stops.length]).toEqual([3, 3])
  })

  it('while starting waits for the start hook, which learns of it by its signal', async () => {
    const beacon = new Beacon()
    beacon.starting = ({ signal }) => beacon.clock.sleep(1000, signal).catch(() => beacon.clock.sleep(20))
    const starting = settled(beacon.start())
    await beacon.clock.settle()
    const stopping = beacon.stop()
    expect(await starting).toMatchObject({ status: 'rejected', reason: { code: 'LOOP_SERVICE_STATE' } })
    expect(beacon.stops).toEqual([])
    await beacon.clock.advance(20)
    await stopping
    expect(beacon.log).toEqual(['starting', 'onStart', 'stopping', 'started', 'onStop', 'stopped'])
  })

  it('before the start hook was called calls neither hook', async () => {
    const beacon = new Beacon()
    const starting = settled(beacon.start())
    await beacon.stop()
    expect((await starting).status).toBe('rejected')
    expect(beacon.log).toEqual(['starting', 'stopping', 'stopped'])
  })

  it('refuses a start meanwhile', async () => {
    const beacon = new Beacon()
    await beacon.start()
    const stopping = beacon.stop()
    expect(await rejection(beacon.start())).toMatchObject({ operation: 'start', state: 'stopping' })
    await stopping
    await beacon.start()
    await beacon.stop()
  })

  it('that fails rejects, and the service has failed', async () => {
    const beacon = new Beacon()
    await beacon.start()
    const stuck = new Error('stuck')
    beacon.stopping = () => Promise.reject(stuck)
    expect(await rejection(beacon.stop())).toBe(stuck)
    expect(await rejection(beacon.stop())).toBe(stuck)
    expect([beacon.state, beacon.health().reason]).toEqual(['failed', 'stuck'])
    beacon.stopping = () => {}
    await beacon.start()
    expect(beacon.incarnation).toBe(2)
    await beacon.stop()
  })

  it('that hangs is given up after its deadline and the grace', async () => {
    const beacon = new Beacon({ stopGraceMs: 200 })
    await beacon.start()
    beacon.stopping = never
    const stopping = settled(beacon.stop({ deadlineMs: 100 }))
    await beacon.clock.advance(299)
    expect(beacon.state).toBe('stopping')
    await beacon.clock.advance(1)
    expect(await stopping).toMatchObject({ reason: { code: 'LOOP_TIMEOUT', timeoutMs: 300 } })
    expect((await stopping) as PromiseRejectedResult).toHaveProperty(
      'reason.message',
      expect.stringContaining('stopping Beacon'),
    )
    expect([beacon.state, beacon.clock.pending]).toEqual(['failed', 0])
  })

  it('of a start hook that hangs and does not heed its signal is given up as well', async () => {
    const beacon = new Beacon({ stopGraceMs: 200 })
    beacon.starting = never
    const starting = settled(beacon.start())
    await beacon.clock.settle()
    const stopping = settled(beacon.stop({ deadlineMs: 0 }))
    expect((await starting).status).toBe('rejected')
    await beacon.clock.advance(200)
    expect(((await stopping) as PromiseRejectedResult).reason).toBeInstanceOf(TimeoutError)
    expect(beacon.stops).toEqual([])
  })

  it('is what disposing does', async () => {
    const log: string[] = []
    {
      await using beacon = new Beacon()
      await beacon.start()
      beacon.stopping = () => void log.push('ended')
    }
    expect(log).toEqual(['ended'])
  })

  it('refuses wrong options', () => {
    const beacon = new Beacon()
    expect(() => beacon.stop({ drain: 1 as never })).toThrow(OptionError)
    expect(() => beacon.stop({ deadlineMs: -1 })).toThrow(OptionError)
  })
})

describe('failing', () => {
  it('while running ends the service in the background', async () => {
    const beacon = new Beacon()
    await beacon.start()
    const broken = new Error('engine broke')
    const waiting = once(beacon, 'state')
    beacon.die(broken)
    beacon.die(new Error('again'))
    expect(await waiting).toEqual([{ state: 'failed', previous: 'running', incarnation: 1, cause: broken }])
    expect(beacon.starts[0]?.signal.reason).toBe(broken)
    expect(await rejection(beacon.ready())).toMatchObject({ state: 'failed' })
    await beacon.clock.settle()
    expect(beacon.stops).toEqual([{ drain: false, deadlineMs: 0, failure: { error: broken } }])
    expect(await beacon.stop()).toEqual(NOTHING_LEFT)
    expect([beacon.state, beacon.stops.length]).toEqual(['stopped', 1])
  })

  it('while starting rejects the start with the failure', async () => {
    const beacon = new Beacon()
    const broken = new Error('engine broke')
    beacon.starting = async ({ signal }) => {
      await beacon.clock.sleep(1000, signal).catch(() => {})
    }
    const starting = settled(beacon.start())
    await beacon.clock.settle()
    beacon.die(broken)
    expect(await starting).toEqual({ status: 'rejected', reason: broken })
    expect(beacon.log).toEqual(['starting', 'onStart', 'failed', 'started', 'onStop'])
  })

  it('when nothing runs has no effect', async () => {
    const beacon = new Beacon()
    beacon.die(new Error('idle'))
    await beacon.start()
    const stopping = beacon.stop()
    beacon.die(new Error('stopping'))
    await stopping
    beacon.die(new Error('stopped'))
    expect([beacon.state, beacon.stops.length]).toEqual(['stopped', 1])
  })

  it('tells onError what ending it threw', async () => {
    const errors: unknown[] = []
    const beacon = new Beacon({ onError: (...given) => void errors.push(given) })
    await beacon.start()
    const second = new Error('second')
    beacon.stopping = () => Promise.reject(second)
    beacon.die('first')
    await beacon.clock.settle()
    expect(errors).toEqual([[second, 'stop']])
    expect(beacon.health().lastError).toMatchObject({ message: 'first', name: 'Error', code: undefined })
    await beacon.stop()
    expect(beacon.state).toBe('stopped')
  })

  it('and stopping at once waits for the end of what failed', async () => {
    const beacon = new Beacon()
    await beacon.start()
    beacon.stopping = () => beacon.clock.sleep(50)
    beacon.die(new Error('x'))
    let isStopped = false
    const stopping = beacon.stop().then(() => (isStopped = true))
    await beacon.clock.advance(49)
    expect([isStopped, beacon.state]).toEqual([false, 'stopping'])
    await beacon.clock.advance(1)
    await stopping
    expect(beacon.stops).toHaveLength(1)
  })
})

describe('construction', () => {
  it.each<[string, object]>([
    ['name', { name: '' }],
    ['onError', { onError: 1 }],
    ['readiness', { readiness: 'soon' }],
    ['stopGraceMs', { stopGraceMs: -1 }],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => new Beacon(options)).toThrow(OptionError)
    expect(() => new Beacon(options)).toThrow(`option ${option} is `)
  })

  it('is enough for a service without events or options of its own', async () => {
    class Plain extends ServiceCore {
      protected override onStart(): void {}
      protected override onStop(): void {}
    }
    await using plain: Service = new Plain()
    await plain.start()
    expect(plain.health()).toMatchObject({ service: 'Plain', status: 'ok', counters: {}, link: undefined })
  })
})
