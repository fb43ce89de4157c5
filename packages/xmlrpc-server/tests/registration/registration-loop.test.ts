import { ManualClock } from '@x/loop-utils/clock'
import { TimeoutError } from '@x/loop-utils/errors'
import type { ReconnectorChange } from '@x/loop-utils/reconnect'
import { describe, expect, it } from 'vitest'
import { XmlRpcFault, XmlRpcTransportError } from '../../src/client/index.ts'
import { CcuLostError, CcuSilentError, type CcuRegistrationOptions } from '../../src/registration/index.ts'
import { RegistrationLoop } from '../../src/registration/registration-loop.ts'
import { registrationRules } from '../../src/registration/registration-options.ts'
import { ManualWire } from './manual-wire.ts'

const REFUSED = new XmlRpcTransportError('http://ccu/', { reason: 'ECONNREFUSED', maybeExecuted: false })
const RESET = new XmlRpcTransportError('http://ccu/', { reason: 'ECONNRESET', maybeExecuted: true })
const forever = (): Promise<never> => new Promise(() => {})

/** A loop on a clock of its own, with all that it tells. */
class Bench {
  readonly clock = new ManualClock()
  readonly wire = new ManualWire()
  readonly changes: ReconnectorChange[] = []
  readonly registered: string[] = []
  readonly missed: number[] = []
  readonly refused: unknown[] = []
  readonly errors: unknown[] = []
  readonly loop: RegistrationLoop

  constructor(options: Partial<CcuRegistrationOptions> = {}) {
    const rules = registrationRules({
      ccu: 'http://ccu/',
      interfaceId: 'hub-rf',
      callbackUrl: 'http://hub:9120',
      clock: this.clock,
      random: () => 0.5,
      ...options,
    })
    this.loop = new RegistrationLoop(rules, this.wire, {
      onState: (change) => this.changes.push(change),
      onRegistered: (by) => this.registered.push(by),
      onMissedPong: (count) => this.missed.push(count),
      onPingRefused: (cause) => this.refused.push(cause),
      onError: (error) => this.errors.push(error),
    })
  }

  /** Begins with a CCU that calls back at once and answers pings. */
  async startRegistered(): Promise<void> {
    this.wire.onInit = () => this.loop.signs.note()
    this.loop.start()
    await this.clock.advance(1)
  }

  get states(): string[] {
    return this.changes.map(({ state }) => state)
  }

  answerPings(): void {
    this.wire.onPing = (token) => {
      if (this.loop.pings.take(token) !== undefined) this.loop.signs.note()
      return { kind: 'taken' }
    }
  }
}

