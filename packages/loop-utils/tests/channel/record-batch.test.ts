import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRecords, RecordBatch, type RecordBatchData, RecordBatchError } from '../../src/channel/index.ts'

function hex(records: Iterable<Uint8Array>): string[] {
  return Array.from(records, (record) => Buffer.from(record).toString('hex'))
}

function writeAll(records: readonly Uint8Array[], batch: RecordBatch): RecordBatchData[] {
  const taken: RecordBatchData[] = []
  const take = (): void => {
    const { data, transfer } = batch.take()
    taken.push(structuredClone(data, { transfer: [...transfer] }))
  }
  for (const record of records) {
    if (batch.append(record)) continue
    take()
    expect(batch.append(record)).toBe(true)
  }
  take()
  return taken
}

describe('a record batch', () => {
  test('gives back what was appended, in order, whatever the sizes and caps, across a transfer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 60 }),
        fc.integer({ min: 64, max: 600 }),
        fc.integer({ min: 1, max: 20 }),
        (records, maxBytes, maxRecords) => {
          const batches = writeAll(records, new RecordBatch({ maxBytes, maxRecords }))
          expect(batches.flatMap((data) => hex(readRecords(data)))).toEqual(hex(records))
          for (const { bytes, count } of batches) {
            expect(count).toBeLessThanOrEqual(maxRecords)
            expect(bytes.byteLength).toBe(bytes.buffer.byteLength)
            // only a record that is too long for the cap makes a longer batch, and is alone in it
            const isWithinCap = bytes.byteLength <= Math.ceil(maxBytes / 4) * 4
            expect(isWithinCap || count === 1).toBe(true)
          }
        },
      ),
    )
  })

  test('copies what it is given, and takes nothing when it is full', () => {
    const batch = new RecordBatch({ maxRecords: 2 })
    const record = new Uint8Array([1, 2])
    batch.append(record)
    record.fill(9)
    expect(batch.append(record)).toBe(true)
    expect(batch.append(record)).toBe(false)
    expect(batch.count).toBe(2)
    expect(hex(readRecords(batch.take().data))).toEqual(['0102', '0909'])
    expect(batch.count).toBe(0)
  })

  test('is small when little was appended, and empty when nothing was', () => {
    const batch = new RecordBatch()
    expect(batch.take()).toEqual({ data: { bytes: new Uint8Array(0), count: 0 }, transfer: [] })
    batch.append(new Uint8Array(3))
    const { data, transfer } = batch.take()
    expect(data.bytes.byteLength).toBe(8)
    expect(transfer).toEqual([data.bytes.buffer])
  })

  test('is read with records as views of one buffer', () => {
    const batch = new RecordBatch()
    batch.append(new Uint8Array([1]))
    batch.append(new Uint8Array([2, 3]))
    const { data } = batch.take()
    for (const record of readRecords(data)) expect(record.buffer).toBe(data.bytes.buffer)
  })

  test('that was damaged is refused, naming the record', () => {
    const batch = new RecordBatch()
    batch.append(new Uint8Array([1]))
    batch.append(new Uint8Array([2, 3]))
    const { bytes } = batch.take().data
    const read = (data: RecordBatchData) => () => [...readRecords(data)]
    const refusal = (record: number) => expect.objectContaining({ code: 'LOOP_RECORD_BATCH', record }) as Error
    expect(read({ bytes, count: 9 })).toThrow(refusal(-1))
    expect(read({ bytes, count: 1.5 })).toThrow(refusal(-1))
    expect(read({ bytes, count: -1 })).toThrow(refusal(-1))
    expect(read({ bytes: new Uint8Array(7), count: 1 })).toThrow(refusal(-1))
    new Uint32Array(bytes.buffer)[1] = 0xff_ff_ff
    expect(read({ bytes, count: 2 })).toThrow(refusal(1))
    new Uint32Array(bytes.buffer)[1] = 0
    expect(read({ bytes, count: 2 })).toThrow(RecordBatchError)
  })

  test.each([{ maxBytes: 3 }, { maxBytes: 2 ** 31 }, { maxRecords: 0 }, { maxRecords: 1.5 }])(
    'refuses options out of range: %j',
    (options) => {
      expect(() => new RecordBatch(options)).toThrow(expect.objectContaining({ code: 'LOOP_OPTION' }) as Error)
    },
  )
})
