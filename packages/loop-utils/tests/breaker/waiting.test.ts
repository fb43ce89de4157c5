import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { CircuitBreaker, consecutive, type BreakerOptions, type Permit } from '../../src/breaker/index.ts'
import { ManualClock, seeded, type Clock } from '../../src/clock/index.ts'
import { assertLeavesNoTimer } from '../active-timers.ts'
import { CountedSignal } from '../counted-signal.ts'
import { rejection } from '../settled.ts'
import { driven, fail, permitOf } from './driven.ts'

async function halfOpen(options: BreakerOptions = {}): Promise<{ breaker: CircuitBreaker; clock: ManualClock }> {
  const made = driven({ trip: consecutive(1), halfOpenAfterMs: 1000, whenHalfOpen: 'wait', ...options })
  fail(made.breaker)
  await made.clock.advance(1000)
  return made
}

/** Calls that wait, by their numbers: who has begun, and how to end one. */
class Calls {
  readonly begun: number[] = []
  readonly refused: number[] = []
  readonly permits = new Map<number, Permit>()

  wait(breaker: CircuitBreaker, call: number, signal?: AbortSignal): void {
    breaker.acquire({ signal }).then(
      (permit) => {
        this.begun.push(call)
        this.permits.set(call, permit)
      },
      () => this.refused.push(call),
    )
  }

  permit(call: number): Permit {
    const permit = this.permits.get(call)
    if (permit === undefined) throw new Error(`call ${call} has not begun`)
    return permit
  }
}

