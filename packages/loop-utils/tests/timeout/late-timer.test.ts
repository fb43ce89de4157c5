import { describe, expect, it } from 'vitest'
import { ManualClock, systemClock, type Clock, type Timer } from '../../src/clock/index.ts'
import { compose, timeoutPolicy } from '../../src/policy/index.ts'
import { retryPolicy } from '../../src/retry/index.ts'
import { Deadline, timeout } from '../../src/timeout/index.ts'
import { LateTimer } from '../../src/timeout/late-timer.ts'
import { never, settled } from '../settled.ts'

/** The system's clock, whose timers are counted. */
class CountingClock implements Clock {
  made = 0
  disposed = 0

  now(): number {
    return systemClock.now()
  }

  wall(): number {
    return systemClock.wall()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms, signal)
  }

  setTimer(callback: () => void, ms: number, options?: { readonly ref?: boolean }): Timer {
    this.made++
    const timer = systemClock.setTimer(callback, ms, options)
    return {
      ref: () => timer.ref(),
      unref: () => timer.unref(),
      [Symbol.dispose]: () => {
        this.disposed++
        timer[Symbol.dispose]()
      },
    }
  }
}

const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function immediates(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Immediate').length
}

describe('a call that ends in the turn of the loop in which it began', () => {
  it('sets no timer, however often it is made', async () => {
    const clock = new CountingClock()
    const policy = compose(retryPolicy({ clock }), timeoutPolicy(60_000, { clock }))
    for (let call = 0; call < 10_000; call++) await policy.execute(async () => call)
    await settled(timeout(() => Promise.reject(new Error('own')), 60_000, { clock }))
    await timeout(() => 1, 60_000, { clock })
    await aTurn()
    expect([clock.made, clock.disposed]).toEqual([0, 0])
  })

  it('leaves nothing in the loop but one immediate, which ends with the turn', async () => {
    await aTurn()
    const before = immediates()
    for (let call = 0; call < 100; call++) await timeout(async () => call, 60_000)
    expect(immediates() - before).toBeLessThanOrEqual(1)
    await aTurn()
    await aTurn()
    expect(immediates()).toBeLessThanOrEqual(before)
  })
})

describe('a call that outlives its turn', () => {
  it('sets a timer, and takes it back when it ends', async () => {
    const clock = new CountingClock()
    expect(await timeout(() => aTurn().then(aTurn), 60_000, { clock })).toBeUndefined()
    expect([clock.made, clock.disposed]).toEqual([1, 1])
  })

  it('is not cut off early, nor later than a timer of its own would have', async () => {
    for (const ms of [1, 5, 20]) {
      const began = systemClock.now()
      const result = await settled(timeout(never, ms))
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'LOOP_TIMEOUT', timeoutMs: ms } })
      expect(systemClock.now() - began).toBeGreaterThanOrEqual(ms)
    }
  })

  it('is cut off at the end of the turn when its time came in that turn', async () => {
    const clock = new CountingClock()
    const run = settled(
      timeout(
        () => {
          const until = systemClock.now() + 5
          while (systemClock.now() < until);
          return never()
        },
        2,
        { clock },
      ),
    )
    expect(await run).toMatchObject({ reason: { code: 'LOOP_TIMEOUT' } })
    expect(clock.made).toBe(0)
  })

  it('keeps its result when that came in time, though the loop was blocked until after it', async () => {
    const run = timeout(async () => 'in time', 1)
    const until = systemClock.now() + 5
    while (systemClock.now() < until);
    expect(await run).toBe('in time')
  })
})

describe('timers of one turn', () => {
  function listOf(clock: ManualClock, log: number[], count: number): LateTimer[] {
    return Array.from(
      { length: count },
      (_, index) => new LateTimer(Deadline.after(10, clock), { onTime: () => void log.push(index) }),
    )
  }

  it('ring in the order in which they began', async () => {
    const clock = new ManualClock()
    const log: number[] = []
    listOf(clock, log, 5)
    await clock.advance(10)
    expect(log).toEqual([0, 1, 2, 3, 4])
  })

  it.each([
    ['the first', [0], [1, 2, 3, 4]],
    ['the last', [4], [0, 1, 2, 3]],
    ['those between', [1, 2, 3], [0, 4]],
    ['all', [0, 1, 2, 3, 4], []],
    ['all, the last first', [4, 3, 2, 1, 0], []],
  ])('can be taken back: %s', async (_which, taken, left) => {
    const clock = new ManualClock()
    const log: number[] = []
    const timers = listOf(clock, log, 5)
    for (const index of taken) timers[index]?.cancel()
    for (const index of taken) timers[index]?.cancel()
    await clock.settle()
    expect(clock.pending).toBe(left.length)
    await clock.advance(10)
    expect(log).toEqual(left)
  })

  it('can be taken back after they were set', async () => {
    const clock = new ManualClock()
    const log: number[] = []
    const timers = listOf(clock, log, 3)
    await clock.advance(9)
    expect(clock.pending).toBe(3)
    timers[1]?.cancel()
    await clock.advance(1)
    timers[0]?.cancel()
    expect([log, clock.pending]).toEqual([[0, 2], 0])
  })

  it('ring though one before them throws', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const clock = new ManualClock()
    const log: number[] = []
    const late = Deadline.after(0, clock)
    const broken = {
      onTime: (): never => {
        throw new Error('in onTime')
      },
    }
    expect(new LateTimer(late, broken).timer).toBeUndefined()
    expect(new LateTimer(late, { onTime: () => void log.push(1) }).timer).toBeUndefined()
    await clock.settle()
    expect(log).toEqual([1])
    expect((await warned).message).toBe('a time limit threw Error: in onTime')
  })

  it('that begin while others are set wait for the next turn', async () => {
    const clock = new ManualClock()
    const log: string[] = []
    const now = Deadline.after(0, clock)
    const inner = { onTime: () => void log.push('inner') }
    const outer = {
      onTime: () => {
        log.push('outer')
        expect(new LateTimer(now, inner).timer).toBeUndefined()
      },
    }
    expect(new LateTimer(now, outer).timer).toBeUndefined()
    await aTurn()
    expect(log).toEqual(['outer'])
    await aTurn()
    expect(log).toEqual(['outer', 'inner'])
  })
})
