import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { currentDeadline, withDeadline } from '../../src/deadline-context/index.ts'
import { retry } from '../../src/retry/index.ts'
import { Deadline, timeout } from '../../src/timeout/index.ts'
import { never, rejection } from '../settled.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('withDeadline', () => {
  it('is there in all that the function calls and awaits, and nowhere else', async () => {
    const deadline = Deadline.after(5000)
    expect(currentDeadline()).toBeUndefined()
    const seen = await withDeadline(deadline, async () => {
      const first = currentDeadline()
      await turn()
      const later = await turn().then(currentDeadline)
      const timer = await new Promise((resolve) => setTimeout(() => resolve(currentDeadline()), 1))
      return [first, later, timer]
    })
    expect(seen).toEqual([deadline, deadline, deadline])
    expect(currentDeadline()).toBeUndefined()
  })

  it('keeps those apart that run at the same time', async () => {
    const deadlines = Array.from({ length: 20 }, (_, index) => Deadline.after(1000 + index))
    const seen = await Promise.all(
      deadlines.map((deadline, index) =>
        withDeadline(deadline, async () => {
          for (let turns = index % 5; turns >= 0; turns--) await turn()
          return currentDeadline()
        }),
      ),
    )
    expect(seen).toEqual(deadlines)
  })

  it('lets nothing inside have more time than what is around', () => {
    const clock = new ManualClock()
    const [near, far] = [Deadline.after(10, clock), Deadline.after(100, clock)]
    expect(withDeadline(near, () => withDeadline(far, currentDeadline))).toBe(near)
    expect(withDeadline(far, () => withDeadline(near, currentDeadline))).toBe(near)
    expect(withDeadline(far, () => (withDeadline(near, () => 1), currentDeadline()))).toBe(far)
  })

  it('gives back what the function gives, and throws what it throws', () => {
    const deadline = Deadline.after(10)
    expect(withDeadline(deadline, () => 'value')).toBe('value')
    const error = new Error('inside')
    const run = (): never =>
      withDeadline(deadline, () => {
        throw error
      })
    expect(run).toThrow(error)
    expect(currentDeadline()).toBeUndefined()
  })

  it('bounds what is given the deadline deep inside', async () => {
    const clock = new ManualClock()
    const deep = async (): Promise<unknown> => {
      await Promise.resolve()
      return retry(() => timeout(never, Infinity, { deadline: currentDeadline(), clock }), {
        deadline: currentDeadline(),
        clock,
        maxAttempts: 5,
      })
    }
    const call = rejection(withDeadline(Deadline.after(50, clock), deep))
    await clock.advance(50)
    expect(await call).toMatchObject({ code: expect.stringMatching(/^LOOP_(TIMEOUT|RETRY_EXHAUSTED)$/) })
    expect(clock.pending).toBe(0)
  })

  it('sets no timer and adds no listener by itself', () => {
    const clock = new ManualClock()
    const emitter = new EventEmitter()
    withDeadline(Deadline.after(50, clock), () => emitter.emit('nothing'))
    expect(clock.pending).toBe(0)
  })

  it.each([5, null, {}, undefined])('refuses %o for a deadline', (deadline) => {
    expect(() => withDeadline(deadline as never, () => 1)).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option: 'deadline' }),
    )
  })

  it('refuses what is no function', () => {
    expect(() => withDeadline(Deadline.after(1), 5 as never)).toThrow(expect.objectContaining({ option: 'fn' }))
  })
})
