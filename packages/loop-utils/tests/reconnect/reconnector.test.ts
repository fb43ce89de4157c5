import { describe, expect, it } from 'vitest'
import { constant, custom, exponential, sequence } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { OptionError, RetryExhaustedError, ServiceStateError, TimeoutError } from '../../src/errors/index.ts'
import { Reconnector } from '../../src/reconnect/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { rejection, settled } from '../settled.ts'
import { LinkBench, TestLink } from './link-bench.ts'

const doubling = exponential({ initialDelayMs: 1000, maxDelayMs: 60_000 })

describe('connecting', () => {
  it('does nothing before start, then connects at once', async () => {
    const bench = new LinkBench()
    await bench.clock.advance(100_000)
    expect([bench.attempts.length, bench.reconnector.state, bench.clock.pending]).toEqual([0, 'idle', 0])
    bench.reconnector.start()
    bench.reconnector.start()
    expect([bench.attempts.length, bench.reconnector.state]).toEqual([1, 'connecting'])
    const link = bench.lastAttempt.succeed()
    await bench.clock.settle()
    expect([bench.reconnector.state, bench.reconnector.link]).toEqual(['up', link])
    bench.reconnector.start()
    expect([bench.attempts.length, bench.clock.pending]).toEqual([1, 0])
    expect(bench.changes).toEqual([
      { state: 'connecting', previous: 'idle', failures: 0 },
      { state: 'up', previous: 'connecting', failures: 0 },
    ])
  })

  it('tries again after 1, 2, 4 … 60 s, for ever', async () => {
    const bench = new LinkBench({ backoff: doubling })
    bench.answer = (attempt) => attempt.fail()
    bench.reconnector.start()
    await bench.clock.advance(400_000)
    const seconds = bench.attempts.map(({ at }) => at / 1000)
    expect(seconds).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363])
    await bench.end()
  })

  it('keeps to 54–60 s at the cap by default', async () => {
    const bench = new LinkBench()
    bench.answer = (attempt) => attempt.fail()
    bench.reconnector.start()
    await bench.clock.advance(3_600_000)
    const waits = bench.attempts.map(({ at }, index) => at - (bench.attempts[index - 1]?.at ?? 0)).slice(7)
    expect(waits.length).toBeGreaterThan(50)
    expect(waits.every((ms) => ms >= 54_000 && ms <= 60_000)).toBe(true)
    expect(new Set(waits).size).toBe(waits.length)
    await bench.end()
  })

  it('tells why it waits and for how long', async () => {
    const bench = new LinkBench({ backoff: doubling })
    bench.reconnector.start()
    const refused = new Error('refused')
    bench.lastAttempt.fail(refused)
    await bench.clock.advance(400)
    expect(bench.changes.at(-1)).toEqual({
      state: 'waiting',
      previous: 'connecting',
      failures: 1,
      delayMs: 1000,
      cause: refused,
    })
    expect(bench.reconnector.snapshot).toEqual({
      state: 'waiting',
      forMs: 400,
      connects: 0,
      failures: 1,
      retryInMs: 600,
      lastError: refused,
    })
    await bench.end()
  })

  it('ends an attempt that takes too long, and closes the link that comes of it later', async () => {
    const bench = new LinkBench({ backoff: doubling, connectTimeoutMs: 500 })
    bench.reconnector.start()
    const hung = bench.lastAttempt
    void hung.context.signal
    await bench.clock.advance(500)
    expect(hung.context.signal.reason).toBeInstanceOf(TimeoutError)
    expect(bench.changes.at(-1)).toMatchObject({ state: 'waiting', cause: { kind: 'attempt', timeoutMs: 500 } })
    const late = hung.succeed()
    await bench.clock.settle()
    expect([late.isOpen, late.closeCalls, bench.reconnector.state]).toEqual([false, 1, 'waiting'])
    await bench.reconnector.stop()
    expect(bench.clock.pending).toBe(0)
  })

  it('takes a connect that throws or answers at once', async () => {
    const clock = new ManualClock()
    const link = new TestLink()
    let calls = 0
    const reconnector = new Reconnector({
      clock,
      backoff: constant(10),
      connect: () => {
        if (++calls === 1) throw new Error('sync')
        return link
      },
    })
    reconnector.start()
    await clock.advance(10)
    expect(reconnector.link).toBe(link)
    await reconnector.stop()
  })

  it('spreads the first attempt when asked to', async () => {
    const bench = new LinkBench({ initialSpreadMs: 1000, random: () => 0.25 })
    bench.reconnector.start()
    expect(bench.changes).toEqual([{ state: 'waiting', previous: 'idle', failures: 0, delayMs: 250 }])
    await bench.clock.advance(249)
    expect(bench.attempts).toHaveLength(0)
    await bench.clock.advance(1)
    expect(bench.attempts).toHaveLength(1)
    await bench.end()
  })
})

