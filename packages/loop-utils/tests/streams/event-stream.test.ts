import { getEventListeners } from 'node:events'
import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { OptionError, QueueOverflowError } from '../../src/errors/index.ts'
import { TypedEmitter } from '../../src/events/index.ts'
import { EventStream, streamOf, type StreamOptions } from '../../src/streams/index.ts'
import { CountedSignal } from '../counted-signal.ts'

interface Events {
  value: [value: number]
  down: []
}

function setUp(options: StreamOptions = {}): { emitter: TypedEmitter<Events>; stream: EventStream<number> } {
  const emitter = new TypedEmitter<Events>()
  return { emitter, stream: streamOf(emitter, 'value', options) }
}

function emitAll(emitter: TypedEmitter<Events>, from: number, to: number): void {
  for (let value = from; value <= to; value++) emitter.emit('value', value)
}

/** What a stream gives until it ends, and the error it ends with, if any. */
async function collect(stream: AsyncIterable<number>): Promise<{ values: number[]; error: unknown }> {
  const values: number[] = []
  try {
    for await (const value of stream) values.push(value)
    return { values, error: undefined }
  } catch (error) {
    return { values, error }
  }
}

describe('a stream of events', () => {
  it('listens from the call on, not only when it is iterated over', async () => {
    const { emitter, stream } = setUp()
    expect(emitter.listenerCount('value')).toBe(1)
    emitAll(emitter, 1, 3)
    expect(stream.depth).toBe(3)
    stream.end()
    expect(await collect(stream)).toEqual({ values: [1, 2, 3], error: undefined })
    expect(emitter.listenerCount('value')).toBe(0)
    expectTypeOf(stream).toEqualTypeOf<EventStream<number>>()
  })

  it('gives to those who wait, in order', async () => {
    const { emitter, stream } = setUp()
    const waiting = [stream.next(), stream.next(), stream.next()]
    emitAll(emitter, 1, 2)
    stream.end()
    expect(await Promise.all(waiting)).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: undefined },
    ])
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  it('ends when its consumer leaves the loop', async () => {
    const { emitter, stream } = setUp()
    emitAll(emitter, 1, 5)
    const seen: number[] = []
    for await (const value of stream) {
      seen.push(value)
      if (value === 2) break
    }
    expect(seen).toEqual([1, 2])
    expect([emitter.listenerCount('value'), stream.isOpen, stream.depth]).toEqual([0, false, 0])
    emitter.emit('value', 6)
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  it('ends when it is disposed of', async () => {
    const emitter = new TypedEmitter<Events>()
    {
      await using stream = streamOf(emitter, 'value')
      expect(stream.isOpen).toBe(true)
    }
    expect(emitter.listenerCount('value')).toBe(0)
  })

  it('releases those who wait when it is left', async () => {
    const { stream } = setUp()
    const waiting = stream.next()
    await stream.return()
    expect(await waiting).toEqual({ done: true, value: undefined })
  })

  it('is one of several that do not slow one another', async () => {
    const { emitter, stream } = setUp({ capacity: 2 })
    const other = streamOf(emitter, 'value', { capacity: 100 })
    emitAll(emitter, 1, 10)
    other.end()
    expect((await collect(other)).values).toHaveLength(10)
    expect((await collect(stream)).error).toBeInstanceOf(QueueOverflowError)
  })
})

describe('overflow', () => {
  it('gives what waits without a gap, then throws, and stops listening', async () => {
    const { emitter, stream } = setUp({ capacity: 3 })
    emitAll(emitter, 1, 9)
    expect(emitter.listenerCount('value')).toBe(0)
    const { values, error } = await collect(stream)
    expect(values).toEqual([1, 2, 3])
    expect(error).toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW', capacity: 3, queue: "stream of 'value'" })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    expect(stream.dropped).toBe(1)
  })

  it('drops the oldest when told to, and counts', async () => {
    const { emitter, stream } = setUp({ capacity: 3, overflow: 'drop-oldest' })
    emitAll(emitter, 1, 9)
    stream.end()
    expect(await collect(stream)).toEqual({ values: [7, 8, 9], error: undefined })
    expect(stream.dropped).toBe(6)
  })

  it('drops the newest when told to, and counts', async () => {
    const { emitter, stream } = setUp({ capacity: 3, overflow: 'drop-newest' })
    emitAll(emitter, 1, 9)
    stream.end()
    expect(await collect(stream)).toEqual({ values: [1, 2, 3], error: undefined })
    expect(stream.dropped).toBe(6)
  })

  it('holds 1024 items by default', () => {
    const { emitter, stream } = setUp({ overflow: 'drop-newest' })
    emitAll(emitter, 1, 2000)
    expect([stream.depth, stream.dropped, stream.capacity]).toEqual([1024, 976, 1024])
  })

  it('behaves like a model, whatever comes in whatever order', async () => {
    const steps = fc.array(fc.constantFrom('push', 'next', 'next', 'push', 'push'), { maxLength: 200 })
    const overflows = fc.constantFrom('drop-oldest', 'drop-newest', 'error') as fc.Arbitrary<StreamOptions['overflow']>
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 5 }), overflows, async (plan, capacity, overflow = 'error') => {
        const { emitter, stream } = setUp({ capacity, overflow })
        const model: number[] = []
        const got: unknown[] = []
        const expected: unknown[] = []
        let next = 0
        let isEnded = false
        for (const step of plan) {
          if (step === 'push') {
            emitter.emit('value', ++next)
            const isFull = model.length === capacity
            if (isFull && overflow === 'error') isEnded = true
            if (isFull && overflow === 'drop-oldest') model.shift()
            if (!isEnded && !(isFull && overflow === 'drop-newest')) model.push(next)
          } else if (model.length > 0) {
            got.push(await stream.next())
            expected.push({ done: false, value: model.shift() })
          }
          expect(stream.depth).toBe(model.length)
          expect(stream.isOpen).toBe(!isEnded)
        }
        expect(got).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a signal', () => {
  it('ends the stream at once with its reason', async () => {
    const counted = new CountedSignal()
    const { emitter, stream } = setUp({ signal: counted.signal })
    emitAll(emitter, 1, 3)
    const reason = new Error('enough')
    counted.controller.abort(reason)
    expect(await collect(stream)).toEqual({ values: [], error: reason })
    expect(emitter.listenerCount('value')).toBe(0)
    expect(getEventListeners(counted.signal, 'abort')).toEqual([])
  })

  it('rejects the one who waits', async () => {
    const controller = new AbortController()
    const { stream } = setUp({ signal: controller.signal })
    const waiting = stream.next()
    controller.abort('now')
    await expect(waiting).rejects.toBe('now')
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  it('that was aborted before keeps it from listening', async () => {
    const { emitter, stream } = setUp({ signal: AbortSignal.abort('before') })
    expect(emitter.listenerCount('value')).toBe(0)
    expect(await collect(stream)).toEqual({ values: [], error: 'before' })
  })

  it('is let go when the stream ends otherwise', async () => {
    const counted = new CountedSignal()
    await setUp({ signal: counted.signal }).stream.return()
    setUp({ signal: counted.signal }).stream.end()
    const overflowing = setUp({ signal: counted.signal, capacity: 1 })
    emitAll(overflowing.emitter, 1, 2)
    expect([counted.added, counted.removed]).toEqual([3, 3])
  })
})

describe('failing', () => {
  it('gives what waits, then the error once', async () => {
    const { emitter, stream } = setUp()
    emitAll(emitter, 1, 2)
    stream.fail('broken')
    stream.fail('again')
    expect(await collect(stream)).toEqual({ values: [1, 2], error: 'broken' })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })
})

describe('an exclusive stream', () => {
  class Source {
    readonly calls: string[] = []
    pause(): void {
      this.calls.push('pause')
    }
    resume(): void {
      this.calls.push('resume')
    }
  }

  it('holds its source back from half its capacity on, and lets it go at a quarter', async () => {
    const source = new Source()
    const { emitter, stream } = setUp({ capacity: 8, exclusive: true, source })
    emitAll(emitter, 1, 3)
    expect(source.calls).toEqual([])
    emitAll(emitter, 4, 7)
    expect(source.calls).toEqual(['pause'])
    for (let taken = 0; taken < 4; taken++) await stream.next()
    expect(source.calls).toEqual(['pause'])
    await stream.next()
    expect([stream.depth, source.calls]).toEqual([2, ['pause', 'resume']])
    emitAll(emitter, 8, 9)
    expect(source.calls).toEqual(['pause', 'resume', 'pause'])
  })

  it('loses nothing when the source heeds it', async () => {
    const waiting: number[] = Array.from({ length: 500 }, (_, index) => index)
    const emitter = new TypedEmitter<Events>()
    const flow = { isPaused: false }
    const feed = (): void => {
      while (!flow.isPaused && waiting.length > 0) emitter.emit('value', waiting.shift() ?? NaN)
    }
    const source = {
      pause: (): void => void (flow.isPaused = true),
      resume: (): void => {
        flow.isPaused = false
        queueMicrotask(feed)
      },
    }
    const stream = streamOf(emitter, 'value', { capacity: 16, exclusive: true, source })
    feed()
    const seen: number[] = []
    for await (const value of stream) {
      seen.push(value)
      if (seen.length === 500) break
    }
    expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => index))
    expect([stream.dropped, flow.isPaused]).toEqual([0, false])
  })

  it('shares its source with others: it resumes when the last one lets go', async () => {
    const source = new Source()
    const emitter = new TypedEmitter<Events>()
    const options = { capacity: 2, exclusive: true, source, overflow: 'drop-newest' } as const
    const one = streamOf(emitter, 'value', options)
    const other = streamOf(emitter, 'value', options)
    emitAll(emitter, 1, 2)
    expect(source.calls).toEqual(['pause'])
    await one.return()
    await one.return()
    expect(source.calls).toEqual(['pause'])
    await other.return()
    expect(source.calls).toEqual(['pause', 'resume'])
  })

  it('needs a source', () => {
    expect(() => setUp({ exclusive: true })).toThrow(/option source is undefined/)
  })
})

describe('wrong options', () => {
  it('are refused, and nothing listens', () => {
    const emitter = new TypedEmitter<Events>()
    expect(() => streamOf(emitter, 'value', { capacity: 0 })).toThrow(OptionError)
    expect(() => streamOf(emitter, 'value', { overflow: 'block' as never })).toThrow(OptionError)
    expect(() => streamOf(emitter, 'value', { signal: 1 as never })).toThrow(OptionError)
    expect(emitter.listenerCount('value')).toBe(0)
  })
})

describe('EventStream', () => {
  it('can be fed by hand, and keeps its order over many items', async () => {
    let ends = 0
    const stream = new EventStream<number>({ name: 'numbers', onEnd: () => ends++ }, { capacity: 5000 })
    for (let round = 0, pushed = 0, taken = 0; round < 200; round++) {
      for (let count = 0; count < round % 40; count++) expect(stream.push(pushed++)).toBe(true)
      for (let count = stream.depth >> 1; count > 0; count--) {
        expect(await stream.next()).toEqual({ done: false, value: taken++ })
      }
    }
    stream.end()
    stream.end()
    expect(ends).toBe(1)
    expect(stream.push(1)).toBe(false)
  })
})
