import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { debounce, throttle } from '../../src/concurrency/index.ts'
import { OptionError } from '../../src/errors/index.ts'
import { turnMicrotasks } from './interleavings.ts'

/** Notes each call with its time. */
function noting(clock: ManualClock): { readonly log: [number, string][]; readonly fn: (text: string) => void } {
  const log: [number, string][] = []
  return { log, fn: (text) => void log.push([clock.now(), text]) }
}

describe('debounce', () => {
  it('calls once a series is over, with the latest arguments', async () => {
    const clock = new ManualClock()
    const { log, fn } = noting(clock)
    const save = debounce(fn, 100, { clock })
    save('a')
    await clock.advance(60)
    save('b')
    expect(save.isPending()).toBe(true)
    await clock.advance(60)
    save('c')
    await clock.advance(99)
    expect(log).toEqual([])
    await clock.advance(1)
    expect(log).toEqual([[220, 'c']])
    expect([save.isPending(), clock.pending]).toEqual([false, 0])
  })

  it('puts a call off no longer than maxWaitMs', async () => {
    const clock = new ManualClock()
    const { log, fn } = noting(clock)
    const save = debounce(fn, 100, { maxWaitMs: 250, clock })
    for (let call = 0; call < 8; call++) {
      save(`${call}`)
      await clock.advance(50)
    }
    await clock.runAll()
    expect(log).toEqual([
      [250, '4'],
      [450, '7'],
    ])
  })

  it('makes the first call of a series at once when told to', async () => {
    const clock = new ManualClock()
    const { log, fn } = noting(clock)
    const save = debounce(fn, 100, { leading: true, clock })
    save('a')
    await clock.advance(50)
    save('b')
    await clock.runAll()
    await clock.advance(100)
    save('c')
    await clock.runAll()
    expect(log).toEqual([
      [0, 'a'],
      [150, 'b'],
      [250, 'c'],
    ])
  })

  it('can be flushed, cancelled and disposed of', async () => {
    const clock = new ManualClock()
    const { log, fn } = noting(clock)
    const save = debounce(fn, 100, { clock })
    save.flush()
    save('a')
    save.flush()
    expect(log).toEqual([[0, 'a']])
    save('b')
    save.cancel()
    {
      using scoped = debounce(fn, 100, { clock })
      scoped('c')
    }
    expect(clock.pending).toBe(0)
    await clock.runAll()
    expect(log).toHaveLength(1)
  })

  it('is what the definition says, for any series of calls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 25 }), async (gaps) => {
        const clock = new ManualClock()
        const { log, fn } = noting(clock)
        const save = debounce(fn, 40, { clock })
        const calls: [number, string][] = []
        for (const [index, gap] of gaps.entries()) {
          await clock.advance(gap)
          calls.push([clock.now(), `${index}`])
          save(`${index}`)
        }
        await clock.runAll()
        // a call is made if none follows within the wait; one that follows just then comes after it
        const expected = calls
          .filter(([at], index) => (calls[index + 1]?.[0] ?? Infinity) >= at + 40)
          .map(([at, name]) => [at + 40, name])
        expect(log).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })

  it('does nothing after the abort, and leaves neither timer nor listener', async () => {
    const clock = new ManualClock()
    const { log, fn } = noting(clock)
    const controller = new AbortController()
    const save = debounce(fn, 100, { signal: controller.signal, clock })
    save('a')
    await clock.runAll()
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    save('b')
    save('c')
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
    controller.abort()
    expect([clock.pending, save.isPending(), getEventListeners(controller.signal, 'abort').length]).toEqual([
      0,
      false,
      0,
    ])
    save('d')
    await clock.runAll()
    expect(log).toEqual([[100, 'a']])
  })

  it('gives what the function throws or rejects with to onError, and else warns', async () => {
    const clock = new ManualClock()
    const errors: unknown[] = []
    const onError = (error: unknown): void => void errors.push((error as Error).message)
    const failing = debounce(
      (how: string) => {
        if (how === 'throws') throw new Error('thrown')
        return Promise.reject(new Error('rejected'))
      },
      10,
      { clock, onError },
    )
    failing('throws')
    await clock.runAll()
    failing('rejects')
    await clock.runAll()
    expect(errors).toEqual(['thrown', 'rejected'])
    const warnings: string[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', onWarning)
    const stray = debounce(() => Promise.reject(new Error('nobody looks')), 10, { clock })
    stray()
    await clock.runAll()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(warnings).toEqual(['paced function threw Error: nobody looks'])
  })

  it('refuses wrong options', () => {
    const fn = (): void => undefined
    expect(() => debounce(fn, -1)).toThrow(OptionError)
    expect(() => debounce(fn, 100, { maxWaitMs: 50 })).toThrow('maxWaitMs')
    expect(() => debounce('fn' as never, 1)).toThrow('option fn')
    expect(() => debounce(fn, 1, { onError: 1 as never })).toThrow('onError')
    expect(() => debounce(fn, 1, { signal: 1 as never })).toThrow('signal')
  })
})

