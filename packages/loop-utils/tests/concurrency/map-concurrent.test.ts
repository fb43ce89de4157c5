import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { CancelledError, mapConcurrent } from '../../src/concurrency/index.ts'
import { OptionError, QueueOverflowError } from '../../src/errors/index.ts'
import { rejection, settled } from '../settled.ts'
import { Deferred, turnMicrotasks } from './interleavings.ts'

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const result of results) all.push(result)
  return all
}

async function* counting(to: number, log: string[] = []): AsyncGenerator<number> {
  try {
    for (let value = 0; value < to; value++) {
      log.push(`read ${value}`)
      yield value
    }
  } finally {
    log.push('closed')
  }
}

describe('mapConcurrent', () => {
  it('is Array.map, whatever the source, the delays and the concurrency', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 12 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        fc.constantFrom('array', 'promises', 'generator'),
        fc.boolean(),
        async (delays, concurrency, kind, ordered) => {
          let running = 0
          let most = 0
          const source =
            kind === 'array'
              ? delays
              : kind === 'promises'
                ? delays.map((delay) => Promise.resolve(delay))
                : (async function* () {
                    yield* delays
                  })()
          const map = async (delay: number | Promise<number>, { index }: { index: number }): Promise<string> => {
            most = Math.max(most, ++running)
            await turnMicrotasks(delay as number)
            running--
            return `${index}:${delay as number}`
          }
          const results = await collect(
            mapConcurrent<number | Promise<number>, string>(source, map, { concurrency, ordered }),
          )
          const expected = delays.map((delay, index) => `${index}:${delay}`)
          expect(ordered ? results : results.toSorted()).toEqual(ordered ? expected : expected.toSorted())
          expect(most).toBeLessThanOrEqual(concurrency)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('reads nothing before it is asked, and no more than concurrency ahead', async () => {
    const log: string[] = []
    const results = mapConcurrent(counting(100, log), (value) => value, { concurrency: 3 })
    await turnMicrotasks(20)
    expect(log).toEqual([])
    expect(await results.next()).toEqual({ done: false, value: 0 })
    await turnMicrotasks(50)
    // one was taken, three are ready
    expect(log.filter((entry) => entry.startsWith('read'))).toHaveLength(4)
    expect(await results.next()).toEqual({ done: false, value: 1 })
    await turnMicrotasks(50)
    expect(log.filter((entry) => entry.startsWith('read'))).toHaveLength(5)
    await results.return()
    expect(log.at(-1)).toBe('closed')
  })

  it('gives results as they are ready when they need no order', async () => {
    const clock = new ManualClock()
    const map = async (ms: number): Promise<number> => {
      await clock.sleep(ms)
      return ms
    }
    const results = collect(mapConcurrent([50, 10, 30, 20], map, { concurrency: 2, ordered: false }))
    await clock.runAll()
    // 10 is ready first, 30 begins then and is ready at 40, 20 begins then
    expect(await results).toEqual([10, 30, 50, 20])
  })

  it('aborts what is on its way when the loop is left, and waits until it has ended', async () => {
    const log: string[] = []
    const reasons: unknown[] = []
    const gate = new Deferred()
    const map = async (value: number, { signal }: { signal: AbortSignal }): Promise<number> => {
      if (value === 0) {
        await turnMicrotasks(20)
        return value
      }
      signal.addEventListener('abort', () => reasons.push(signal.reason))
      await gate.promise
      log.push(`${value} ended`)
      return value
    }
    let isLeft = false
    const loop = (async () => {
      for await (const value of mapConcurrent(counting(9, log), map, { concurrency: 3 })) {
        expect(value).toBe(0)
        break
      }
      isLeft = true
    })()
    await turnMicrotasks(60)
    expect(isLeft).toBe(false)
    expect(reasons.length).toBeGreaterThanOrEqual(2)
    for (const reason of reasons) expect(reason).toBeInstanceOf(CancelledError)
    gate.resolve()
    await loop
    expect(log.filter((entry) => entry.endsWith('ended'))).toHaveLength(reasons.length)
    expect(log).toContain('closed')
  })

  it('throws the first failure at once, aborts the rest and closes the source', async () => {
    const log: string[] = []
    const failure = new Error('broken')
    const signals: AbortSignal[] = []
    const map = async (value: number, { signal }: { signal: AbortSignal }): Promise<number> => {
      signals.push(signal)
      if (value !== 2) return new Promise(() => {})
      await turnMicrotasks(3)
      throw failure
    }
    const results = mapConcurrent(counting(9, log), map, { concurrency: 3 })
    expect(await rejection(collect(results))).toBe(failure)
    expect(signals.map(({ aborted, reason }) => [aborted, reason as unknown])).toEqual([
      [true, failure],
      [true, failure],
      [false, undefined],
    ])
    expect(await results.next()).toEqual({ done: true, value: undefined })
    await turnMicrotasks(10)
    expect(log.at(-1)).toBe('closed')
  })

  it('keeps a failure for the next who asks', async () => {
    const failure = new Error('broken')
    const results = mapConcurrent([1, 2], (value) => (value === 2 ? Promise.reject(failure) : value), {
      concurrency: 2,
    })
    const first = results.next()
    expect(await settled(first)).toMatchObject({ status: 'fulfilled' })
    await turnMicrotasks(10)
    expect(await rejection(results.next())).toBe(failure)
    expect(await results.next()).toEqual({ done: true, value: undefined })
  })

  it.each([true, false])(
    'leaves failures out and throws them at the end when told to (ordered: %s)',
    async (ordered) => {
      const results = mapConcurrent(
        [0, 1, 2, 3, 4, 5],
        async (value) => {
          await turnMicrotasks(value)
          if (value % 2 === 1) throw new Error(`odd ${value}`)
          return value
        },
        { concurrency: 2, stopOnError: false, ordered },
      )
      const seen: number[] = []
      const loop = async (): Promise<void> => {
        for await (const value of results) seen.push(value)
      }
      const error = (await rejection(loop())) as AggregateError
      expect(seen).toEqual([0, 2, 4])
      expect(error).toBeInstanceOf(AggregateError)
      expect(error.message).toBe('3 of 6 items failed')
      expect(error.errors.map((part: Error) => part.message)).toEqual(['odd 1', 'odd 3', 'odd 5'])
      expect(error.cause).toBe(error.errors[0])
    },
  )

  it('ends at once with the reason of an abort, and leaves no listener', async () => {
    const controller = new AbortController()
    const log: string[] = []
    const signals: AbortSignal[] = []
    const map = (_value: number, { signal }: { signal: AbortSignal }): Promise<never> => {
      signals.push(signal)
      return new Promise(() => {})
    }
    const results = mapConcurrent(counting(9, log), map, { concurrency: 2, signal: controller.signal })
    const loop = rejection(collect(results))
    await turnMicrotasks(30)
    controller.abort('enough')
    expect(await loop).toBe('enough')
    expect(signals.map((signal) => signal.reason as unknown)).toEqual(['enough', 'enough'])
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    const late = mapConcurrent(counting(9, log), map, { concurrency: 2, signal: controller.signal })
    expect(await rejection(late.next())).toBe('enough')
    expect(await late.next()).toEqual({ done: true, value: undefined })
    const finished = new AbortController()
    await collect(mapConcurrent([1, 2, 3], (value) => value, { concurrency: 2, signal: finished.signal }))
    expect(getEventListeners(finished.signal, 'abort')).toEqual([])
  })

  it('throws what the source throws, and does not close a source that has thrown', async () => {
    const failure = new Error('no more')
    let closed = 0
    const broken: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(failure),
        return: () => {
          closed++
          return Promise.resolve({ done: true, value: undefined })
        },
      }),
    }
    expect(await rejection(collect(mapConcurrent(broken, (value) => value, { concurrency: 2 })))).toBe(failure)
    expect(closed).toBe(0)
    const unopened: Iterable<number> = {
      [Symbol.iterator]: () => {
        throw failure
      },
    }
    expect(await rejection(collect(mapConcurrent(unopened, (value) => value, { concurrency: 2 })))).toBe(failure)
  })

  it.each([1, 2, 4])(
    'throws what a generator throws, after what it gave, at a concurrency of %i',
    async (concurrency) => {
      const failure = new Error('the list ends here')
      function* numbers(): Generator<number> {
        yield 1
        yield 2
        throw failure
      }
      // oxlint-disable-next-line require-await -- a generator that has nothing to wait for
      async function* later(): AsyncGenerator<number> {
        yield* numbers()
      }
      for (const ordered of [true, false]) {
        for (const stopOnError of [true, false]) {
          const options = { concurrency, ordered, stopOnError }
          expect(await rejection(collect(mapConcurrent(numbers(), (value) => value, options)))).toBe(failure)
          expect(await rejection(collect(mapConcurrent(later(), async (value) => value, options)))).toBe(failure)
        }
      }
    },
  )

  it('closes a source of promises when one rejects', async () => {
    const failure = new Error('no more')
    let isClosed = false
    function* promises(): Generator<Promise<number>> {
      try {
        yield Promise.resolve(1)
        yield Promise.reject(failure)
        yield Promise.resolve(3)
      } finally {
        isClosed = true
      }
    }
    const results = mapConcurrent(promises(), (value) => value, { concurrency: 1 })
    expect(await results.next()).toEqual({ done: false, value: 1 })
    expect(await rejection(results.next())).toBe(failure)
    expect(isClosed).toBe(true)
  })

  it('can be left while the source is being read and does not answer', async () => {
    let isClosed = false
    const silent: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => {
          isClosed = true
          return new Promise(() => {})
        },
      }),
    }
    await using results = mapConcurrent(silent, (value) => value, { concurrency: 2 })
    const next = results.next()
    await turnMicrotasks(5)
    expect(await results.return()).toEqual({ done: true, value: undefined })
    expect(await next).toEqual({ done: true, value: undefined })
    expect(isClosed).toBe(true)
  })

  it('throws what closing the source throws', async () => {
    const failure = new Error('cannot close')
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false, value: 1 }),
        return: () => Promise.reject(failure),
      }),
    }
    const results = mapConcurrent(source, () => new Promise<never>(() => {}), { concurrency: 1, ordered: false })
    void results.next()
    await turnMicrotasks(20)
    const leave = results.return()
    // what is on its way never ends, so leaving does not either; the failure is not lost meanwhile
    expect(await Promise.race([settled(leave), turnMicrotasks(20).then(() => 'waits')])).toBe('waits')
    const idle = mapConcurrent(source, (value) => value, { concurrency: 1 })
    await idle.next()
    await turnMicrotasks(20)
    expect(await rejection(idle.return())).toBe(failure)
  })

  it('works off an item that comes after the end no more', async () => {
    const gate = new Deferred<IteratorResult<number, undefined>>()
    const source: AsyncIterable<number> = { [Symbol.asyncIterator]: () => ({ next: () => gate.promise }) }
    let calls = 0
    const results = mapConcurrent(source, () => calls++, { concurrency: 1 })
    const next = results.next()
    await results.return()
    gate.resolve({ done: false, value: 1 })
    await turnMicrotasks(10)
    expect(calls).toBe(0)
    expect(await next).toEqual({ done: true, value: undefined })
  })

  it('drops what fails after the end, in the source and in what is on its way', async () => {
    const [item, read] = [new Deferred<number>(), new Deferred<IteratorResult<number, undefined>>()]
    const reads = [Promise.resolve({ done: false, value: 1 } as const), read.promise]
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({ next: () => reads.shift() ?? new Promise<never>(() => {}) }),
    }
    const results = mapConcurrent(source, () => item.promise, { concurrency: 2, stopOnError: false, ordered: false })
    const next = results.next()
    await turnMicrotasks(10)
    const left = results.return()
    item.reject(new Error('late'))
    read.reject(new Error('later'))
    expect(await left).toEqual({ done: true, value: undefined })
    expect(await next).toEqual({ done: true, value: undefined })
    const late = mapConcurrent([1], () => item.promise.catch(() => 7), { concurrency: 1, ordered: false })
    const gone = late.next()
    await turnMicrotasks(1)
    await late.return()
    expect(await gone).toEqual({ done: true, value: undefined })
    expect(await late.next()).toEqual({ done: true, value: undefined })
  })

  it('answers several who ask at once, in order, and bounds them', async () => {
    const results = mapConcurrent(counting(3), (value) => value, { concurrency: 2 })
    const all = await Promise.all([results.next(), results.next(), results.next(), results.next(), results.next()])
    expect(all.map((result) => result.value as unknown)).toEqual([0, 1, 2, undefined, undefined])
    const silent = mapConcurrent(
      { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) },
      (value) => value as number,
      { concurrency: 1 },
    )
    for (let asked = 0; asked < 65_536; asked++) void silent.next()
    await expect(silent.next()).rejects.toThrow(QueueOverflowError)
  })

  it('refuses wrong options at once', () => {
    const fn = (value: unknown): unknown => value
    expect(() => mapConcurrent([], fn, { concurrency: 0 })).toThrow(OptionError)
    expect(() => mapConcurrent([], fn, { concurrency: Infinity })).toThrow('concurrency')
    expect(() => mapConcurrent(undefined as never, fn, { concurrency: 1 })).toThrow('option source')
    expect(() => mapConcurrent([], 'fn' as never, { concurrency: 1 })).toThrow('option fn')
    expect(() => mapConcurrent([], fn, { concurrency: 1, ordered: 1 as never })).toThrow('ordered')
    expect(() => mapConcurrent([], fn, { concurrency: 1, signal: {} as never })).toThrow('signal')
  })
})