describe('a link that goes', () => {
  it('is replaced after the first delay when it was stable, and the backoff has begun anew', async () => {
    const bench = new LinkBench({ backoff: doubling, stableAfterMs: 5000 })
    bench.answer = (attempt) => (bench.attempts.length <= 3 ? attempt.fail() : void attempt.succeed())
    bench.reconnector.start()
    await bench.clock.advance(7000)
    expect(bench.reconnector.state).toBe('up')
    await bench.clock.advance(5000)
    const reset = new Error('reset')
    bench.links[0]?.lose(reset)
    await bench.clock.settle()
    expect(bench.changes.at(-1)).toMatchObject({ state: 'waiting', delayMs: 1000, failures: 1, cause: reset })
    expect(bench.links[0]?.closeCalls).toBe(1)
    await bench.clock.advance(1000)
    expect(bench.reconnector.state).toBe('up')
    await bench.end()
  })

  it('is closed before another is made, for as long as that may take', async () => {
    const bench = new LinkBench({ backoff: constant(10), closeTimeoutMs: 300 })
    const link = await bench.up()
    link.close = () => bench.clock.sleep(1000)
    link.lose()
    await bench.clock.advance(299)
    expect([bench.reconnector.state, bench.attempts.length]).toEqual(['waiting', 1])
    await bench.clock.advance(1)
    expect([bench.reconnector.state, bench.attempts.length]).toEqual(['connecting', 2])
    await bench.end()
  })

  it('is not hammered when it flaps: the backoff goes on growing', async () => {
    const bench = new LinkBench({ backoff: doubling, stableAfterMs: 5000 })
    bench.answer = (attempt) => {
      const link = attempt.succeed()
      bench.clock.setTimer(() => link.lose(), 4999)
    }
    bench.reconnector.start()
    await bench.clock.advance(200_000)
    const waits = bench.changes.filter(({ state }) => state === 'waiting').map(({ delayMs }) => delayMs)
    expect(waits.slice(0, 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000])
    expect(bench.changes.filter(({ state }) => state === 'waiting').map(({ failures }) => failures)[4]).toBe(5)
    await bench.end()
  })

  it('does not starve the loop, though it dies at birth and the backoff is 0', async () => {
    let connects = 0
    const dead = (): TestLink => {
      connects++
      const link = new TestLink()
      link.lose()
      return link
    }
    const reconnector = new Reconnector({ connect: dead, backoff: constant(0) })
    reconnector.start()
    for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
    await reconnector.stop()
    const seen = connects
    await new Promise<void>((resolve) => setTimeout(resolve, 10))
    expect(connects).toBe(seen)
    expect(seen).toBeGreaterThan(0)
  })

  it('whatever the wall clock does', async () => {
    const bench = new LinkBench({ backoff: constant(1000), stableAfterMs: 5000 })
    const link = await bench.up()
    bench.clock.jumpWall(86_400_000)
    link.lose()
    await bench.clock.settle()
    bench.clock.jumpWall(-2 * 86_400_000)
    await bench.clock.advance(999)
    expect(bench.attempts).toHaveLength(1)
    await bench.clock.advance(1)
    expect(bench.attempts).toHaveLength(2)
    await bench.end()
  })
})

describe('kick', () => {
  it('makes the next attempt now, and only when one is waited for', async () => {
    const bench = new LinkBench({ backoff: doubling })
    bench.reconnector.kick()
    bench.reconnector.start()
    bench.reconnector.kick()
    expect(bench.attempts).toHaveLength(1)
    bench.lastAttempt.fail()
    await bench.clock.settle()
    bench.reconnector.kick()
    bench.reconnector.kick()
    await bench.clock.settle()
    expect(bench.attempts.map(({ at }) => at)).toEqual([0, 0])
    expect(bench.clock.pending).toBe(1)
    bench.lastAttempt.succeed()
    await bench.clock.settle()
    bench.reconnector.kick()
    expect([bench.reconnector.state, bench.clock.pending]).toEqual(['up', 0])
    await bench.reconnector.stop()
    bench.reconnector.kick()
    expect(bench.attempts).toHaveLength(2)
  })
})

