import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { OptionError, TimeoutError } from '../../src/errors/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { assertLeavesNoTimer } from '../active-timers.ts'

describe('Deadline', () => {
  it('counts down on the monotonic clock, whatever the wall clock does', async () => {
    const clock = new ManualClock()
    const deadline = Deadline.after(100, clock)
    clock.jumpWall(3_600_000)
    expect([deadline.budgetMs, deadline.remaining(), deadline.isExpired]).toEqual([100, 100, false])
    await clock.advance(60)
    expect(deadline.remaining()).toBe(40)
    await clock.advance(60)
    expect([deadline.remaining(), deadline.isExpired]).toEqual([0, true])
  })

  it('costs no timer until its signal is read', async () => {
    const clock = new ManualClock()
    const deadline = Deadline.after(100, clock)
    deadline.remaining()
    expect(clock.pending).toBe(0)
    const { signal } = deadline
    expect(deadline.signal).toBe(signal)
    expect(clock.pending).toBe(1)
    await clock.advance(100)
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toBeInstanceOf(TimeoutError)
    expect(signal.reason).toMatchObject({ kind: 'deadline', timeoutMs: 100 })
    expect(clock.pending).toBe(0)
  })

  it('gives an aborted signal when it has passed', async () => {
    const clock = new ManualClock()
    const deadline = Deadline.after(5, clock)
    await clock.advance(6)
    expect(deadline.signal.aborted).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('lets go of its timer when it is disposed of', () => {
    const clock = new ManualClock()
    const read = (): AbortSignal => {
      using deadline = Deadline.after(5, clock)
      expect(clock.pending).toBe(0)
      void deadline.signal
      expect(clock.pending).toBe(1)
      return deadline.signal
    }
    expect(read().aborted).toBe(false)
    expect(clock.pending).toBe(0)
  })

  it('does not keep the process alive', async () => {
    await assertLeavesNoTimer(async () => {
      expect(getEventListeners(Deadline.after(60_000).signal, 'abort')).toEqual([])
    })
  })

  it('takes the earlier of two', async () => {
    const clock = new ManualClock()
    const near = Deadline.after(10, clock)
    const far = Deadline.after(20, clock)
    expect(near.min(far)).toBe(near)
    expect(far.min(near)).toBe(near)
    expect(near.min(Infinity)).toBe(near)
    expect(near.min(3).remaining()).toBe(3)
    const other = new ManualClock({ startMs: 1e9 })
    expect(near.min(Deadline.after(4, other)).remaining()).toBe(4)
    expect(() => near.min(NaN)).toThrow(OptionError)
  })

  it('travels as the time that is left', async () => {
    const clock = new ManualClock()
    const deadline = Deadline.after(100, clock)
    await clock.advance(30)
    const plain = JSON.parse(JSON.stringify(deadline)) as { remainingMs: number }
    expect(plain).toEqual({ remainingMs: 70 })
    const elsewhere = Deadline.fromJSON(plain, new ManualClock({ startMs: 5 }))
    expect(elsewhere.remaining()).toBe(70)
    expect(Deadline.fromJSON(plain).remaining()).toBeLessThanOrEqual(70)
  })

  it('refuses what is no finite time', () => {
    expect(() => Deadline.after(Infinity)).toThrow(OptionError)
    expect(() => Deadline.after(-1)).toThrow(OptionError)
    expect(() => Deadline.fromJSON({} as never)).toThrow(/option remainingMs/)
  })
})
