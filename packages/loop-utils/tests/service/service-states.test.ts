import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { TypedEmitter } from '../../src/events/index.ts'
import { ServiceCore } from '../../src/service/index.ts'
import { rejection, settled } from '../settled.ts'
import { Beacon } from './beacon.ts'

class Plain extends ServiceCore {
  readonly errors: unknown[] = []

  constructor() {
    super({ clock: new ManualClock({ wallMs: 1000 }), name: 'plain' })
  }

  protected override onStart(): void {}
  protected override onStop(): void {}
}

describe('what a service refuses tells what to do', () => {
  it('when it is started while it stops', async () => {
    const beacon = new Beacon()
    await beacon.start()
    const stopping = beacon.stop()
    expect(await rejection(beacon.start())).toMatchObject({
      message: 'cannot start while stopping; wait for stop() first',
    })
    await stopping
  })

  it('when it is waited for although nobody has started it', async () => {
    expect(await rejection(new Beacon().ready())).toMatchObject({
      message: 'cannot become ready while idle; call start() first',
    })
  })

  it('when it is stopped while it starts', async () => {
    const beacon = new Beacon({ readiness: 'manual' })
    const starting = settled(beacon.start())
    const waiting = settled(beacon.ready())
    await beacon.stop()
    const reason = {
      operation: 'go on',
      state: 'stopping',
      message: 'cannot go on while stopping; stop() was called; start() begins a new incarnation',
    }
    expect([await starting, await waiting]).toMatchObject([{ reason }, { reason }])
  })

  it.each([
    ['drain', { drain: 1 as never }],
    ['deadlineMs', { deadlineMs: -1 }],
  ])('when %s of stop() is wrong', (option, options) => {
    expect(() => new Beacon().stop(options)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })
})

describe('readiness', () => {
  it('is no more when the service stops and fails to', async () => {
    const beacon = new Beacon({ readiness: 'manual' })
    await beacon.start()
    beacon.sayReady(true)
    beacon.stopping = () => Promise.reject(new Error('stuck'))
    const stopping = settled(beacon.stop())
    expect(beacon.health().isReady).toBe(false)
    await stopping
    expect(beacon.health()).toMatchObject({ isReady: false, state: 'failed' })
  })

  it('is no more when the service has failed', async () => {
    const beacon = new Beacon()
    await beacon.start()
    beacon.die(new Error('broke'))
    expect(beacon.health()).toMatchObject({ isReady: false, status: 'failed' })
    await beacon.stop()
    expect(beacon.health().isReady).toBe(false)
  })

  it('said before the service runs is not told of before it runs', async () => {
    const beacon = new Beacon({ readiness: 'manual' })
    beacon.starting = async () => {
      beacon.sayReady(true)
      await beacon.clock.sleep(10)
    }
    const starting = beacon.start()
    let isReady = false
    const waiting = beacon.ready().then(() => (isReady = true))
    await beacon.clock.advance(9)
    expect([isReady, beacon.state]).toEqual([false, 'starting'])
    await beacon.clock.advance(1)
    await Promise.all([starting, waiting])
    expect([isReady, beacon.state]).toEqual([true, 'running'])
    await beacon.stop()
  })

  it('is not there when a service runs that was never said to be ready', async () => {
    const beacon = new Beacon({ readiness: 'manual' })
    beacon.starting = () => beacon.clock.sleep(10)
    const starting = beacon.start()
    let isReady = false
    const waiting = settled(beacon.ready().then(() => (isReady = true)))
    await beacon.clock.advance(20)
    await starting
    await beacon.clock.settle()
    expect([isReady, beacon.state]).toEqual([false, 'running'])
    await beacon.stop()
    expect((await waiting).status).toBe('rejected')
  })

  it('rejects with the reason of a signal that was aborted before, whatever the state', async () => {
    const beacon = new Beacon()
    const signal = AbortSignal.abort('before')
    expect(await rejection(beacon.ready({ signal }))).toBe('before')
    await beacon.start()
    expect(await rejection(beacon.ready({ signal }))).toBe('before')
    await beacon.stop()
  })
})

describe('a change of state', () => {
  it('has a cause only when there is one', async () => {
    const beacon = new Beacon()
    const changes: object[] = []
    beacon.on('state', (change) => void changes.push(change))
    await beacon.start()
    await beacon.stop()
    expect(changes.map((change) => Object.hasOwn(change, 'cause'))).toEqual([false, false, false, false])
  })
})

describe('a service without counters and link', () => {
  it('is well from the beginning', () => {
    const plain = new Plain()
    expect(plain).toBeInstanceOf(TypedEmitter)
    expect(plain.health()).toEqual({
      service: 'plain',
      status: 'ok',
      reason: undefined,
      since: 1000,
      state: 'idle',
      isReady: false,
      incarnation: 0,
      counters: {},
      requests: undefined,
      lastError: undefined,
      link: undefined,
    })
  })

  it('delivers events before its first start', () => {
    const seen: unknown[] = []
    const plain = new Plain()
    plain.on('state', ({ state }) => void seen.push(state))
    return plain.stop().then(() => expect(seen).toEqual(['stopped']))
  })
})

describe('an onError that throws while a service that failed ends', () => {
  it('becomes a warning that names it', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const beacon = new Beacon({
      onError: () => {
        throw new Error('in onError')
      },
    })
    await beacon.start()
    beacon.stopping = () => Promise.reject(new Error('stuck'))
    beacon.die(new Error('broke'))
    expect((await warned).message).toBe('onError threw Error: in onError')
    await beacon.stop()
  })
})

describe('health', () => {
  it('shows a code that is a text, and no other', async () => {
    const beacon = new Beacon()
    await beacon.start()
    beacon.sayReady(false, Object.assign(new Error('numbered'), { code: 7 }))
    expect(beacon.health().lastError).toMatchObject({ message: 'numbered', code: undefined })
    beacon.sayReady(false, Object.assign(new Error('named'), { code: 'E_NAMED' }))
    expect(beacon.health().lastError).toMatchObject({ message: 'named', code: 'E_NAMED' })
    await beacon.stop()
  })

  it('is told of when only the status changes', async () => {
    const beacon = new Beacon()
    const seen: string[] = []
    beacon.on('health', ({ status, reason }) => void seen.push(`${status}: ${reason ?? ''}`))
    await beacon.start()
    beacon.restrict('broke')
    beacon.die(new Error('broke'))
    expect(seen).toEqual(['degraded: starting', 'ok: ', 'degraded: broke', 'failed: broke'])
    await beacon.stop()
  })
})
