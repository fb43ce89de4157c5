import { describe, expect, it, vi } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import type { CallContext } from '../../src/policy/index.ts'
import { Deadline, timeout } from '../../src/timeout/index.ts'
import { never, settled } from '../settled.ts'

describe('cooperative mode', () => {
  it('gives a function that heeds its signal the time to end', async () => {
    const clock = new ManualClock()
    const cleanUp = vi.fn<() => void>()
    const run = settled(
      timeout(
        async ({ signal }) => {
          await clock.sleep(1000, signal).catch(() => {})
          await clock.sleep(20)
          cleanUp()
          throw signal.reason
        },
        100,
        { clock, mode: 'cooperative' },
      ),
    )
    await clock.advance(119)
    expect(cleanUp).not.toHaveBeenCalled()
    await clock.advance(1)
    expect(await run).toMatchObject({ reason: { code: 'LOOP_TIMEOUT', timeoutMs: 100 } })
    expect(cleanUp).toHaveBeenCalledTimes(1)
    expect(clock.pending).toBe(0)
  })

  it('takes a value that comes within the grace', async () => {
    const clock = new ManualClock()
    const run = timeout(() => clock.sleep(105).then(() => 'done'), 100, { clock, mode: 'cooperative', graceMs: 10 })
    await clock.advance(105)
    expect(await run).toBe('done')
    expect(clock.pending).toBe(0)
  })

  it('keeps the error with which the function ended as the cause', async () => {
    const clock = new ManualClock()
    const error = new Error('while closing')
    const run = settled(
      timeout(({ signal }) => clock.sleep(1000, signal).catch(() => Promise.reject(error)), 100, {
        clock,
        mode: 'cooperative',
      }),
    )
    await clock.advance(100)
    expect(await run).toMatchObject({ reason: { code: 'LOOP_TIMEOUT', cause: error } })
  })

  it('takes an AbortError that names the timeout as its cause for obedience', async () => {
    const clock = new ManualClock()
    const obey = ({ signal }: CallContext): Promise<never> =>
      clock.sleep(1000, signal).then(never, (cause: unknown) => {
        throw Object.assign(new Error('aborted', { cause }), { name: 'AbortError' })
      })
    const run = settled(timeout(obey, 100, { clock, mode: 'cooperative' }))
    await clock.advance(100)
    const { reason } = (await run) as PromiseRejectedResult
    expect(reason).toMatchObject({ code: 'LOOP_TIMEOUT' })
    expect(reason).not.toHaveProperty('cause')
  })

  it('waits no longer than the grace', async () => {
    const clock = new ManualClock()
    const run = settled(timeout(never, 100, { clock, mode: 'cooperative', graceMs: 50 }))
    await clock.advance(149)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    expect(await run).toMatchObject({ reason: { code: 'LOOP_TIMEOUT' } })
    expect(clock.pending).toBe(0)
  })

  it('warns of a deadline as of its own limit', async () => {
    const clock = new ManualClock()
    const reasons: unknown[] = []
    const run = settled(
      timeout(
        ({ signal }) => {
          signal.addEventListener('abort', () => reasons.push(signal.reason))
          return never()
        },
        1000,
        { clock, mode: 'cooperative', graceMs: 50, deadline: Deadline.after(20, clock) },
      ),
    )
    await clock.advance(69)
    expect(reasons).toMatchObject([{ kind: 'deadline', timeoutMs: 20 }])
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    expect(await run).toEqual({ status: 'rejected', reason: reasons[0] })
    expect(clock.pending).toBe(0)
  })

  it('is over with the error of a function that ends by itself in time, be that at once', async () => {
    const clock = new ManualClock()
    const error = new Error('own')
    const throwing = (): never => {
      throw error
    }
    const options = { clock, mode: 'cooperative' as const }
    await expect(timeout(throwing, 10, options)).rejects.toBe(error)
    await expect(timeout(() => Promise.reject(error), 10, options)).rejects.toBe(error)
    expect(await timeout(() => 'at once', 10, options)).toBe('at once')
    await clock.settle()
    expect(clock.pending).toBe(0)
  })

  it('lets the default stand in for every overdue end', async () => {
    const clock = new ManualClock()
    const run = timeout(({ signal }) => clock.sleep(1000, signal), 10, { clock, mode: 'cooperative', default: 'none' })
    await clock.advance(10)
    expect(await run).toBe('none')
  })
})
