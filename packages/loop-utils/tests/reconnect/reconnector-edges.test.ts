import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { constant, exponential, sequence } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { Reconnector } from '../../src/reconnect/index.ts'
import { rejection, settled } from '../settled.ts'
import { LinkBench } from './link-bench.ts'

const TEN = constant(10)

describe('a reconnector that is closed tells what to do', () => {
  it('at start() and up()', async () => {
    const bench = new LinkBench()
    const waiting = settled(bench.reconnector.up())
    await bench.reconnector.stop()
    expect(() => bench.reconnector.start()).toThrow('cannot start while closed; make a new Reconnector')
    const refused = { operation: 'wait for the link', state: 'closed' }
    expect(await waiting).toMatchObject({ status: 'rejected', reason: refused })
    expect(await rejection(bench.reconnector.up())).toMatchObject({
      ...refused,
      message: 'cannot wait for the link while closed; make a new Reconnector',
    })
  })

  it('in the signal of an attempt that is not wanted any more', async () => {
    const bench = new LinkBench({ closeTimeoutMs: 5 })
    bench.reconnector.start()
    const { signal } = bench.lastAttempt.context
    await bench.end()
    expect(signal.reason).toMatchObject({
      operation: 'connect',
      state: 'closed',
      message: 'cannot connect while closed; the link is not wanted any more',
    })
  })
})

describe('an attempt that takes too long', () => {
  it('fails by a timeout that says what it was about', async () => {
    const bench = new LinkBench({ connectTimeoutMs: 50, backoff: TEN })
    bench.reconnector.start()
    await bench.clock.advance(50)
    expect(bench.reconnector.snapshot.lastError).toMatchObject({
      code: 'LOOP_TIMEOUT',
      message: expect.stringContaining('connecting timed out after 50 ms (attempt)') as string,
    })
    await bench.end()
  })

  it('may take for ever when it is told so', async () => {
    const bench = new LinkBench({ connectTimeoutMs: Infinity })
    bench.reconnector.start()
    await bench.clock.advance(1e9)
    expect(bench.reconnector.state).toBe('connecting')
    const link = bench.lastAttempt.succeed()
    await bench.clock.settle()
    expect(bench.reconnector.link).toBe(link)
    await bench.end()
  })
})

describe('the snapshot', () => {
  it('tells for how long the state has held, and when the next attempt is due', async () => {
    const bench = new LinkBench({ clock: undefined as never, backoff: TEN })
    expect(bench.reconnector.snapshot.forMs).toBeLessThan(60_000)
    await bench.reconnector.stop()
    const clock = new ManualClock({ startMs: 5000 })
    const reconnector = new Reconnector({ connect: () => Promise.reject(new Error('no')), backoff: TEN, clock })
    reconnector.start()
    await clock.advance(4)
    expect(reconnector.snapshot).toMatchObject({ state: 'waiting', forMs: 4, retryInMs: 6 })
    await reconnector.stop()
  })
})

describe('starting and resuming', () => {
  it('start nothing anew while the reconnector is at work', async () => {
    const bench = new LinkBench({ backoff: TEN })
    bench.reconnector.start()
    bench.reconnector.start()
    bench.reconnector.resume()
    await bench.clock.settle()
    expect(bench.attempts).toHaveLength(1)
    const link = bench.lastAttempt.succeed()
    await bench.clock.settle()
    bench.reconnector.start()
    bench.reconnector.resume()
    await bench.clock.advance(1000)
    expect([bench.attempts.length, bench.reconnector.link, bench.states]).toEqual([1, link, ['connecting', 'up']])
    await bench.end()
  })

  it('leave a reconnector alone that is paused, and one that was never started', async () => {
    const bench = new LinkBench({ backoff: TEN })
    bench.reconnector.resume()
    await bench.reconnector.pause()
    expect([bench.reconnector.state, bench.attempts.length]).toEqual(['idle', 0])
    await bench.up()
    await bench.reconnector.pause()
    bench.reconnector.start()
    await bench.clock.advance(1000)
    expect([bench.reconnector.state, bench.attempts.length]).toEqual(['paused', 1])
    await bench.end()
  })

  it('have no effect when a pause is taken back before it began to work', async () => {
    const bench = new LinkBench({ backoff: TEN })
    await bench.up()
    const pausing = bench.reconnector.pause()
    bench.reconnector.resume()
    bench.reconnector.resume()
    await pausing
    await bench.clock.settle()
    expect([bench.reconnector.state, bench.attempts.length]).toEqual(['connecting', 2])
    await bench.end()
  })

  it('make no attempt when the pause that was taken back is repeated', async () => {
    const bench = new LinkBench({ backoff: TEN, closeTimeoutMs: 100 })
    const link = await bench.up()
    link.isObedient = false
    void bench.reconnector.pause()
    bench.reconnector.resume()
    const pausing = bench.reconnector.pause()
    await bench.clock.advance(100)
    await pausing
    await bench.clock.advance(1000)
    expect([bench.reconnector.state, bench.attempts.length]).toEqual(['paused', 1])
    await bench.end()
  })
})

