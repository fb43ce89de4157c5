import { describe, expect, it } from 'vitest'
import {
  createPortLane,
  openLaneReader,
  openLaneWriter,
  type LaneReader,
  type LaneWriter,
} from '../../src/lane/index.ts'
import { Collector } from './collector.ts'

function openBoth(): {
  writer: LaneWriter<unknown>
  reader: LaneReader<unknown>
  got: Collector<unknown>
  refused: unknown[]
} {
  const handles = createPortLane()
  const refused: unknown[] = []
  const writer = openLaneWriter<unknown>(handles.writer, {
    onRefused: (item) => {
      refused.push(item)
      return undefined
    },
  })
  const reader = openLaneReader<unknown>(handles.reader)
  const got = new Collector<unknown>()
  reader.open(got)
  return { writer, reader, got, refused }
}

/** Some bytes that can be moved. */
function some(...bytes: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

describe('buffers that are moved', () => {
  it('leave with their own batch, and with no later one', async () => {
    const { writer, reader, got, refused } = openBoth()
    const moved = [some(1), some(2), some(3)]
    for (const bytes of moved) {
      writer.write(['moved', bytes], [bytes.buffer])
      writer.commit()
      expect(bytes.byteLength).toBe(0)
    }
    writer.write(['copied', some(4)])
    await got.count(4)
    expect(got.items).toEqual([
      ['moved', some(1)],
      ['moved', some(2)],
      ['moved', some(3)],
      ['copied', some(4)],
    ])
    expect(refused).toEqual([])
    reader.close()
  })

  it('leave with their own items when another item of the batch is refused', async () => {
    const { writer, reader, got, refused } = openBoth()
    const first = some(1, 1)
    const second = some(2, 2)
    const kept = some(9)
    writer.write(['first', first], [first.buffer])
    writer.write(['refused', (): number => 1, kept], [kept.buffer])
    writer.write(['second', second], [second.buffer])
    writer.write('last')
    await got.count(3)
    expect(got.items).toEqual([['first', some(1, 1)], ['second', some(2, 2)], 'last'])
    expect(refused).toHaveLength(1)
    expect([first.byteLength, second.byteLength, kept.byteLength]).toEqual([0, 0, 1])
    reader.close()
  })

  it('may be none', async () => {
    const { writer, reader, got } = openBoth()
    const bytes = some(5)
    writer.write(['copied', bytes], [])
    await got.count(1)
    expect([got.items, bytes.byteLength]).toEqual([[['copied', some(5)]], 1])
    reader.close()
  })
})

describe('scalars of every kind', () => {
  it('cross as they are, alone and in lists and objects', async () => {
    const { writer, reader, got } = openBoth()
    const scalars = [null, undefined, true, false, 0, -0, NaN, Infinity, 7n, '', 'text']
    const sent = [...scalars, scalars, Object.fromEntries(scalars.map((value, index) => [`k${index}`, value])), [], {}]
    for (const item of sent) writer.write(item)
    await got.count(sent.length)
    expect(got.items).toStrictEqual(sent)
    reader.close()
  })
})

describe('a reader', () => {
  it('tells how it is opened when it is opened again', () => {
    const { reader } = openBoth()
    expect(() => reader.open(new Collector<unknown>())).toThrow(
      expect.objectContaining({ option: 'handler', expected: 'one handler to each reader, and open it once' }),
    )
    reader.close()
  })

  it('refuses slices that are no time or too long', () => {
    for (const sliceMs of [0, -1, NaN, 1000.5, '5']) {
      expect(() => createPortLane({ sliceMs: sliceMs as number })).toThrow(
        expect.objectContaining({ option: 'sliceMs' }),
      )
    }
    expect(() => createPortLane({ sliceMs: 1000 })).not.toThrow()
  })
})