describe('throttle', () => {
  it('makes the first call at once and the latest one at the end of the interval', async () => {
    const clock = new ManualClock()
    const { log, fn } = noting(clock)
    const show = throttle(fn, 100, { clock })
    for (const text of ['a', 'b', 'c']) show(text)
    await clock.advance(150)
    show('d')
    await clock.runAll()
    await clock.advance(500)
    show('e')
    expect(log).toEqual([
      [0, 'a'],
      [100, 'c'],
      [200, 'd'],
      [700, 'e'],
    ])
    expect(clock.pending).toBe(0)
  })

  it('can leave out the first or the last call', async () => {
    const clock = new ManualClock()
    const late = noting(clock)
    const early = noting(clock)
    const trailing = throttle(late.fn, 100, { leading: false, clock })
    const leading = throttle(early.fn, 100, { trailing: false, clock })
    for (const text of ['a', 'b', 'c']) {
      trailing(text)
      leading(text)
      await clock.advance(70)
    }
    await clock.runAll()
    expect(late.log).toEqual([
      [100, 'b'],
      [200, 'c'],
    ])
    expect(early.log).toEqual([
      [0, 'a'],
      [140, 'c'],
    ])
  })

  it('calls at once again as soon as the interval is over', async () => {
    const clock = new ManualClock()
    const { fn, log } = noting(clock)
    const leading = throttle(fn, 100, { trailing: false, clock })
    for (const [text, passedMs] of [
      ['a', 99],
      ['b', 1],
      ['c', 0],
    ] as const) {
      leading(text)
      await clock.advance(passedMs)
    }
    expect(log).toEqual([
      [0, 'a'],
      [100, 'c'],
    ])
  })

  it('never calls twice within an interval, nor keeps the latest call from being made', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 70 }), { minLength: 1, maxLength: 30 }),
        fc.boolean(),
        async (gaps, leading) => {
          const clock = new ManualClock()
          const { log, fn } = noting(clock)
          const show = throttle(fn, 50, { leading, clock })
          const calls: number[] = []
          for (const [index, gap] of gaps.entries()) {
            await clock.advance(gap)
            calls.push(clock.now())
            show(`${index}`)
          }
          await clock.runAll()
          const times = log.map(([at]) => at)
          for (const [index, at] of times.entries()) expect(at - (times[index - 1] ?? -50)).toBeGreaterThanOrEqual(50)
          expect(log.at(-1)?.[1]).toBe(`${gaps.length - 1}`)
          // each call is answered by one that is made no later than an interval after it
          for (const at of calls) expect(times.some((time) => time >= at && time <= at + 50)).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('can call itself and refuses wrong options', async () => {
    const clock = new ManualClock()
    const times: number[] = []
    const again = throttle(
      () => {
        times.push(clock.now())
        if (times.length < 4) again()
      },
      10,
      { clock },
    )
    again()
    await clock.runAll()
    expect(times).toEqual([0, 10, 20, 30])
    expect(() => throttle(() => 1, 10, { leading: false, trailing: false })).toThrow(OptionError)
    expect(() => throttle(() => 1, Number.NaN)).toThrow('intervalMs')
    await turnMicrotasks(1)
  })
})