describe('stopping', () => {
  it('happens once', async () => {
    const bench = new LinkBench({ backoff: TEN })
    const link = await bench.up()
    await bench.reconnector.stop()
    await bench.reconnector.stop()
    await bench.reconnector.pause()
    expect([bench.states, link.closeCalls]).toEqual([['connecting', 'up', 'closed'], 1])
  })

  it('keeps the error of a reconnector that gave up', async () => {
    const fault = new Error('wrong password')
    const bench = new LinkBench({ retryIf: (error) => error !== fault })
    bench.reconnector.start()
    bench.lastAttempt.fail(fault)
    await bench.clock.settle()
    expect(bench.reconnector.state).toBe('closed')
    await bench.reconnector.stop()
    expect(await rejection(bench.reconnector.up())).toBe(fault)
    expect(bench.states).toEqual(['connecting', 'closed'])
  })

  it('does not count the end of a link that it closes itself as a failure', async () => {
    const bench = new LinkBench()
    await bench.up()
    await bench.reconnector.stop()
    expect(bench.reconnector.snapshot).toMatchObject({ failures: 0, lastError: undefined })
  })

  it('waits for an earlier link that is slow to close', async () => {
    const bench = new LinkBench({ backoff: constant(0), closeTimeoutMs: 1000 })
    const first = await bench.up()
    first.close = () => bench.clock.sleep(300)
    first.lose()
    await bench.clock.settle()
    let isStopped = false
    const stopping = bench.reconnector.stop().then(() => (isStopped = true))
    await bench.clock.advance(299)
    expect(isStopped).toBe(false)
    await bench.clock.advance(1)
    await stopping
    expect(isStopped).toBe(true)
  })

  it('waits for an attempt that ends after its abort', async () => {
    const bench = new LinkBench({ closeTimeoutMs: 1000 })
    bench.reconnector.start()
    const attempt = bench.lastAttempt
    let isStopped = false
    const stopping = bench.reconnector.stop().then(() => (isStopped = true))
    await bench.clock.advance(300)
    expect(isStopped).toBe(false)
    attempt.fail()
    await bench.clock.settle()
    expect(isStopped).toBe(true)
    await stopping
  })
})

describe('giving up', () => {
  it('tells how long was tried since the link was last stable', async () => {
    const clock = new ManualClock({ startMs: 1000 })
    const bench = new LinkBench({ backoff: sequence([20, 30]), clock })
    const waiting = settled(bench.reconnector.up())
    bench.answer = (attempt) => attempt.fail()
    bench.reconnector.start()
    await clock.advance(1000)
    expect(await waiting).toMatchObject({
      reason: { code: 'LOOP_RETRY_EXHAUSTED', attempts: 3, elapsedMs: 50, limit: 'backoff' },
    })
  })
})

describe('the signals of the reconnector', () => {
  it('have no listener left of waits and links that are over', async () => {
    using adding = vi.spyOn(EventTarget.prototype, 'addEventListener')
    const bench = new LinkBench({ backoff: TEN, stableAfterMs: 0 })
    bench.reconnector.start()
    for (let round = 0; round < 3; round++) {
      bench.lastAttempt.fail()
      await bench.clock.advance(10)
      const link = bench.lastAttempt.succeed()
      await bench.clock.settle()
      link.lose()
      await bench.clock.advance(10)
    }
    const listening = (): number =>
      [...new Set(adding.mock.contexts as EventTarget[])].flatMap((target) => getEventListeners(target, 'abort')).length
    const early = listening()
    for (let round = 0; round < 5; round++) {
      bench.lastAttempt.fail()
      await bench.clock.advance(10)
      bench.lastAttempt.succeed().lose()
      await bench.clock.advance(10)
    }
    expect(adding.mock.contexts.length).toBeGreaterThan(0)
    expect(listening()).toBe(early)
    await bench.end()
  })
})

describe('an onError that throws', () => {
  it('becomes a warning that names it', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const throwing = (text: string) => (): never => {
      throw new Error(text)
    }
    const bench = new LinkBench({ onState: throwing('in onState'), onError: throwing('in onError') })
    bench.reconnector.start()
    expect((await warned).message).toBe('onError threw Error: in onError')
    await bench.end()
  })
})

describe('a wrong option', () => {
  it.each([
    ['backoff', { backoff: null as never }],
    ['backoff', { backoff: {} as never }],
    ['connectTimeoutMs', { connectTimeoutMs: -1 }],
    ['stableAfterMs', { stableAfterMs: Infinity }],
    ['closeTimeoutMs', { closeTimeoutMs: Infinity }],
    ['initialSpreadMs', { initialSpreadMs: -1 }],
    ['onState', { onState: 1 as never }],
    ['retryIf', { retryIf: 1 as never }],
  ])('%s is named', (option, options) => {
    expect(() => new LinkBench(options)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })

  it('tells what a backoff is', () => {
    expect(() => new LinkBench({ backoff: {} as never })).toThrow('a Backoff, such as exponential()')
    expect(() => new LinkBench({ backoff: exponential({ initialDelayMs: 1, maxDelayMs: 2 }) })).not.toThrow()
  })
})
