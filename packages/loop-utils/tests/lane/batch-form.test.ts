import { describe, expect, it } from 'vitest'
import { BatchDecoder } from '../../src/lane/batch-decoder.ts'
import { BatchEncoder } from '../../src/lane/batch-encoder.ts'
import { type RecordShape, ShapeTable } from '../../src/lane/batch-shapes.ts'
import type { Batch } from '../../src/lane/batch.ts'
import { upTo } from './collector.ts'

const RAW = -1
const fn = (): number => 1

function batchOf(...items: readonly unknown[]): Batch {
  const encoder = new BatchEncoder()
  for (const item of items) encoder.add(item)
  return encoder.take()
}

function record(size: number): Record<string, number> {
  return Object.fromEntries(upTo(size).map((i) => [`k${i}`, i]))
}

describe('the form of a batch', () => {
  it.each<[what: string, items: readonly unknown[], rows: readonly (readonly unknown[])[]]>([
    ['nothing', [], [[0, null]]],
    [
      'single values, which stay as they are',
      [1, null, 'a', fn],
      [
        [4, null],
        [RAW, 1],
        [RAW, null],
        [RAW, 'a'],
        [RAW, fn],
      ],
    ],
    [
      'records, by the order of their keys',
      [{ a: 1, b: 'x' }, { a: 2, b: 'y' }, { b: 1, a: 2 }, { a: 1 }, { a: 1, b: 2, c: 3 }, { a: 3, b: 'z' }],
      [
        [6, [shape('a', 'b'), shape('b', 'a'), shape('a'), shape('a', 'b', 'c')]],
        [0, 1, 'x'],
        [0, 2, 'y'],
        [1, 1, 2],
        [2, 1],
        [3, 1, 2, 3],
        [0, 3, 'z'],
      ],
    ],
    [
      'tuples, with records in them',
      [
        ['r', { a: 1 }],
        ['r', { a: 2 }],
        ['s', { b: 2 }],
        [{ a: 1 }, [1]],
        [null, undefined],
      ],
      [
        [5, [shape('a'), tuple(2, 0b10), shape('b'), tuple(2, 0b11), tuple(2, 0)]],
        [1, 'r', 0, 1],
        [1, 'r', 0, 2],
        [1, 's', 2, 2],
        [3, 0, 1, RAW, [1]],
        [4, null, undefined],
      ],
    ],
    [
      'records in records, one level deep',
      [
        { a: { b: 1 }, c: 1 },
        { a: { b: [1] }, c: 2 },
        { a: { b: 1 }, c: { b: 2 } },
      ],
      [
        [3, [shape('a', 'c'), shape('b'), { ...shape('a', 'c'), mask: 0b01 }, { ...shape('a', 'c'), mask: 0b11 }]],
        [2, 1, 1, 1],
        [2, RAW, { b: [1] }, 2],
        [3, 1, 1, 1, 2],
      ],
    ],
    [
      'what is empty, and what cannot cross',
      [[], {}, [[]], { a: fn, b: Symbol.iterator, c: null }],
      [
        [4, [tuple(0, 0), shape(), tuple(1, 1), shape('a', 'b', 'c'), { ...shape('a', 'b', 'c'), mask: 0b11 }]],
        [0],
        [1],
        [2, RAW, []],
        [4, RAW, fn, RAW, Symbol.iterator, null],
      ],
    ],
  ])('is flat for %s', (_, items, rows) => {
    expect(batchOf(...items)).toEqual(rows.flat())
  })

  it('names a shape in the batches up to one that was sent, and then no more', () => {
    const encoder = new BatchEncoder()
    const batch = (): unknown => {
      encoder.add({ a: 1 })
      return encoder.take()
    }
    const named = [1, [shape('a')], 0, 1]
    expect([batch(), batch()]).toEqual([named, named])
    encoder.sent()
    expect(batch()).toEqual([1, null, 0, 1])
    expect(encoder.count).toBe(0)
  })

  it('is that of parts as long as they have at most 24 fields', () => {
    expect(batchOf(record(24), upTo(24))[1]).toHaveLength(2)
    expect(batchOf(record(25), upTo(25))).toEqual([2, null, RAW, record(25), RAW, upTo(25)])
    expect(batchOf({ ['__proto__']: 1, a: 1 })[1]).toBeNull()
  })

  it('copies the part of a buffer at its exact length, unless the buffer is to be moved', () => {
    const part = Buffer.from('abc')
    const encoder = new BatchEncoder()
    encoder.add(part)
    encoder.add(part, true)
    const whole = new Uint8Array(3)
    const shared = new Uint8Array(new SharedArrayBuffer(8), 2, 3)
    for (const bytes of [whole, shared]) encoder.add(bytes)
    const [, , , copy, , moved, , kept, , seen] = encoder.take()
    expect(copy).toEqual(new Uint8Array(part))
    expect((copy as Uint8Array).buffer.byteLength).toBe(3)
    expect([moved === part, kept === whole, seen === shared]).toEqual([true, true, true])
  })
})

describe('the end of a batch', () => {
  it('reads every kind of tuple and record, by the shapes that were named', () => {
    const values = [
      [],
      [1],
      [1, { a: 1 }],
      [{ a: 1 }, 2],
      [1, { a: 1 }, 3],
      [{ a: 1 }, 2, { a: 3 }],
      [1, 2, { a: 3 }, { a: 4 }],
      [{ a: 1 }, { a: 2 }, 3, 4],
      [1, { a: 2 }, 3, 4, { a: 5 }],
      { a: 1, b: { a: 2 }, c: 3 },
    ]
    const decoder = new BatchDecoder()
    decoder.load(structuredClone(batchOf(...values)))
    expect(values.map(() => decoder.next())).toEqual(values)
    expect(decoder.remaining).toBe(0)
  })
})

describe('a table of shapes', () => {
  it('gives each shape one number', () => {
    const table = new ShapeTable()
    // numbers that a careless key would mix up
    const tuples = [
      [1, 0],
      [1, 1],
      [24, 0],
      [5, 25],
      [6, 0],
      [0, 0],
    ] as const
    const ids = tuples.map(([length, mask]) => table.tuple(length, mask))
    expect(ids).toEqual(upTo(6))
    expect(tuples.map(([length, mask]) => table.tuple(length, mask))).toEqual(ids)
    const a = table.record({ a: 1 }) as RecordShape
    expect(a).toMatchObject({ id: 6, keys: ['a'] })
    expect(table.record({ a: 2 })).toBe(a)
    expect([table.mixed(a, 1), table.mixed(a, 1)]).toEqual([7, 7])
  })

  it('takes no more than it has room for, and still knows those it has', () => {
    const table = new ShapeTable()
    const known = table.record({ a: 1 }) as RecordShape
    for (let i = 1; table.shapes.length < 256; i++) table.record({ [`key${i}`]: i })
    expect(table.record({ b: 1 })).toBeUndefined()
    expect(table.record({ a: 1 })).toBe(known)
    for (const _ of upTo(2)) {
      expect(table.tuple(2, 0)).toBe(-1)
      expect(table.mixed(known, 1)).toBe(-1)
    }
    expect(known.mixed.size).toBe(0)
    expect(table.shapes).toHaveLength(256)
  })
})

function shape(...keys: readonly string[]): object {
  return { keys, length: keys.length, mask: 0 }
}

function tuple(length: number, mask: number): object {
  return { keys: null, length, mask }
}