describe('a registration', () => {
  it('stands when a callback comes during init', async () => {
    const bench = new Bench()
    await bench.startRegistered()
    expect(bench.states).toEqual(['connecting', 'up'])
    expect([bench.registered, bench.wire.calls]).toEqual([['callback'], ['init']])
    await bench.loop.stop()
    expect(bench.wire.calls).toEqual(['init', 'deregister'])
    expect(bench.clock.pending).toBe(0)
  })

  it('stands when the first callback comes after init', async () => {
    const bench = new Bench()
    bench.loop.start()
    await bench.clock.advance(20_000)
    expect(bench.states).toEqual(['connecting'])
    bench.loop.signs.note()
    await bench.clock.advance(1)
    expect(bench.states).toEqual(['connecting', 'up'])
    expect(bench.wire.calls).toEqual(['init', 'ping'])
    await bench.loop.stop()
  })

  it('stands by a PONG when the interface has no devices to call for', async () => {
    const bench = new Bench()
    bench.answerPings()
    bench.loop.start()
    await bench.clock.advance(1)
    expect([bench.registered, bench.wire.calls]).toEqual([['callback'], ['init', 'ping']])
    await bench.loop.stop()
  })

  it('is good when init timed out but a callback arrived', async () => {
    const bench = new Bench()
    bench.wire.onInit = () => {
      bench.loop.signs.note()
      throw new TimeoutError(60_000, 'total', { what: 'init' })
    }
    bench.loop.start()
    await bench.clock.advance(1)
    expect([bench.states, bench.registered]).toEqual([['connecting', 'up'], ['callback']])
    await bench.loop.stop()
  })

  it('is good when the answer to init was lost and a callback comes later', async () => {
    const bench = new Bench()
    bench.wire.onInit = () => Promise.reject(RESET)
    bench.loop.start()
    await bench.clock.advance(5000)
    bench.loop.signs.note()
    await bench.clock.advance(1)
    expect([bench.states, bench.wire.count('init')]).toEqual([['connecting', 'up'], 1])
    await bench.loop.stop()
  })

  it('failed when the answer to init was lost and nothing comes', async () => {
    const bench = new Bench({ watchdog: false, firstCallbackTimeoutMs: 5000 })
    bench.wire.onInit = () => Promise.reject(RESET)
    bench.loop.start()
    await bench.clock.advance(5001)
    expect(bench.changes.at(-1)).toMatchObject({ state: 'waiting', cause: RESET })
    await bench.loop.stop()
    expect(bench.wire.calls.at(-1)).toBe('deregister')
  })

  it('failed when the interface answers init with a fault, and nothing has to be taken back', async () => {
    const bench = new Bench()
    const fault = new XmlRpcFault(-1, 'too many registrations')
    bench.wire.onInit = () => Promise.reject(fault)
    bench.loop.start()
    await bench.clock.advance(1)
    expect(bench.changes.at(-1)).toMatchObject({ state: 'waiting', cause: fault })
    await bench.loop.stop()
    expect(bench.wire.calls).toEqual(['init'])
  })

  it('is taken back in the end if it could not be before, though the interface answers another init with a fault', async () => {
    const bench = new Bench()
    await bench.startRegistered()
    bench.wire.onDeregister = () => Promise.reject(RESET)
    bench.wire.onInit = () => Promise.reject(new XmlRpcFault(-1, 'not now'))
    await bench.clock.advance(60_000 + 30_000 + 2000)
    expect(bench.wire.calls).toEqual(['init', 'ping', 'ping', 'deregister', 'init'])
    bench.wire.onDeregister = () => {}
    await bench.loop.stop()
    expect(bench.wire.calls.at(-1)).toBe('deregister')
    expect(bench.errors).toEqual([RESET])
  })

  it('tells that init was sent and nothing came back', async () => {
    const bench = new Bench({ firstCallbackTimeoutMs: 10_000 })
    bench.loop.start()
    await bench.clock.advance(10_001)
    expect(bench.states).toEqual(['connecting', 'waiting'])
    const cause = bench.changes.at(-1)?.cause
    expect(cause).toBeInstanceOf(CcuSilentError)
    expect(cause).toMatchObject({ code: 'XMLRPC_CCU_SILENT', callbackUrl: 'http://hub:9120', silentMs: 10_000 })
    await bench.loop.stop()
  })

  it('takes the answer to init for enough without the watchdog, and never pings', async () => {
    const bench = new Bench({ watchdog: false })
    bench.loop.start()
    await bench.clock.advance(86_400_000)
    expect([bench.states, bench.registered, bench.wire.calls]).toEqual([['connecting', 'up'], ['answer'], ['init']])
    await bench.loop.stop()
    expect(bench.wire.calls).toEqual(['init', 'deregister'])
  })
})