describe('calls that wait for a half-open circuit', () => {
  it('begin one by one while it probes, the first first', async () => {
    const { breaker, clock } = await halfOpen({ halfOpen: { successes: 3 } })
    const calls = new Calls()
    for (const call of [0, 1, 2, 3]) calls.wait(breaker, call)
    await clock.settle()
    expect(calls.begun).toEqual([0])
    expect(breaker.stats()).toMatchObject({ waiting: 3, rejected: 0 })
    calls.permit(0).ignore()
    await clock.settle()
    expect(calls.begun).toEqual([0, 1])
    calls.permit(1).success()
    await clock.settle()
    expect(calls.begun).toEqual([0, 1, 2])
  })

  it('are let go by and by after it has closed: each success makes room for one more', async () => {
    const { breaker, clock } = await halfOpen()
    const calls = new Calls()
    for (let call = 0; call < 20; call++) calls.wait(breaker, call)
    await clock.settle()
    const rounds = [calls.begun.length]
    for (let ended = 0; calls.begun.length < 20;) {
      const round = calls.begun.slice(ended)
      ended = calls.begun.length
      for (const call of round) calls.permit(call).success()
      await clock.settle()
      rounds.push(calls.begun.length - ended)
    }
    // one probe, then one, then twice as many each time
    expect(rounds).toEqual([1, 1, 2, 4, 8, 4])
    expect(calls.begun).toEqual(Array.from({ length: 20 }, (_, call) => call))
  })

  it('do not speed up by failures', async () => {
    const { breaker, clock } = await halfOpen({ trip: consecutive(3), halfOpenAfterMs: 0 })
    fail(breaker, 2)
    expect(breaker.state).toBe('half-open')
    const calls = new Calls()
    for (let call = 0; call < 6; call++) calls.wait(breaker, call)
    await clock.settle()
    calls.permit(0).success()
    await clock.settle()
    calls.permit(1).failure()
    await clock.settle()
    expect(breaker.state).toBe('closed')
    expect(calls.begun).toEqual([0, 1, 2])
    calls.permit(2).ignore()
    await clock.settle()
    expect(calls.begun).toEqual([0, 1, 2, 3])
  })

  it('are all refused, in their order, when it opens again', async () => {
    const { breaker, clock } = await halfOpen()
    const rejected = vi.fn<() => void>()
    breaker.on('reject', rejected)
    const calls = new Calls()
    for (const call of [0, 1, 2, 3]) calls.wait(breaker, call)
    const error = rejection(breaker.execute(() => 1))
    await clock.settle()
    calls.permit(0).failure(new Error('still down'))
    await clock.settle()
    expect(calls.refused).toEqual([1, 2, 3])
    expect(await error).toMatchObject({
      code: 'LOOP_CIRCUIT_OPEN',
      retryAfterMs: 1000,
      cause: { message: 'still down' },
    })
    expect(rejected).toHaveBeenCalledTimes(4)
    expect(breaker.stats()).toMatchObject({ waiting: 0, rejected: 4 })
  })

  it('are refused once each, also when a listener intervenes', async () => {
    const { breaker, clock } = await halfOpen()
    const calls = new Calls()
    for (const call of [0, 1, 2]) calls.wait(breaker, call)
    await clock.settle()
    breaker.on('reject', () => void breaker.isolate('alarm'))
    calls.permit(0).failure()
    await clock.settle()
    expect(calls.refused).toEqual([1, 2])
    expect(breaker.stats().rejected).toBe(2)
  })

  it('move up when a call ends that began before a reset', async () => {
    const { breaker, clock } = await halfOpen()
    const calls = new Calls()
    for (const call of [0, 1, 2, 3]) calls.wait(breaker, call)
    await clock.settle()
    calls.permit(0).success()
    await clock.settle()
    breaker.reset()
    await clock.settle()
    expect(calls.begun).toEqual([0, 1])
    calls.permit(1).success()
    await clock.settle()
    expect(breaker.stats().lateSettlements).toBe(1)
    expect(calls.begun).toEqual([0, 1, 2])
  })

  it('are all refused when it is isolated', async () => {
    const { breaker } = await halfOpen()
    permitOf(breaker)
    const error = rejection(breaker.execute(() => 1))
    breaker.isolate('maintenance')
    expect(await error).toMatchObject({ code: 'LOOP_CIRCUIT_ISOLATED', reason: 'maintenance' })
  })

  it('are let go by and by when it is reset, and all at once when it is disabled', async () => {
    const reset = await halfOpen()
    permitOf(reset.breaker)
    const slow = new Calls()
    for (const call of [0, 1, 2]) slow.wait(reset.breaker, call)
    reset.breaker.reset()
    await reset.clock.settle()
    expect(slow.begun).toEqual([0])
    const disabled = await halfOpen()
    permitOf(disabled.breaker)
    const quick = new Calls()
    for (const call of [0, 1, 2]) quick.wait(disabled.breaker, call)
    disabled.breaker.disable()
    await disabled.clock.settle()
    expect(quick.begun).toEqual([0, 1, 2])
  })

  it('leave at once by their signal; those behind move up', async () => {
    const { breaker, clock } = await halfOpen()
    const calls = new Calls()
    const controller = new AbortController()
    calls.wait(breaker, 0)
    const reason = new Error('closed the page')
    const fn = vi.fn<() => void>()
    const aborted = rejection(breaker.execute(fn, { signal: controller.signal }))
    calls.wait(breaker, 2)
    await clock.settle()
    controller.abort(reason)
    expect(await aborted).toBe(reason)
    expect(breaker.stats().waiting).toBe(1)
    calls.permit(0).success()
    await clock.settle()
    expect(calls.begun).toEqual([0, 2])
    expect(fn).not.toHaveBeenCalled()
  })

  it('are not called when the abort comes between their turn and the call', async () => {
    const { breaker, clock } = await halfOpen()
    const probe = permitOf(breaker)
    const controller = new AbortController()
    const fn = vi.fn<() => void>()
    const call = rejection(breaker.execute(fn, { signal: controller.signal }))
    const turn = rejection(breaker.acquire({ signal: controller.signal }))
    probe.success()
    controller.abort('late')
    expect(await call).toBe('late')
    expect(await turn).toBe('late')
    await clock.settle()
    expect(fn).not.toHaveBeenCalled()
    expect(breaker.stats()).toMatchObject({ waiting: 0, ignored: 1, successes: 1 })
  })

  it('give back a permit that the abort overtakes', async () => {
    const { breaker } = await halfOpen()
    const probe = permitOf(breaker)
    const controller = new AbortController()
    const turn = rejection(breaker.acquire({ signal: controller.signal }))
    probe.ignore()
    controller.abort('late')
    expect(await turn).toBe('late')
    expect(breaker.stats().ignored).toBe(2)
    expect(breaker.tryAcquire()).not.toBeNull()
  })

  it('cannot be overtaken: neither by a permit nor by a call, even in the closed circuit', async () => {
    const { breaker, clock } = await halfOpen()
    const calls = new Calls()
    for (const call of [0, 1, 2]) calls.wait(breaker, call)
    await clock.settle()
    calls.permit(0).success()
    expect(breaker.state).toBe('closed')
    expect(breaker.tryAcquire()).toBeNull()
    calls.wait(breaker, 3)
    await clock.settle()
    expect(calls.begun).toEqual([0, 1])
    calls.permit(1).success()
    await clock.settle()
    expect(calls.begun).toEqual([0, 1, 2, 3])
    expect(breaker.tryAcquire()).not.toBeNull()
  })

  it('do not wait for a call that hangs: its place goes to the next, by the only timer', async () => {
    const { breaker, clock } = await halfOpen({ halfOpen: { maxWaitMs: 500 } })
    const calls = new Calls()
    for (const call of [0, 1, 2, 3]) calls.wait(breaker, call)
    await clock.settle()
    expect(clock.pending).toBe(1)
    await clock.advance(500)
    expect(calls.begun).toEqual([0, 1])
    calls.permit(1).success()
    await clock.settle()
    expect(breaker.state).toBe('closed')
    expect(calls.begun).toEqual([0, 1, 2])
    await clock.advance(500)
    expect(calls.begun).toEqual([0, 1, 2, 3])
    expect(clock.pending).toBe(0)
  })

  it('are not forgotten by a clock whose timers come early', async () => {
    const exact = new ManualClock()
    const clock: Clock = {
      now: () => exact.now(),
      wall: () => exact.wall(),
      sleep: (ms, signal) => exact.sleep(ms, signal),
      setTimer: (callback, ms) => exact.setTimer(callback, Math.max(1, ms - 3)),
    }
    const { breaker } = driven({
      clock,
      trip: consecutive(1),
      halfOpenAfterMs: 0,
      whenHalfOpen: 'wait',
      halfOpen: { maxWaitMs: 10 },
    })
    fail(breaker)
    permitOf(breaker)
    const calls = new Calls()
    calls.wait(breaker, 0)
    await exact.advance(9)
    expect(calls.begun).toEqual([])
    await exact.advance(1)
    expect(calls.begun).toEqual([0])
    expect(exact.pending).toBe(0)
  })

  it('wait without a timer when probes never expire', async () => {
    const { breaker, clock } = await halfOpen({ halfOpen: { maxWaitMs: Infinity } })
    permitOf(breaker)
    const error = rejection(breaker.execute(() => 1))
    await clock.settle()
    expect(clock.pending).toBe(0)
    breaker[Symbol.dispose]()
    expect(await error).toMatchObject({ reason: 'disposed' })
  })

  it('are refused when too many wait already', async () => {
    const { breaker, clock } = await halfOpen({ maxWaiting: 2 })
    const calls = new Calls()
    for (const call of [0, 1, 2, 3]) calls.wait(breaker, call)
    await clock.settle()
    expect(calls.refused).toEqual([3])
    const error = await rejection(breaker.execute(() => 1))
    expect(error).toMatchObject({ code: 'LOOP_CIRCUIT_OPEN', retryAfterMs: 0 })
    expect((error as Error).message).toContain('has 2 calls waiting')
  })

  it('do not wait for an open circuit', async () => {
    const { breaker } = driven({ trip: consecutive(1), whenHalfOpen: 'wait' })
    fail(breaker)
    expect(await rejection(breaker.execute(() => 1))).toMatchObject({ retryAfterMs: 60_000 })
  })

  it('run their function with the permit that they got', async () => {
    const { breaker } = await halfOpen()
    const probe = permitOf(breaker)
    const waiting = [breaker.execute(() => 'first'), breaker.execute(() => Promise.resolve('second'))]
    probe.success()
    expect(await Promise.all(waiting)).toEqual(['first', 'second'])
    expect(breaker.stats()).toMatchObject({ state: 'closed', successes: 3 })
  })

  it('are served when a listener makes the first one leave', async () => {
    const { breaker, clock } = await halfOpen()
    const probe = permitOf(breaker)
    const controller = new AbortController()
    const calls = new Calls()
    calls.wait(breaker, 1, controller.signal)
    calls.wait(breaker, 2)
    breaker.once('probe', () => controller.abort())
    probe.ignore()
    await clock.settle()
    expect(calls.refused).toEqual([1])
    expect(calls.begun).toEqual([2])
  })

  it('leave no place taken when a listener makes the only one leave', async () => {
    const { breaker, clock } = await halfOpen()
    const probe = permitOf(breaker)
    const controller = new AbortController()
    const calls = new Calls()
    calls.wait(breaker, 1, controller.signal)
    breaker.once('probe', () => controller.abort())
    probe.ignore()
    await clock.settle()
    expect(calls.refused).toEqual([1])
    expect(breaker.tryAcquire()).not.toBeNull()
  })

  it('leave neither listener nor timer behind', async () => {
    const counted = new CountedSignal()
    const { signal } = counted
    await assertLeavesNoTimer(async () => {
      const breaker = new CircuitBreaker({ trip: consecutive(1), halfOpenAfterMs: 0, whenHalfOpen: 'wait' })
      fail(breaker)
      const probe = permitOf(breaker)
      const controller = new AbortController()
      const waiting = [
        breaker.execute(() => 1, { signal }),
        rejection(breaker.execute(() => 1, { signal: controller.signal })),
        breaker.acquire({ signal }),
      ]
      controller.abort()
      probe.success()
      await Promise.all(waiting)
    })
    expect(counted.added).toBe(counted.removed)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })
})

