import { setTimeout as realWait } from 'node:timers/promises'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock, RunawayTimersError } from '../../src/clock/index.ts'
import { OptionError } from '../../src/errors/index.ts'

describe('ManualClock', () => {
  it('stands still until it is advanced', async () => {
    const clock = new ManualClock()
    let isAwake = false
    void clock.sleep(1000).then(() => (isAwake = true))
    await realWait(5)
    expect([clock.now(), isAwake, clock.pending, clock.nextTimerMs]).toEqual([0, false, 1, 1000])
    await clock.advance(999)
    expect([clock.now(), isAwake]).toEqual([999, false])
    await clock.advance(1)
    expect([clock.now(), isAwake, clock.pending, clock.nextTimerMs]).toEqual([1000, true, 0, undefined])
  })

  it('begins where it is told', () => {
    const clock = new ManualClock({ startMs: 7, wallMs: 1000 })
    expect([clock.now(), clock.wall()]).toEqual([7, 1000])
    expect(new ManualClock().wall()).toBe(1_750_000_000_000)
    expect(() => new ManualClock({ startMs: NaN })).toThrow(OptionError)
  })

  it('fires timers in the order of their due times, and those of one time in the order in which they were set', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 60 }), fc.array(fc.nat(59)), async (delays, disposed) => {
        const clock = new ManualClock()
        const fired: number[] = []
        const timers = delays.map((ms, index) => clock.setTimer(() => fired.push(index), ms))
        for (const index of disposed) timers[index]?.[Symbol.dispose]()
        await clock.advance(50)
        const kept = delays.map((ms, index) => ({ ms, index })).filter(({ index }) => !disposed.includes(index))
        expect(fired).toEqual(kept.sort((a, b) => a.ms - b.ms || a.index - b.index).map(({ index }) => index))
        expect(clock.pending).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  it('fires timers that were set on the way, at their own time', async () => {
    const clock = new ManualClock()
    const seen: number[] = []
    async function tick(): Promise<void> {
      for (let round = 0; round < 3; round++) {
        await clock.sleep(10)
        seen.push(clock.now())
      }
    }
    void tick()
    await clock.advance(100)
    expect(seen).toEqual([10, 20, 30])
    expect(clock.now()).toBe(100)
  })

  it('lets promises, ticks and immediates settle between two timers', async () => {
    const clock = new ManualClock()
    const seen: string[] = []
    clock.setTimer(() => {
      seen.push('first timer')
      process.nextTick(() => seen.push('tick'))
      setImmediate(() => seen.push('immediate'))
      void (async () => {
        for (let hop = 0; hop < 50; hop++) await Promise.resolve()
        seen.push('promises')
      })()
    }, 1)
    clock.setTimer(() => seen.push('second timer'), 1)
    await clock.advance(1)
    expect(seen[0]).toBe('first timer')
    expect(seen.at(-1)).toBe('second timer')
    expect([...seen].sort()).toEqual(['first timer', 'immediate', 'promises', 'second timer', 'tick'])
  })

  it('lets what is ready set its timers before time moves', async () => {
    const clock = new ManualClock()
    let woken = 0
    void Promise.resolve()
      .then(() => clock.sleep(10))
      .then(() => woken++)
    await clock.advance(10)
    expect(woken).toBe(1)
  })

  it('makes moves that are asked for at once one after the other', async () => {
    const clock = new ManualClock()
    await Promise.all([clock.advance(10), clock.advance(20), clock.settle()])
    expect(clock.now()).toBe(30)
  })

  it('moves the wall clock without touching timers', async () => {
    const clock = new ManualClock({ wallMs: 1000 })
    let fired = 0
    clock.setTimer(() => fired++, 10)
    clock.jumpWall(-3_600_000)
    expect([clock.wall(), clock.now(), clock.nextTimerMs]).toEqual([1000 - 3_600_000, 0, 10])
    clock.jumpWall(7_200_000)
    await clock.advance(10)
    expect([clock.wall(), fired]).toEqual([1010 + 3_600_000, 1])
    expect(() => clock.jumpWall(Infinity)).toThrow(OptionError)
  })

  it('runs one timer, and all that end', async () => {
    const clock = new ManualClock()
    const seen: number[] = []
    clock.setTimer(() => seen.push(clock.now()), 5)
    clock.setTimer(() => void clock.sleep(10).then(() => seen.push(clock.now())), 20)
    clock.setTimer(() => seen.push(-1), Infinity)
    expect(await clock.runNext()).toBe(true)
    expect(seen).toEqual([5])
    await clock.runAll()
    expect(seen).toEqual([5, 30])
    expect(await clock.runNext()).toBe(false)
    expect(clock.pending).toBe(1)
  })

  it('gives up on timers that set timers for ever', async () => {
    const clock = new ManualClock()
    const repeat = (): void => void clock.setTimer(repeat, 1)
    repeat()
    const failure = await clock.runAll({ limit: 25 }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(RunawayTimersError)
    expect(failure).toMatchObject({ code: 'LOOP_RUNAWAY_TIMERS', fired: 25 })
    await clock.advance(3)
    expect(clock.pending).toBe(1)
  })

  it("rejects with what a timer's callback throws, and goes on afterwards", async () => {
    const clock = new ManualClock()
    clock.setTimer(() => {
      throw new Error('callback')
    }, 5)
    await expect(clock.advance(10)).rejects.toThrow('callback')
    expect(clock.now()).toBe(5)
    await clock.advance(10)
    expect(clock.now()).toBe(15)
  })

  it('refuses to go back', async () => {
    await expect(new ManualClock().advance(-1)).rejects.toThrow(OptionError)
    await expect(new ManualClock().runAll({ limit: 0 })).rejects.toThrow(OptionError)
  })

  it('rejects a sleep at its abort, leaving no timer', async () => {
    const clock = new ManualClock()
    const controller = new AbortController()
    const sleeping = clock.sleep(10, controller.signal)
    controller.abort('stop')
    await expect(sleeping).rejects.toBe('stop')
    expect(clock.pending).toBe(0)
  })

  it('has timers with references, which mean nothing here', () => {
    const timer = new ManualClock().setTimer(() => {}, 1)
    timer.ref()
    timer.unref()
    timer[Symbol.dispose]()
    expect(() => timer[Symbol.dispose]()).not.toThrow()
  })
})
