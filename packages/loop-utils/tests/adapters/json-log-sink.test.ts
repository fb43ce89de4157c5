import { channel } from 'node:diagnostics_channel'
import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonLogSink, type JsonLogSinkOptions } from '../../src/adapters/index.ts'
import { constant } from '../../src/backoff/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { retry } from '../../src/retry/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { failing } from '../retry/failing.ts'

interface Line {
  readonly time: string
  readonly event: string
  readonly data: Record<string, unknown>
}

/** A sink whose lines are kept, as text and parsed. */
function collector(options: JsonLogSinkOptions = {}): {
  readonly lines: string[]
  readonly clock: ManualClock
  readonly sink: ReturnType<typeof jsonLogSink>
  readonly parsed: () => Line[]
  /** What becomes of one value. */
  readonly show: (value: unknown) => unknown
} {
  const lines: string[] = []
  const clock = new ManualClock()
  const sink = jsonLogSink((line) => lines.push(line), { clock, ...options })
  const parsed = (): Line[] => lines.map((line) => JSON.parse(line) as Line)
  return {
    lines,
    clock,
    sink,
    parsed,
    show: (value) => {
      sink.onEvent('x:test:value:show', { value })
      return parsed().at(-1)?.data['value']
    },
  }
}

describe('a line', () => {
  it('is one JSON object with time, event and data', async () => {
    const { sink, lines, clock } = collector({ fields: { service: 'hub', pid: 5, token: 'x' } })
    const { onEvent } = sink
    await Promise.all([
      retry(failing(new Error('no route')), { onEvent, clock, backoff: constant(20) }),
      clock.advance(20),
    ])
    expect(lines).toHaveLength(1)
    expect(lines[0]?.endsWith('}\n')).toBe(true)
    expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      time: '2025-06-15T15:06:40.000Z',
      service: 'hub',
      pid: 5,
      token: '[redacted]',
      event: 'x:loop-utils:retry:schedule',
      data: {
        attempt: 1,
        elapsedMs: 0,
        delayMs: 20,
        error: { name: 'Error', message: 'no route', stack: expect.stringContaining('no route') as string },
      },
    })
  })

  it('is of the same events, whether they come by onEvent or by diagnostics channels', async () => {
    const { sink, parsed } = collector()
    const subscription = sink.subscribe()
    await retry(failing('down'), { backoff: constant(0) })
    expect(parsed()).toMatchObject([{ event: 'x:loop-utils:retry:schedule', data: { error: 'down' } }])
    subscription[Symbol.dispose]()
    await retry(failing('down'), { backoff: constant(0) })
    const mine = channel('x:test:json-log-sink:happen')
    sink.subscribe([mine.name as string])
    mine.publish('text')
    expect(parsed().at(-1)).toMatchObject({ event: 'x:test:json-log-sink:happen', data: { message: 'text' } })
    sink[Symbol.dispose]()
    expect(mine.hasSubscribers).toBe(false)
    expect(sink.stats()).toEqual({ written: 2, dropped: 0, shortened: 0, failed: 0 })
  })

  it('is written of the events that are wanted', () => {
    const { sink, lines } = collector({ when: (name, data) => name.endsWith(':up') && data['n'] !== 2 })
    for (const [name, n] of [
      ['up', 1],
      ['up', 2],
      ['down', 3],
    ] as const)
      sink.onEvent(`x:test:link:${name}`, { n })
    expect(lines).toHaveLength(1)
  })
})

