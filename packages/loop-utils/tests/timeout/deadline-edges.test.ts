import { describe, expect, it } from 'vitest'
import { ManualClock, type Clock, type Timer } from '../../src/clock/index.ts'
import { Deadline, timeout } from '../../src/timeout/index.ts'
import { never, rejection } from '../settled.ts'

/** A manual clock that notes whether its timers keep the process alive. */
class NotingClock extends ManualClock implements Clock {
  readonly refs: unknown[] = []

  override setTimer(callback: () => void, ms: number, options?: { readonly ref?: boolean }): Timer {
    this.refs.push(options?.ref)
    return super.setTimer(callback, ms)
  }
}

describe('a deadline', () => {
  it('has a timer that does not keep the process alive', () => {
    const clock = new NotingClock()
    using deadline = Deadline.after(5, clock)
    expect(deadline.signal.aborted).toBe(false)
    expect(clock.refs).toEqual([false])
  })

  it('may be disposed of without a timer, and again', () => {
    const deadline = Deadline.after(5, new ManualClock())
    expect(() => deadline[Symbol.dispose]()).not.toThrow()
    void deadline.signal
    deadline[Symbol.dispose]()
    expect(() => deadline[Symbol.dispose]()).not.toThrow()
  })
})

describe('the earlier of two deadlines', () => {
  const clock = new ManualClock({ startMs: 1000 })
  const five = Deadline.after(5, clock)
  const nine = Deadline.after(9, clock)

  it('is one of them, on one clock', () => {
    expect([five.min(nine) === five, nine.min(five) === five, five.min(five) === five]).toEqual([true, true, true])
    expect(five.min(Deadline.after(5, clock))).toBe(five)
  })

  it('is that with less time left when their clocks differ', () => {
    const other = new ManualClock({ startMs: 500_000 })
    const seven = Deadline.after(7, other)
    expect([seven.min(five) === five, five.min(seven) === five]).toEqual([true, true])
    expect([seven.min(nine) === seven, nine.min(seven) === seven]).toEqual([true, true])
  })

  it('is a new one for a shorter time, on the same clock', () => {
    const shorter = nine.min(3)
    expect([shorter.budgetMs, shorter.clock]).toEqual([3, clock])
    expect([nine.min(9) === nine, nine.min(Infinity) === nine]).toEqual([true, true])
    expect(() => nine.min(-1)).toThrow(expect.objectContaining({ option: 'ms' }))
  })
})

describe('a call with a time limit and a deadline', () => {
  it.each([
    ['deadline', 5, { timeoutMs: 5, kind: 'deadline' }],
    ['time limit', 50, { timeoutMs: 9, kind: 'total' }],
  ])('ends by its %s when that is nearer', async (_, deadlineMs, expected) => {
    const clock = new ManualClock({ startMs: 1000 })
    const call = rejection(timeout(never, 9, { clock, deadline: Deadline.after(deadlineMs, clock) }))
    await clock.advance(expected.timeoutMs - 1)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    expect(await call).toMatchObject({ code: 'LOOP_TIMEOUT', ...expected })
    expect(clock.pending).toBe(0)
  })
})
