import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BatchDecoder } from '../../src/lane/batch-decoder.ts'
import { BatchEncoder } from '../../src/lane/batch-encoder.ts'
import type { Batch } from '../../src/lane/batch.ts'

const scalar = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(null, undefined),
)
const key = fc.oneof(fc.constantFrom('a', 'b', 'c', '0', '17', '__proto__', 'constructor', ''), fc.string())
const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: false }),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 8 }),
  ),
})).value

/** Sends a batch as a port would, and takes it apart. */
function cross(decoder: BatchDecoder, batch: Batch): unknown[] {
  decoder.load(structuredClone(batch))
  const items: unknown[] = []
  while (decoder.remaining > 0) items.push(decoder.next())
  return items
}

describe('a batch', () => {
  it('gives what structured clone alone would have given, over many batches', () => {
    fc.assert(
      fc.property(fc.array(fc.array(plain, { maxLength: 8 }), { maxLength: 6 }), (batches) => {
        const encoder = new BatchEncoder()
        const decoder = new BatchDecoder()
        for (const items of batches) {
          for (const item of items) encoder.add(item)
          assert.equal(encoder.count, items.length)
          const batch = encoder.take()
          encoder.sent()
          assert.deepEqual(
            cross(decoder, batch),
            items.map((item) => structuredClone(item)),
          )
        }
      }),
      { numRuns: 400 },
    )
  })

  it('gives its items back to the thread that made it', () => {
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 8 }), (items) => {
        const encoder = new BatchEncoder()
        for (const item of items) encoder.add(item)
        const own = encoder.decode(encoder.take())
        assert.deepEqual(structuredClone(own), structuredClone(items))
      }),
    )
  })

  it('takes records of one shape apart and names their keys once', () => {
    const encoder = new BatchEncoder()
    for (let i = 0; i < 3; i++) encoder.add(['reading', { id: i, text: 'x' }])
    const first = encoder.take()
    encoder.sent()
    encoder.add(['reading', { id: 3, text: 'y' }])
    const second = encoder.take()
    expect(JSON.stringify(first).match(/"id"/g)).toHaveLength(1)
    expect(JSON.stringify(second)).not.toContain('"id"')
    const decoder = new BatchDecoder()
    expect(cross(decoder, first)).toHaveLength(3)
    expect(cross(decoder, second)).toEqual([['reading', { id: 3, text: 'y' }]])
  })

  it('names shapes again when the batch that named them did not reach the port', () => {
    const encoder = new BatchEncoder()
    encoder.add({ a: 1 })
    encoder.take()
    encoder.add({ a: 2 })
    const decoder = new BatchDecoder()
    expect(cross(decoder, encoder.take())).toEqual([{ a: 2 }])
  })

  it('remembers a bounded number of shapes and carries the rest whole', () => {
    const encoder = new BatchEncoder()
    const decoder = new BatchDecoder()
    const items = Array.from({ length: 1000 }, (_, i) => ({ [`key${i}`]: i, inner: { [`other${i}`]: [i] } }))
    for (const item of items) encoder.add(item)
    const batch = encoder.take()
    expect((batch[1] as unknown[]).length).toBeLessThanOrEqual(256)
    expect(cross(decoder, batch)).toEqual(items)
    for (const tuple of [
      [1, {}],
      [{}, 1],
      [{}, {}],
      [[], 1, 1],
    ])
      encoder.add(tuple)
    expect(cross(decoder, encoder.take())).toEqual([
      [1, {}],
      [{}, 1],
      [{}, {}],
      [[], 1, 1],
    ])
  })

  it('takes records of any size apart', () => {
    const records = Array.from({ length: 24 }, (_, size) =>
      Object.fromEntries(Array.from({ length: size }, (_unused, i) => [`k${i}`, i])),
    )
    const encoder = new BatchEncoder()
    for (const record of records) encoder.add(record)
    const batch = encoder.take()
    // shape numbers, and no record left as it was
    expect(batch.filter((cell, i) => i > 1 && typeof cell === 'object')).toEqual([])
    expect(cross(new BatchDecoder(), batch)).toEqual(records)
  })

  it('carries wide records and long tuples whole', () => {
    const wide = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, i]))
    const long = Array.from({ length: 40 }, (_, i) => i)
    const encoder = new BatchEncoder()
    for (const item of [wide, long, [wide]]) encoder.add(item)
    expect(cross(new BatchDecoder(), encoder.take())).toEqual([wide, long, [wide]])
  })

  it('is as before when an item throws while it is read', () => {
    const encoder = new BatchEncoder()
    const thrower = {
      a: 1,
      get b(): never {
        throw new Error('thrown by a getter')
      },
    }
    encoder.add('before')
    for (const item of [thrower, [1, thrower], { inner: thrower }]) {
      expect(() => encoder.add(item)).toThrow('thrown by a getter')
    }
    encoder.add('after')
    expect(encoder.count).toBe(2)
    expect(cross(new BatchDecoder(), encoder.take())).toEqual(['before', 'after'])
  })

  it('leaves class instances, functions and symbols to structured clone', () => {
    class Point {
      x = 1
    }
    const encoder = new BatchEncoder()
    encoder.add([new Point(), new Map([[1, 2]])])
    expect(cross(new BatchDecoder(), encoder.take())).toEqual([[{ x: 1 }, new Map([[1, 2]])]])
    for (const item of [[() => 1], { f: Symbol.iterator }, { r: { f: () => 1 } }]) {
      encoder.add(item)
      expect(() => structuredClone(encoder.take())).toThrow('could not be cloned')
    }
  })
})