describe('the watchdog', () => {
  it('sends no ping while callbacks come', async () => {
    const bench = new Bench()
    await bench.startRegistered()
    for (let minute = 0; minute < 30; minute++) {
      await bench.clock.advance(59_000)
      bench.loop.signs.note()
    }
    expect(bench.wire.calls).toEqual(['init'])
    await bench.loop.stop()
  })

  it('pings a quiet interface, and a PONG keeps the registration for weeks', async () => {
    const bench = new Bench({ pingAfterMs: 3_600_000 })
    await bench.startRegistered()
    bench.answerPings()
    await bench.clock.advance(14 * 86_400_000)
    expect(bench.states).toEqual(['connecting', 'up'])
    expect(bench.wire.count('init')).toBe(1)
    expect(bench.wire.count('ping')).toBeGreaterThan(300)
    expect(bench.loop.pings.pending).toBe(0)
    await bench.loop.stop()
  })

  it('does not notice jumps of the wall clock', async () => {
    const bench = new Bench()
    await bench.startRegistered()
    bench.answerPings()
    bench.clock.jumpWall(-86_400_000)
    await bench.clock.advance(61_000)
    bench.clock.jumpWall(7 * 86_400_000)
    await bench.clock.advance(1000)
    expect([bench.wire.count('ping'), bench.missed]).toEqual([1, []])
    await bench.loop.stop()
  })

  it('takes the registration back and makes it again after the missed PONGs, and not before', async () => {
    const bench = new Bench()
    await bench.startRegistered()
    bench.wire.onInit = () => {}
    await bench.clock.advance(60_000 + 15_000)
    expect([bench.states, bench.missed]).toEqual([['connecting', 'up'], [1]])
    await bench.clock.advance(15_000)
    expect([bench.states, bench.missed]).toEqual([
      ['connecting', 'up', 'waiting'],
      [1, 2],
    ])
    expect(bench.changes.at(-1)?.cause).toMatchObject({ code: 'XMLRPC_CCU_LOST', reason: 'silent' })
    bench.wire.onInit = () => bench.loop.signs.note()
    await bench.clock.advance(2000)
    expect(bench.states.slice(3)).toEqual(['connecting', 'up'])
    expect(bench.wire.calls).toEqual(['init', 'ping', 'ping', 'deregister', 'init'])
    await bench.loop.stop()
  })

  it('forgives one missed PONG when the next one comes', async () => {
    const bench = new Bench()
    await bench.startRegistered()
    await bench.clock.advance(60_000 + 14_000)
    bench.answerPings()
    await bench.clock.advance(600_000)
    expect([bench.missed, bench.wire.count('init')]).toEqual([[1], 1])
    await bench.loop.stop()
  })

  it('knows at once that an interface is gone which nobody listens at', async () => {
    const bench = new Bench()
    await bench.startRegistered()
    bench.wire.onPing = () => ({ kind: 'unreachable', cause: REFUSED })
    bench.wire.onDeregister = () => Promise.reject(REFUSED)
    bench.wire.onInit = () => Promise.reject(REFUSED)
    await bench.clock.advance(60_001)
    const { cause } = bench.changes.at(-1) ?? {}
    expect(cause).toBeInstanceOf(CcuLostError)
    expect(cause).toMatchObject({ reason: 'unreachable', cause: REFUSED })
    await bench.clock.advance(3_600_000)
    // an hour at a delay of up to a minute, not one attempt each second
    expect(bench.wire.count('init')).toBeLessThan(75)
    expect(bench.wire.count('deregister')).toBe(1)
    await bench.loop.stop()
    expect([bench.wire.count('deregister'), bench.errors]).toEqual([1, []])
  })

  it('counts a ping whose answer is lost as a missed PONG unless the PONG comes', async () => {
    const bench = new Bench()
    await bench.startRegistered()
    bench.wire.onPing = () => {
      bench.loop.signs.note()
      return { kind: 'unanswered', cause: RESET }
    }
    await bench.clock.advance(600_000)
    expect([bench.missed, bench.wire.count('init')]).toEqual([[], 1])
    await bench.loop.stop()
  })

  it('leaves an interface alone that answers pings with a fault', async () => {
    const bench = new Bench()
    await bench.startRegistered()
    const fault = new Error('unknown method name')
    bench.wire.onPing = () => ({ kind: 'refused', cause: fault })
    await bench.clock.advance(3_600_000)
    expect([bench.wire.count('init'), bench.missed, bench.refused[0]]).toEqual([1, [], fault])
    expect(bench.wire.count('ping')).toBeLessThan(61)
    await bench.loop.stop()
  })
})

describe('the end of a registration', () => {
  it('aborts an init under way and takes it back, since it may have arrived', async () => {
    const bench = new Bench()
    bench.wire.onInit = forever
    bench.loop.start()
    await bench.clock.advance(1000)
    await bench.loop.stop()
    expect(bench.wire.calls).toEqual(['init', 'deregister'])
    expect(bench.clock.pending).toBe(0)
  })

  it('waits for a CCU that does not answer only as long as it may', async () => {
    const bench = new Bench({ deregisterTimeoutMs: 2000 })
    await bench.startRegistered()
    bench.wire.onDeregister = forever
    const stopped = bench.loop.stop()
    await bench.clock.advance(2001)
    await stopped
    expect(bench.errors).toEqual([expect.objectContaining({ code: 'LOOP_TIMEOUT' })])
    expect(bench.clock.pending).toBe(0)
  })

  it('sends nothing when nothing was registered', async () => {
    const bench = new Bench()
    bench.wire.onInit = () => Promise.reject(REFUSED)
    bench.loop.start()
    await bench.clock.advance(500)
    await bench.loop.stop()
    expect(bench.wire.calls).toEqual(['init'])
  })

  it('makes the next attempt at once when told to', async () => {
    const bench = new Bench()
    bench.wire.onInit = () => Promise.reject(REFUSED)
    bench.loop.start()
    await bench.clock.advance(1)
    bench.loop.retry()
    await bench.clock.advance(1)
    expect(bench.wire.count('init')).toBe(2)
    await bench.loop.stop()
  })
})
