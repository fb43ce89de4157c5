import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { adaptiveConcurrency, type AdaptiveConcurrency } from '../../src/concurrency/index.ts'
import { OptionError, QueueOverflowError } from '../../src/errors/index.ts'
import { compose, timeoutPolicy } from '../../src/policy/index.ts'
import { RateLimitedError } from '../../src/rate/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { rejection } from '../settled.ts'
import { Deferred, turnMicrotasks } from './interleavings.ts'

/** A peer that works on `bears` requests at a time in 10 ms each; more of them share its time. */
class Peer {
  most = 0
  served = 0
  bears: number
  #running = 0
  readonly #clock: ManualClock
  readonly #refusesAbove: number

  constructor(clock: ManualClock, bears: number, refusesAbove = Infinity) {
    this.#clock = clock
    this.bears = bears
    this.#refusesAbove = refusesAbove
  }

  async ask(): Promise<void> {
    this.#running++
    this.most = Math.max(this.most, this.#running)
    try {
      if (this.#running > this.#refusesAbove) throw Object.assign(new Error('too many'), { status: 429 })
      await this.#clock.sleep(10 * Math.max(1, this.#running / this.bears))
      this.served++
    } finally {
      this.#running--
    }
  }
}

/** Lets `clients` ask one after the other for `ms`; returns the limits that were seen in the last third of the time. */
async function drive(limited: AdaptiveConcurrency, peer: Peer, clock: ManualClock): Promise<number[]> {
  const limits: number[] = []
  const [clients, ms] = [60, 1500]
  const endsAt = clock.now() + ms
  const client = async (): Promise<void> => {
    while (clock.now() < endsAt) {
      await limited.execute(() => peer.ask()).catch(() => clock.sleep(5))
      if (clock.now() > endsAt - ms / 3) limits.push(limited.limit)
    }
  }
  const all = Promise.all(Array.from({ length: clients }, client))
  await clock.advance(ms)
  await clock.runAll()
  await all
  return limits
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}

describe('adaptiveConcurrency', () => {
  it('finds out by latency what the peer bears, and follows it down and up', async () => {
    const clock = new ManualClock()
    const peer = new Peer(clock, 16)
    const limited = adaptiveConcurrency({ max: 60, initial: 4, clock })
    const limits = await drive(limited, peer, clock)
    // now and then it lets the peer rest, by a limit of 3, to see how quick it is then
    expect(Math.min(...limits.filter((limit) => limit !== 3))).toBeGreaterThanOrEqual(12)
    expect(Math.max(...limits)).toBeLessThanOrEqual(48)
    expect(limited.stats().succeeded).toBe(peer.served)
    expect([limited.running, limited.waiting, clock.pending]).toEqual([0, 0, 0])
    peer.bears = 4
    const fewer = await drive(limited, peer, clock)
    expect(mean(fewer)).toBeLessThan(mean(limits) / 1.5)
    peer.bears = 30
    const more = await drive(limited, peer, clock)
    expect(mean(more)).toBeGreaterThan(mean(limits))
  }, 30_000)

  it('finds out by refusals what the peer bears, with aimd', async () => {
    const clock = new ManualClock()
    const peer = new Peer(clock, 1000, 12)
    const limited = adaptiveConcurrency({ algorithm: 'aimd', initial: 50, max: 60, clock })
    const limits = await drive(limited, peer, clock)
    expect(Math.min(...limits)).toBeGreaterThanOrEqual(8)
    expect(Math.max(...limits)).toBeLessThanOrEqual(14)
    expect(limited.stats().overloaded).toBeGreaterThan(0)
  }, 30_000)

  it('does not grow while it is not made use of, and never leaves its bounds', async () => {
    for (const algorithm of ['aimd', 'gradient'] as const) {
      const clock = new ManualClock()
      const limited = adaptiveConcurrency({ algorithm, min: 2, max: 30, initial: 10, clock })
      for (let call = 0; call < 200; call++) await limited.execute(() => 1)
      expect(limited.limit).toBe(10)
      const overloaded = (): Promise<never> => Promise.reject(new RateLimitedError('peer', 10))
      for (let call = 0; call < 200; call++) await limited.execute(overloaded).catch(() => undefined)
      expect(limited.limit).toBe(2)
      for (let round = 0; round < 500; round++) {
        const permits = Array.from({ length: limited.limit }, () => limited.tryAcquire())
        expect(limited.tryAcquire()).toBeUndefined()
        await clock.advance(1)
        for (const permit of permits) permit?.succeed()
      }
      expect(limited.limit).toBe(30)
    }
  })

  it('takes overloads of calls that ran side by side for one', () => {
    for (const algorithm of ['aimd', 'gradient'] as const) {
      const limited = adaptiveConcurrency({ algorithm, initial: 20 })
      const permits = Array.from({ length: 20 }, () => limited.tryAcquire())
      for (const permit of permits) permit?.overload()
      expect(limited.limit).toBe(algorithm === 'aimd' ? 18 : 14)
      limited.tryAcquire()?.overload()
      expect(limited.limit).toBe(algorithm === 'aimd' ? 16 : 9)
    }
  })

  it('takes a slow call for an overload with aimd and slowMs', async () => {
    const clock = new ManualClock()
    const limited = adaptiveConcurrency({
      algorithm: 'aimd',
      initial: 10,
      aimd: { slowMs: 50, backoffRatio: 0.5 },
      clock,
    })
    const permit = limited.tryAcquire()
    await clock.advance(51)
    permit?.succeed()
    expect(limited.limit).toBe(5)
  })

  it('measures the latency at rest again after long work without rest', async () => {
    const clock = new ManualClock()
    const limited = adaptiveConcurrency({ initial: 40, max: 40, gradient: { probeEvery: 100 }, clock })
    const seen = new Set<number>()
    const round = async (ms: number): Promise<void> => {
      seen.add(limited.limit)
      const permits = Array.from({ length: limited.limit }, () => limited.tryAcquire())
      await clock.advance(ms)
      for (const permit of permits) permit?.succeed()
    }
    for (let turn = 0; turn < 20; turn++) await round(10)
    expect([...seen].toSorted((a, b) => a - b)).toEqual([3, 40])
    // the peer has become ten times as slow for good: at first that looks like a queue, after a rest like its nature
    const limits: number[] = []
    for (let turn = 0; turn < 60; turn++) {
      await round(100)
      limits.push(limited.limit)
    }
    expect(Math.min(...limits.filter((limit) => limit > 3))).toBeLessThan(30)
    expect(limits.at(-1) === 3 ? limits.at(-5) : limits.at(-1)).toBe(40)
  })

  it('serves first come first served, and a slot stays taken until the function has ended', async () => {
    const limited = adaptiveConcurrency({ initial: 1, max: 1 })
    const gate = new Deferred()
    const controller = new AbortController()
    const aborted = rejection(limited.execute(() => gate.promise, { signal: controller.signal }))
    const order: number[] = []
    const runs = [1, 2, 3].map((name) => limited.execute(() => order.push(name)))
    await turnMicrotasks(10)
    controller.abort('enough')
    expect(await aborted).toBe('enough')
    await turnMicrotasks(10)
    expect([limited.running, limited.waiting, order]).toEqual([1, 3, []])
    expect(limited.tryAcquire()).toBeUndefined()
    gate.resolve()
    await Promise.all(runs)
    expect(order).toEqual([1, 2, 3])
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    // what was given up taught it nothing
    expect(limited.stats()).toEqual({ limit: 1, running: 0, waiting: 0, succeeded: 3, overloaded: 0 })
  })

  it('learns from a timeout that a policy outside imposes, but not from an abort or an unrelated failure', async () => {
    const clock = new ManualClock()
    const limited = adaptiveConcurrency({ algorithm: 'aimd', initial: 10, clock })
    const controller = new AbortController()
    const work = (context: { readonly signal: AbortSignal }): Promise<void> => clock.sleep(1000, context.signal)
    const timedOut = rejection(compose(timeoutPolicy(20, { clock }), limited).execute(work))
    const aborted = rejection(limited.execute(work, { signal: controller.signal }))
    const failed = rejection(limited.execute(() => Promise.reject(new Error('not found'))))
    await clock.advance(20)
    controller.abort('enough')
    await Promise.all([timedOut, aborted, failed])
    await clock.settle()
    expect(limited.stats()).toMatchObject({ running: 0, overloaded: 1, succeeded: 0, limit: 9 })
  })

  it('gives a slot back once, however its permit ends', async () => {
    const limited = adaptiveConcurrency({ initial: 2 })
    {
      using permit = limited.tryAcquire()
      permit?.overload()
      permit?.succeed()
      expect(permit?.isReleased).toBe(true)
    }
    limited.tryAcquire()?.release()
    expect(limited.stats()).toMatchObject({ running: 0, overloaded: 1, succeeded: 0 })
  })

  it('survives an isOverload that throws', async () => {
    const warnings: string[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', onWarning)
    const limited = adaptiveConcurrency({
      isOverload: () => {
        throw new Error('cannot tell')
      },
    })
    await expect(limited.execute(() => Promise.reject(new Error('down')))).rejects.toThrow('down')
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(warnings).toEqual(['isOverload threw Error: cannot tell'])
    expect(limited.running).toBe(0)
  })

  it('tells of each change of the limit', async () => {
    const events: unknown[] = []
    const onEvent = (name: string, data: unknown): void => void events.push([name, data])
    const limited = adaptiveConcurrency({ algorithm: 'aimd', initial: 10, name: 'db', onEvent })
    limited.tryAcquire()?.overload()
    expect(events).toEqual([
      ['x:loop-utils:concurrency-limit:change', { name: 'db', limit: 9, before: 10, running: 0 }],
    ])
  })

  it('bounds those who wait, keeps deadlines, and can be closed', async () => {
    const clock = new ManualClock()
    const limited = adaptiveConcurrency({ initial: 1, max: 1, maxWaiting: 2, clock })
    const permit = limited.tryAcquire()
    const late = rejection(limited.execute(() => 1, { deadline: Deadline.after(30, clock) }))
    const closed = rejection(limited.execute(() => 1))
    await turnMicrotasks(8)
    const refused = await rejection(limited.execute(() => 1))
    expect(refused).toBeInstanceOf(QueueOverflowError)
    expect(refused).toMatchObject({ queue: `queue of ${limited.name}`, capacity: 2 })
    await clock.advance(30)
    expect(await late).toMatchObject({ code: 'LOOP_TIMEOUT', kind: 'deadline' })
    expect(limited.rejectWaiting('closing')).toBe(1)
    expect(await closed).toBe('closing')
    permit?.release()
    expect(clock.pending).toBe(0)
  })

  it('refuses wrong options', async () => {
    expect(() => adaptiveConcurrency({ min: 0 })).toThrow(OptionError)
    expect(() => adaptiveConcurrency({ min: 5, max: 4 })).toThrow('max')
    expect(() => adaptiveConcurrency({ initial: 5, max: 4 })).toThrow('initial')
    expect(() => adaptiveConcurrency({ algorithm: 'vegas' as 'aimd' })).toThrow('algorithm')
    expect(() => adaptiveConcurrency({ algorithm: 'aimd', aimd: { backoffRatio: 1 } })).toThrow('aimd.backoffRatio')
    expect(() => adaptiveConcurrency({ algorithm: 'aimd', aimd: { slowMs: -1 } })).toThrow('aimd.slowMs')
    expect(() => adaptiveConcurrency({ gradient: { tolerance: 0.5 } })).toThrow('gradient.tolerance')
    expect(() => adaptiveConcurrency({ gradient: { probeEvery: 1 } })).toThrow('gradient.probeEvery')
    expect(() => adaptiveConcurrency({ isOverload: 1 as never })).toThrow('isOverload')
    await expect(adaptiveConcurrency().execute(1 as never)).rejects.toThrow('option fn')
    expect(adaptiveConcurrency({ min: 2000 }).limit).toBe(2000)
  })
})
