import { describe, expect, it } from 'vitest'
import { constant } from '../../src/backoff/index.ts'
import { ManualClock, type Clock } from '../../src/clock/index.ts'
import { retry } from '../../src/retry/index.ts'
import { rejection } from '../settled.ts'
import { failing } from './failing.ts'

/** A clock on whose loop every timer is late, as where something else takes long. */
function busy(clock: ManualClock, lateMs: number): Clock {
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    sleep: (ms, signal) => clock.sleep(ms + lateMs, signal),
    setTimer: (callback, ms) => clock.setTimer(callback, ms + lateMs),
  }
}

describe('no attempt begins later than maxElapsedMs', () => {
  it('when the wait for it has taken longer than it was to', async () => {
    const clock = new ManualClock()
    const fn = failing('a', 'b', 'c')
    const run = rejection(retry(fn, { clock: busy(clock, 30), backoff: constant(10), maxElapsedMs: 50 }))
    await clock.advance(1000)
    expect(await run).toMatchObject({ limit: 'elapsed', attempts: 2, elapsedMs: 80, errors: ['a', 'b'], cause: 'b' })
    expect(fn).toHaveBeenCalledTimes(2)
  })

  it('when it has to be exactly then', async () => {
    const clock = new ManualClock()
    const run = retry(failing('a'), { clock, backoff: constant(10), maxElapsedMs: 10 })
    await clock.advance(10)
    expect(await run).toBe('success')
  })

  it('when its turn at the limiter comes late', async () => {
    const clock = new ManualClock()
    const late = busy(clock, 30)
    const limiter = { tryAcquire: () => false, acquire: () => late.sleep(40) }
    const fn = failing()
    const run = rejection(retry(fn, { clock: late, limiter, maxElapsedMs: 60 }))
    await clock.advance(1000)
    expect(await run).toMatchObject({
      limit: 'elapsed',
      attempts: 0,
      cause: { code: 'LOOP_TIMEOUT', message: expect.stringContaining('waiting for the limiter') as string },
    })
    expect(fn).not.toHaveBeenCalled()
  })
})