describe('secrets', () => {
  it.each([
    'password',
    'Password',
    'db_password',
    'X-Api-Key',
    'accessToken',
    'access_token',
    'client.secret',
    'localKey',
    'Authorization',
    'set-cookie',
    'PIN',
    'auth',
    'private key',
  ])('are left out by the name of their key: %s', (key) => {
    const { sink, lines } = collector()
    sink.onEvent('x:test:login:try', { deep: [{ [key]: { user: 'hunter2' } }], map: new Map([[key, 'hunter2']]) })
    expect(lines[0]).not.toContain('hunter2')
    expect(lines[0]).toContain('[redacted]')
  })

  it.each(['tokens', 'spin', 'author', 'passed', 'keyboard', 'secretary', 'opinion'])('are not seen in %s', (key) => {
    const { sink, parsed } = collector()
    sink.onEvent('x:test:login:try', { [key]: 5 })
    expect(parsed()[0]?.data).toEqual({ [key]: 5 })
  })

  it('may have further names', () => {
    const { sink, parsed } = collector({ redact: ['serialNumber', 'mac'] })
    sink.onEvent('x:test:login:try', { device_serial_number: 1, MAC: 2, smac: 3, password: 4 })
    expect(parsed()[0]?.data).toEqual({
      device_serial_number: '[redacted]',
      MAC: '[redacted]',
      smac: 3,
      password: '[redacted]',
    })
  })

  it('are not read at all', () => {
    const { sink, parsed } = collector()
    let reads = 0
    const data = {
      get password() {
        reads++
        return 'x'
      },
    }
    sink.onEvent('x:test:login:try', data)
    expect([reads, parsed()[0]?.data]).toEqual([0, { password: '[redacted]' }])
  })

  it.each([
    ['mqtt://user:hunter2@broker:1883/a', 'mqtt://[redacted]@broker:1883/a'],
    [
      'connect to https://hunter2@a.b failed, then http://x:hunter2@c',
      'connect to https://[redacted]@a.b failed, then http://[redacted]@c',
    ],
    ['mailto:me@example.org and http://host/path@2', 'mailto:me@example.org and http://host/path@2'],
    [new URL('ws://u:hunter2@h/'), 'ws://[redacted]@h/'],
  ])('are left out of addresses: %s', (text, shown) => {
    const { show } = collector()
    expect(show(text)).toBe(shown)
    expect(JSON.stringify(show(new Error(String(text))))).not.toContain('hunter2')
  })

  it('are left out of an address that is cut in the middle of one', () => {
    const { show } = collector({ maxTextLength: 20 })
    expect(show(`mqtt://user:hunter2hunter2@broker`)).toBe('mqtt://[redacted]… (33 characters)')
  })

  it('are not shown as bytes or keys', () => {
    const { show } = collector()
    const { privateKey } = generateKeyPairSync('ed25519')
    expect(show([new Uint8Array(16).fill(7), Buffer.from('abc'), new ArrayBuffer(5), privateKey])).toEqual([
      '[16 bytes]',
      '[3 bytes]',
      '[5 bytes]',
      '[PrivateKeyObject]',
    ])
  })
})

describe('values', () => {
  const circle: Record<string, unknown> = { name: 'circle' }
  circle['self'] = { again: [circle] }
  class Lamp {
    readonly #id = 5
    id(): number {
      return this.#id
    }
  }
  it.each<[string, unknown, unknown]>([
    ['a bigint', 2n ** 70n, '1180591620717411303424'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a function', () => 1, '[function]'],
    ['numbers that JSON does not have', [NaN, Infinity, -Infinity, -0], ['NaN', 'Infinity', '-Infinity', 0]],
    ['undefined in a list, and in an object', [undefined, { a: undefined, b: null }], [null, { b: null }]],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['an invalid date', new Date(NaN), '[invalid date]'],
    ['a set', new Set([1, 'two']), [1, 'two']],
    [
      'a map',
      new Map<unknown, unknown>([
        [1, 'a'],
        [{}, 'b'],
      ]),
      { 1: 'a', Object: 'b' },
    ],
    ['a regular expression', /a+/g, '/a+/g'],
    ['a circle', circle, { name: 'circle', self: { again: ['[circular]'] } }],
    ['the same object twice', [circle['name'], { a: Array.prototype }], ['circle', { a: [] }]],
    ['an object that shows nothing', [new Lamp(), new AbortController().signal], ['[Lamp]', '[AbortSignal]']],
    ['an object without prototype', Object.assign(Object.create(null) as object, { a: 1 }), { a: 1 }],
    ['a key that is __proto__', JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}')],
    ['what has a toJSON', Deadline.after(50, new ManualClock()), { remainingMs: 50 }],
    ['text with line feeds', 'a\nb\u2028c\u0000', 'a\nb\u2028c\u0000'],
    ['half a surrogate pair', '\ud800', '\ud800'],
  ])('are shown: %s', (_what, value, shown) => {
    const { show, lines } = collector()
    expect(show(value)).toEqual(shown)
    expect(lines[0]?.split('\n')).toHaveLength(2)
  })

  it('that are errors are shown with their code, causes and parts', () => {
    const { show } = collector()
    const cause = Object.assign(new TypeError('refused'), { code: 'ECONNREFUSED', port: 80 })
    const error = new AggregateError([cause, 'text'], 'both failed', { cause })
    expect(show(error)).toMatchObject({
      name: 'AggregateError',
      message: 'both failed',
      cause: { name: 'TypeError', message: 'refused', code: 'ECONNREFUSED', port: 80 },
      errors: [{ name: 'TypeError' }, 'text'],
    })
    expect(show(new DOMException('gone', 'AbortError'))).toMatchObject({ name: 'AbortError', message: 'gone' })
  })

  it('that resist are told from those around them', () => {
    const { show } = collector()
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('trapped')
        },
      },
    )
    const bad = {
      get a(): never {
        throw new Error('in a')
      },
      get b(): never {
        // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- anything may be thrown
        throw 'text'
      },
      c: trap,
      d: { toJSON: () => null },
      e: {
        toJSON: () => {
          throw new Error('in toJSON')
        },
      },
      f: 1,
    }
    expect(show([bad, trap])).toEqual([
      {
        a: '[unreadable: in a]',
        b: '[unreadable: string]',
        c: '[unreadable: trapped]',
        d: null,
        e: '[unreadable: in toJSON]',
        f: 1,
      },
      '[unreadable: trapped]',
    ])
    const worst = new Proxy(new Error('x'), {
      get: () => {
        throw new Proxy(new Error('y'), {
          get: () => {
            throw new Error('z')
          },
        })
      },
    })
    expect(show(worst)).toMatch(/^\[unreadable: /)
  })
})

