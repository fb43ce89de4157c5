import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/clock/index.ts'
import { OptionError } from '../../src/errors/index.ts'
import { assertLeavesNoTimer } from '../active-timers.ts'
import { CountedSignal } from '../counted-signal.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('now()', () => {
  it('agrees with the clock of a worker that started later', async () => {
    await systemClock.sleep(50)
    const worker = new Worker(new URL('./clock-reader.ts', import.meta.url))
    await once(worker, 'online')
    // what the worker reads lies between two readings of ours, whatever the load of the machine
    for (let round = 0; round < 20; round++) {
      const before = systemClock.now()
      worker.postMessage('read')
      const [now] = (await once(worker, 'message')) as [number]
      const after = systemClock.now()
      expect(now).toBeGreaterThanOrEqual(before)
      expect(now).toBeLessThanOrEqual(after)
    }
    await worker.terminate()
  })

  it('does not go back and does not follow the wall clock', () => {
    const wall = systemClock.wall()
    const before = systemClock.now()
    vi.useFakeTimers({ toFake: ['Date'], now: wall - 3_600_000 })
    expect(systemClock.wall()).toBe(wall - 3_600_000)
    const after = systemClock.now()
    expect(after).toBeGreaterThanOrEqual(before)
    expect(after - before).toBeLessThan(60_000)
    let last = systemClock.now()
    for (let reading = 0; reading < 10_000; reading++) {
      const next = systemClock.now()
      expect(next >= last).toBe(true)
      last = next
    }
  })
})

describe('setTimer', () => {
  it('never fires early, not even by a fraction of a millisecond', async () => {
    await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const ms = (index % 20) + 0.1 * (index % 7)
        const dueAt = systemClock.now() + ms
        await new Promise<void>((resolve) => systemClock.setTimer(resolve, ms))
        expect(systemClock.now()).toBeGreaterThanOrEqual(dueAt)
      }),
    )
  })

  it('never fires synchronously, also for a time that has passed', async () => {
    const fired: number[] = []
    systemClock.setTimer(() => fired.push(1), 0)
    systemClock.setTimer(() => fired.push(2), -5)
    expect(fired).toEqual([])
    await vi.waitFor(() => expect(fired).toEqual([1, 2]))
  })

  it('waits longer than 2³¹−1 ms by as many timeouts as that takes', () => {
    vi.useFakeTimers()
    const callback = vi.fn<() => void>()
    const ms = 2 ** 32 + 5
    systemClock.setTimer(callback, ms)
    vi.advanceTimersByTime(ms - 1)
    expect(callback).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(1)
    expect(callback).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is cancelled by its disposal, in a later stretch of a long wait, too', () => {
    vi.useFakeTimers()
    const callback = vi.fn<() => void>()
    const timer = systemClock.setTimer(callback, Infinity, { ref: false })
    vi.advanceTimersByTime(2 ** 31)
    expect(vi.getTimerCount()).toBe(1)
    timer[Symbol.dispose]()
    timer[Symbol.dispose]()
    expect(vi.getTimerCount()).toBe(0)
    expect(callback).not.toHaveBeenCalled()
  })

  it.each(['ref', 'unref'] as const)('stays as it was told to be in a later stretch of a long wait: %s', (told) => {
    vi.useFakeTimers()
    const { setTimeout: setFake } = globalThis
    const timeouts: NodeJS.Timeout[] = []
    globalThis.setTimeout = ((...given: Parameters<typeof setFake>) => {
      const timeout = setFake(...given)
      timeouts.push(timeout)
      return timeout
    }) as typeof setFake
    const timer = systemClock.setTimer(() => undefined, 2 ** 32, { ref: told === 'unref' })
    timer[told]()
    vi.advanceTimersByTime(2 ** 31)
    globalThis.setTimeout = setFake
    expect(timeouts.map((timeout) => timeout.hasRef())).toEqual(told === 'ref' ? [true, true] : [false, false])
  })

  it('may be disposed of by its own callback', async () => {
    const timer = await new Promise<Disposable>((resolve) => {
      const own = systemClock.setTimer(() => resolve(own), 0)
    })
    expect(() => timer[Symbol.dispose]()).not.toThrow()
  })

  it('keeps the process alive unless told not to', async () => {
    const count = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = count()
    const timer = systemClock.setTimer(() => {}, 60_000)
    expect(count()).toBe(before + 1)
    timer.unref()
    expect(count()).toBe(before)
    timer.ref()
    expect(count()).toBe(before + 1)
    timer[Symbol.dispose]()
    expect(count()).toBe(before)
    const idle = systemClock.setTimer(() => {}, 60_000, { ref: false })
    expect(count()).toBe(before)
    idle[Symbol.dispose]()
    idle.ref()
    idle.unref()
    expect(count()).toBe(before)
  })

  it('refuses what is no number', () => {
    expect(() => systemClock.setTimer(() => {}, NaN)).toThrow(OptionError)
    expect(() => systemClock.setTimer(() => {}, '5' as never)).toThrow(/option ms is '5'; give milliseconds/)
  })
})

describe('sleep', () => {
  it('resolves no earlier than asked', async () => {
    const dueAt = systemClock.now() + 20
    await systemClock.sleep(20)
    expect(systemClock.now()).toBeGreaterThanOrEqual(dueAt)
  })

  it('rejects with the very reason of an abort and leaves neither timer nor listener', async () => {
    const counted = new CountedSignal()
    const reason = { why: 'enough' }
    await assertLeavesNoTimer(async () => {
      const sleeping = systemClock.sleep(60_000, counted.signal)
      counted.controller.abort(reason)
      await expect(sleeping).rejects.toBe(reason)
    })
    expect(counted.added).toBe(1)
  })

  it('rejects at once on a signal that was aborted before, without a timer', async () => {
    const counted = new CountedSignal()
    counted.controller.abort('before')
    await assertLeavesNoTimer(() => expect(systemClock.sleep(60_000, counted.signal)).rejects.toBe('before'))
    expect(counted.added).toBe(0)
  })

  it('removes its listener when it has slept', async () => {
    const counted = new CountedSignal()
    await Promise.all(Array.from({ length: 8 }, () => systemClock.sleep(1, counted.signal)))
    // one for all of them
    expect([counted.added, counted.removed]).toEqual([1, 1])
  })

  it('rejects what is no number', async () => {
    await expect(systemClock.sleep(NaN)).rejects.toThrow(OptionError)
  })
})
