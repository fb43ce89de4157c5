import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { EventStream, type StreamOptions } from '../../src/streams/index.ts'

const END = { done: true, value: undefined }

function made(options: StreamOptions = {}): EventStream<number> {
  return new EventStream<number>({ name: 'numbers', onEnd: () => {} }, options)
}

class Source {
  readonly calls: string[] = []
  pause(): void {
    this.calls.push('pause')
  }
  resume(): void {
    this.calls.push('resume')
  }
}

describe('push', () => {
  it('tells whether the item was taken', async () => {
    const stream = made({ capacity: 1, overflow: 'drop-newest' })
    const waiting = stream.next()
    expect([stream.push(1), stream.push(2), stream.push(3)]).toEqual([true, true, false])
    expect([await waiting, await stream.next()]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
    ])
    stream.end()
    expect(stream.push(4)).toBe(false)
  })

  it('is true for an item that pushes the oldest out, and false for the one that ends the stream', () => {
    const dropping = made({ capacity: 1, overflow: 'drop-oldest' })
    expect([dropping.push(1), dropping.push(2), dropping.dropped]).toEqual([true, true, 1])
    const failing = made({ capacity: 1 })
    expect([failing.push(1), failing.push(2), failing.isOpen]).toEqual([true, false, false])
  })
})

describe('return', () => {
  it('gives the end', async () => {
    expect(await made().return()).toEqual(END)
  })

  it('drops the failure that nobody has seen', async () => {
    const stream = made()
    stream.fail(new Error('unseen'))
    await stream.return()
    expect(await stream.next()).toEqual(END)
  })
})

describe('a signal has no listener left', () => {
  it.each<[string, (stream: EventStream<number>) => unknown]>([
    ['the end', (stream) => stream.end()],
    ['a failure', (stream) => stream.fail('broken')],
    ['leaving', (stream) => stream.return()],
  ])('after %s', async (_, end) => {
    const { signal } = new AbortController()
    const stream = made({ signal })
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await end(stream)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('an exclusive stream', () => {
  it('leaves alone a source that another one holds', async () => {
    const source = new Source()
    const holding = made({ capacity: 2, exclusive: true, source })
    const idle = made({ capacity: 100, exclusive: true, source })
    holding.push(1)
    idle.push(1)
    await idle.next()
    idle.end()
    expect(source.calls).toEqual(['pause'])
    holding.end()
    expect(source.calls).toEqual(['pause', 'resume'])
  })

  it('does not resume a source that it never held', async () => {
    const source = new Source()
    const stream = made({ capacity: 100, exclusive: true, source })
    stream.push(1)
    await stream.next()
    stream.end()
    expect(source.calls).toEqual([])
  })

  it('pauses a source once while it holds it', () => {
    const source = new Source()
    const stream = made({ capacity: 4, exclusive: true, source })
    for (let item = 0; item < 4; item++) stream.push(item)
    expect(source.calls).toEqual(['pause'])
    stream.end()
    expect(source.calls).toEqual(['pause', 'resume'])
  })
})

describe('a wrong option is named', () => {
  it.each([
    ['capacity', { capacity: 0 }, 'an integer of at least 1'],
    ['overflow', { overflow: 'block' as never }, "one of 'error', 'drop-oldest', 'drop-newest'"],
    ['signal', { signal: 1 as never }, 'an AbortSignal'],
    ['source', { exclusive: true }, 'what to hold back, as the stream is exclusive'],
  ])('%s', (option, options, expected) => {
    expect(() => made(options)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option, expected }))
  })
})