describe('under random interleavings', () => {
  it('keeps the order, the bound of probes and the books, over 20 000 steps', async () => {
    const random = seeded(77)
    for (let round = 0; round < 40; round++) {
      const probes = 1 + Math.floor(random() * 3)
      const { breaker, clock } = driven({
        trip: consecutive(2),
        halfOpenAfterMs: 50,
        whenHalfOpen: 'wait',
        halfOpen: { probes, successes: 1 + Math.floor(random() * 2), maxWaitMs: Infinity },
        maxWaiting: 50,
      })
      const calls = new Calls()
      const controllers = new Map<number, AbortController>()
      const open = new Set<number>()
      let begunBefore = 0
      breaker.on('change', ({ to }) => {
        if (to === 'half-open') begunBefore = calls.begun.length
      })
      for (let step = 0; step < 500; step++) {
        const choice = random()
        if (choice < 0.4) {
          const controller = new AbortController()
          controllers.set(step, controller)
          calls.wait(breaker, step, controller.signal)
        } else if (choice < 0.7) {
          settleOne(calls, open, random)
        } else if (choice < 0.8) {
          pick([...controllers.values()], random)?.abort()
        } else if (choice < 0.97) {
          await clock.advance(Math.floor(random() * 40))
        } else {
          breaker.reset()
        }
        await Promise.resolve()
        // looking may begin a new half-open life
        const { state } = breaker
        const probing = calls.begun.slice(begunBefore).filter((call) => !calls.permit(call).isSettled)
        expect(state !== 'half-open' || probing.length <= probes).toBe(true)
        expect(state !== 'open' || breaker.stats().waiting === 0).toBe(true)
      }
      await clock.settle()
      // whoever came first began first
      expect(calls.begun).toEqual([...calls.begun].sort((a, b) => a - b))
      const { waiting } = breaker.stats()
      expect(calls.begun.length + calls.refused.length + waiting).toBe(controllers.size)
      breaker[Symbol.dispose]()
      await clock.settle()
      expect(calls.begun.length + calls.refused.length).toBe(controllers.size)
      expect(clock.pending).toBe(0)
    }
  })

  function settleOne(calls: Calls, open: Set<number>, random: () => number): void {
    for (const [call, permit] of calls.permits) if (!permit.isSettled) open.add(call)
    const call = pick([...open], random)
    if (call === undefined) return
    open.delete(call)
    const permit = calls.permit(call)
    if (random() < 0.5) permit.success()
    else if (random() < 0.7) permit.failure()
    else permit.ignore()
  }

  function pick<T>(items: readonly T[], random: () => number): T | undefined {
    return items[Math.floor(random() * items.length)]
  }
})
