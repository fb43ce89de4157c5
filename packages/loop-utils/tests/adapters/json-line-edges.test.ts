import { channel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { jsonLogSink, type JsonLogSinkOptions } from '../../src/adapters/index.ts'
import { ManualClock } from '../../src/clock/index.ts'

interface Line {
  readonly event: string
  readonly data: Record<string, unknown>
  readonly tooLong?: number
}

/** What a sink writes of one event. */
function lineOf(data: object, options: JsonLogSinkOptions = {}, name = 'x:test:value:show'): Line {
  const lines: string[] = []
  jsonLogSink((line) => lines.push(line), { clock: new ManualClock(), ...options }).onEvent(name, data as never)
  expect(lines).toHaveLength(1)
  return JSON.parse(lines[0] ?? '') as Line
}

function shown(value: unknown): unknown {
  return lineOf({ value }).data['value']
}

class Thing {
  act(): void {}
}
class Holder {
  readonly n = 1
}

describe('a value in a line', () => {
  it.each<[unknown, string, unknown]>([
    [true, 'true', true],
    [false, 'false', false],
    [7, 'a number', 7],
    ['7', 'a bigint', 7n],
    ['Symbol(s)', 'a symbol', Symbol('s')],
    ['[function]', 'a function', () => 1],
    [null, 'null', null],
    ['[Thing]', 'an object of a class without fields', new Thing()],
    [{ n: 1 }, 'an object of a class with fields', new Holder()],
    [{}, 'an empty object', {}],
    [{}, 'an empty object without prototype', Object.create(null)],
    [
      '[object]',
      'an empty object of a class without name',
      new (class {
        act(): void {}
      })(),
    ],
    ['[object]', 'an object whose constructor is none', Object.create({ constructor: 7 })],
    ['[object]', 'an object whose constructor is undefined', Object.create({ constructor: undefined })],
    [
      { null: 1, Thing: 2, undefined: 3 },
      'a map',
      new Map<unknown, unknown>([
        [null, 1],
        [new Thing(), 2],
        [undefined, 3],
      ]),
    ],
  ])('is %o for %s', (expected, _, value) => {
    expect(shown(value)).toEqual(expected)
  })

  it('is an error with cause and parts only when it has them', () => {
    expect(Object.keys(shown(new Error('x')) as object)).toEqual(['name', 'message', 'stack'])
    const parts = shown(new AggregateError([new Error('part')], 'all', { cause: 'why' }))
    expect(Object.keys(parts as object)).toEqual(['name', 'message', 'stack', 'cause', 'errors'])
    expect(parts).toMatchObject({ cause: 'why', errors: [{ message: 'part' }] })
    const own = Object.assign(new Error('x'), { errors: [1], code: 'E' })
    expect(shown(own)).toMatchObject({ errors: [1], code: 'E' })
  })

  it('shows an own name or message of an error once', () => {
    const error = new Error('x')
    for (const key of ['name', 'message']) Object.defineProperty(error, key, { value: `own ${key}`, enumerable: true })
    expect(Object.entries(shown(error) as object).filter(([key]) => key !== 'stack')).toEqual([
      ['name', 'own name'],
      ['message', 'own message'],
    ])
  })

  it('tells how many fields an error has when it has too many', () => {
    const many = Object.assign(new Error('x'), Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`f${n}`, n])))
    expect((shown(many) as Record<string, unknown>)['…']).toBe(503)
  })

  it('tells what reading it threw, at a bearable length', () => {
    const throwing = (error: unknown): object => ({
      get bad(): never {
        throw error
      },
    })
    expect(shown(throwing(new Error('e'.repeat(1000))))).toEqual({ bad: `[unreadable: ${'e'.repeat(200)}]` })
    expect(shown(throwing('text'))).toEqual({ bad: '[unreadable: string]' })
    const hostile = new Proxy(new Error('x'), {
      get: () => {
        throw new Error('trap')
      },
    })
    expect(shown(throwing(hostile))).toEqual({ bad: '[unreadable: an error]' })
  })

  it('has every key that is not secret, those of many events alike', () => {
    const lines: string[] = []
    const { onEvent } = jsonLogSink((line) => lines.push(line), { clock: new ManualClock(), maxLinesPerSecond: 1e6 })
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 1500; n++)
        onEvent('x:test:key:show', { [`key${n}`]: n, password: 'p', [`k${'x'.repeat(n % 120)}`]: n })
    }
    const data = lines.map((line) => (JSON.parse(line) as Line).data)
    expect(data.every(({ password }) => password === '[redacted]')).toBe(true)
    expect(data.every((fields) => Object.values(fields).filter((value) => value === '[redacted]').length === 1)).toBe(
      true,
    )
  })
})

describe('a line', () => {
  it('has the name of its event, at a bearable length', () => {
    expect(lineOf({}, {}, 'n'.repeat(1000)).event).toBe('n'.repeat(200))
  })

  it('may be as long as it is told, and no longer', () => {
    const data = { text: 'x'.repeat(300) }
    const length = JSON.stringify({ time: '2025-06-15T15:06:40.000Z', event: 'x:test:value:show', data }).length + 1
    expect(lineOf(data, { maxLineLength: length }).data).toEqual(data)
    expect(lineOf(data, { maxLineLength: length - 1 }).tooLong).toBe(length)
  })

  it('is not written any more once the subscription is disposed of, however often', () => {
    const lines: string[] = []
    const sink = jsonLogSink((line) => lines.push(line), { clock: new ManualClock() })
    const first = sink.subscribe(['x:test:json-line-edges:end'])
    const second = sink.subscribe(['x:test:json-line-edges:end'])
    const mine = channel('x:test:json-line-edges:end')
    mine.publish({ n: 1 })
    expect(lines).toHaveLength(2)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    mine.publish({ n: 2 })
    expect(lines).toHaveLength(3)
    second[Symbol.dispose]()
    mine.publish(null)
    expect([lines.length, mine.hasSubscribers]).toEqual([3, false])
  })

  it('shows a message that is no object as one', () => {
    const lines: string[] = []
    using subscription = jsonLogSink((line) => lines.push(line), { clock: new ManualClock() }).subscribe([
      'x:test:json-line-edges:null',
    ])
    channel('x:test:json-line-edges:null').publish(null)
    expect((JSON.parse(lines[0] ?? '') as Line).data).toEqual({ message: null })
    expect(subscription).toBeDefined()
  })
})