describe('pause and resume', () => {
  it('closes the link, and connects again at once with a new backoff', async () => {
    const bench = new LinkBench({ backoff: doubling })
    const link = await bench.up()
    await bench.reconnector.pause()
    expect([bench.reconnector.state, bench.reconnector.link, link.isOpen]).toEqual(['paused', undefined, false])
    await bench.clock.advance(1e6)
    expect([bench.attempts.length, bench.clock.pending]).toEqual([1, 0])
    bench.reconnector.resume()
    await bench.clock.settle()
    expect([bench.reconnector.state, bench.attempts.length]).toEqual(['connecting', 2])
    bench.lastAttempt.fail()
    await bench.clock.settle()
    expect(bench.changes.at(-1)).toMatchObject({ state: 'waiting', delayMs: 1000, failures: 1 })
    await bench.reconnector.pause()
    await bench.reconnector.pause()
    expect([bench.reconnector.state, bench.clock.pending]).toEqual(['paused', 0])
    expect(bench.reconnector.snapshot.retryInMs).toBeUndefined()
    await bench.end()
  })

  it('waits with the new link until the old one is gone', async () => {
    const bench = new LinkBench({ closeTimeoutMs: 300 })
    const link = await bench.up()
    link.isObedient = false
    const pausing = bench.reconnector.pause()
    bench.reconnector.resume()
    await bench.clock.advance(299)
    expect([bench.attempts.length, bench.reconnector.state]).toEqual([1, 'paused'])
    link.lose()
    await pausing
    await bench.clock.settle()
    expect([bench.attempts.length, bench.reconnector.state]).toEqual([2, 'connecting'])
    await bench.end()
  })

  it('closes a link that comes while it is paused', async () => {
    const bench = new LinkBench()
    bench.reconnector.start()
    const attempt = bench.lastAttempt
    const pausing = bench.reconnector.pause()
    expect(attempt.context.aborted).toBe(true)
    const link = attempt.succeed()
    await pausing
    expect([link.isOpen, bench.reconnector.state]).toEqual([false, 'paused'])
    await bench.end()
  })

  it('may be asked for again and again while the old link goes', async () => {
    const bench = new LinkBench({ closeTimeoutMs: 300 })
    bench.reconnector.start()
    void bench.reconnector.pause()
    bench.reconnector.resume()
    bench.reconnector.resume()
    void bench.reconnector.pause()
    await bench.clock.advance(1000)
    expect([bench.states, bench.attempts.length]).toEqual([['connecting', 'paused'], 1])
    bench.reconnector.resume()
    bench.reconnector.resume()
    await bench.clock.settle()
    expect([bench.reconnector.state, bench.attempts.length]).toEqual(['connecting', 2])
    await bench.end()
  })

  it('has no effect before the start and after the stop', async () => {
    const bench = new LinkBench()
    await bench.reconnector.pause()
    bench.reconnector.resume()
    expect(bench.reconnector.state).toBe('idle')
    await bench.reconnector.stop()
    await bench.reconnector.pause()
    bench.reconnector.resume()
    expect([bench.reconnector.state, bench.attempts.length]).toEqual(['closed', 0])
  })

  it('may be asked for from within onState', async () => {
    const bench: LinkBench = new LinkBench({
      onState: ({ state }) => {
        bench.changes.push({ state, previous: state, failures: 0 })
        if (state === 'connecting' && bench.attempts.length === 0) void bench.reconnector.pause()
      },
    })
    bench.reconnector.start()
    await bench.clock.settle()
    expect([bench.states, bench.attempts.length]).toEqual([['connecting', 'paused'], 0])
    expect(bench.reconnector.snapshot).toMatchObject({ failures: 0, lastError: undefined })
    await bench.end()
  })
})

describe('giving up', () => {
  it('comes with an error that is not worth another attempt', async () => {
    const wrongPassword = new Error('wrong password')
    const bench = new LinkBench({ retryIf: (error) => error !== wrongPassword, backoff: constant(5) })
    bench.answer = (attempt) => attempt.fail(bench.attempts.length === 3 ? wrongPassword : undefined)
    bench.reconnector.start()
    const waiting = rejection(bench.reconnector.up())
    await bench.clock.advance(1000)
    expect([bench.attempts.length, bench.reconnector.state, bench.clock.pending]).toEqual([3, 'closed', 0])
    expect(await waiting).toBe(wrongPassword)
    expect(await rejection(bench.reconnector.up())).toBe(wrongPassword)
    expect(bench.changes.at(-1)).toMatchObject({ state: 'closed', cause: wrongPassword })
    await bench.end()
  })

  it('comes with the end of a finite backoff', async () => {
    const bench = new LinkBench({ backoff: sequence([10, 20]) })
    bench.answer = (attempt) => attempt.fail()
    bench.reconnector.start()
    await bench.clock.advance(1000)
    const error = await rejection(bench.reconnector.up())
    expect(error).toBeInstanceOf(RetryExhaustedError)
    expect(error).toMatchObject({ attempts: 3, limit: 'backoff', elapsedMs: 30, cause: { message: 'refused' } })
  })

  it('comes with a backoff that breaks', async () => {
    const bench = new LinkBench({ backoff: custom(() => NaN) })
    bench.answer = (attempt) => attempt.fail()
    bench.reconnector.start()
    await bench.clock.settle()
    expect(bench.reconnector.state).toBe('closed')
    expect(await rejection(bench.reconnector.up())).toBeInstanceOf(OptionError)
  })
})

describe('up', () => {
  it('waits for the link', async () => {
    const bench = new LinkBench()
    const early = bench.reconnector.up()
    const link = await bench.up()
    expect(await early).toBe(link)
    expect(await bench.reconnector.up()).toBe(link)
    await bench.reconnector.stop()
    expect(await rejection(bench.reconnector.up())).toBeInstanceOf(ServiceStateError)
  })

  it('is given up by a signal, and rejects when the reconnector stops', async () => {
    const bench = new LinkBench()
    const counted = new CountedSignal()
    const [one, other] = [settled(bench.reconnector.up({ signal: counted.signal })), settled(bench.reconnector.up())]
    counted.controller.abort('enough')
    expect(await one).toEqual({ status: 'rejected', reason: 'enough' })
    await bench.reconnector.stop()
    expect(await other).toMatchObject({ status: 'rejected', reason: { code: 'LOOP_SERVICE_STATE' } })
  })
})