describe('bounds', () => {
  it('hold for depth, entries, texts and the number of values', () => {
    const { show } = collector({ maxDepth: 3, maxEntries: 2, maxTextLength: 16, maxLineLength: 1_000_000 })
    expect(show({ a: { b: { c: 1 } }, list: [[[1]]] })).toEqual({ a: { b: '[object]' }, list: ['[list of 1]'] })
    expect(show([1, 2, 3])).toEqual([1, 2, '… (3)'])
    expect(show({ a: 1, b: 2, c: 3 })).toEqual({ a: 1, b: 2, '…': 3 })
    expect(show('0123456789abcdef')).toBe('0123456789abcdef')
    expect(show('0123456789abcdefg')).toBe('0123456789abcdef… (17 characters)')
    const wide = collector({ maxEntries: 10_000, maxLineLength: 1_000_000 })
    const shown = wide.show(Array.from({ length: 5000 }, () => 1)) as unknown[]
    expect(shown.filter((value) => value === 1)).toHaveLength(998)
    expect(shown.at(-1)).toBe('[too much]')
  })

  it('hold for the length of a line, of which the name then remains', () => {
    const { sink, lines } = collector({ maxLineLength: 256 })
    sink.onEvent('x:test:big:happen', { text: 'x'.repeat(1000) })
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      time: '2025-06-15T15:06:40.000Z',
      event: 'x:test:big:happen',
      tooLong: expect.any(Number) as number,
    })
    expect(sink.stats()).toMatchObject({ written: 1, shortened: 1 })
  })

  it('hold for lines a second; how many were dropped is told afterwards', async () => {
    const { sink, parsed, clock } = collector({ maxLinesPerSecond: 3 })
    const burst = (count: number): void => {
      for (let n = 0; n < count; n++) sink.onEvent('x:test:burst:tick', { n })
    }
    burst(10)
    await clock.advance(999)
    burst(1)
    await clock.advance(1)
    burst(10)
    await clock.advance(5000)
    burst(1)
    expect(parsed().map(({ event, data }) => [event, data])).toEqual([
      ['x:test:burst:tick', { n: 0 }],
      ['x:test:burst:tick', { n: 1 }],
      ['x:test:burst:tick', { n: 2 }],
      ['x:loop-utils:json-log:drop', { dropped: 8 }],
      ['x:test:burst:tick', { n: 0 }],
      ['x:test:burst:tick', { n: 1 }],
      ['x:loop-utils:json-log:drop', { dropped: 8 }],
      ['x:test:burst:tick', { n: 0 }],
    ])
    expect(sink.stats()).toMatchObject({ written: 8, dropped: 16 })
    expect(clock.pending).toBe(0)
  })

  it('hold for whatever value there is: never a throw, always one short line of JSON', () => {
    const bounds = { maxDepth: 4, maxEntries: 8, maxTextLength: 64, maxLineLength: 4096 }
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withNullPrototype: true,
          withSparseArray: true,
          maxDepth: 6,
        }),
        fc.string(),
        (value, name) => {
          const { sink, lines } = collector(bounds)
          sink.onEvent(name, { value })
          expect(lines).toHaveLength(1)
          expect(lines[0]?.length).toBeLessThanOrEqual(4096)
          expect((JSON.parse(lines[0] ?? '') as Line).event).toBe(name.slice(0, 200))
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('a write', () => {
  it('that throws is counted and becomes a warning', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const sink = jsonLogSink(() => {
      throw new Error('disk full')
    })
    sink.onEvent('x:test:disk:fill', {})
    expect((await warned).message).toBe('write threw Error: disk full')
    expect(sink.stats()).toEqual({ written: 0, dropped: 0, shortened: 0, failed: 1 })
  })

  it('that gives rise to events itself does not go round', () => {
    let writes = 0
    const sink = jsonLogSink(() => {
      writes++
      sink.onEvent('x:test:line:write', {})
    })
    sink.onEvent('x:test:thing:happen', {})
    expect(writes).toBe(1)
    expect(sink.stats()).toMatchObject({ written: 1, dropped: 1 })
  })

  it('goes on after a filter threw', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const { sink, lines } = collector({
      when: (_name, { n }) => {
        if (n === 1) throw new Error('bug in when')
        return true
      },
    })
    sink.onEvent('x:test:thing:happen', { n: 1 })
    sink.onEvent('x:test:thing:happen', { n: 2 })
    expect(lines).toHaveLength(1)
    expect((await warned).message).toBe('jsonLogSink threw Error: bug in when')
  })
})
