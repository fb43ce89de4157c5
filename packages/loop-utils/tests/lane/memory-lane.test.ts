import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryLane } from '../../src/lane/index.ts'
import { Collector, turns, upTo } from './collector.ts'

describe('a memory lane', () => {
  it('hands the very object over unless told to copy', async () => {
    const { writer, reader } = createMemoryLane<object>()
    const got = new Collector<object>()
    reader.open(got)
    const item = { at: new Date(0) }
    writer.write(item)
    await got.count(1)
    expect(got.items[0]).toBe(item)
  })

  it('copies and freezes as deep as the value goes when told to', async () => {
    const { writer, reader } = createMemoryLane<{ list: { n: number }[]; bytes: Uint8Array }>({
      copy: 'clone-and-freeze',
    })
    const got = new Collector<{ list: { n: number }[]; bytes: Uint8Array }>()
    reader.open(got)
    const item = { list: [{ n: 1 }], bytes: new Uint8Array([1, 2, 3]) }
    writer.write(item)
    item.list[0] = { n: 2 }
    await got.count(1)
    const copy = got.items[0]
    expect(copy).toEqual({ list: [{ n: 1 }], bytes: new Uint8Array([1, 2, 3]) })
    expect(copy).not.toBe(item)
    expect(Object.isFrozen(copy)).toBe(true)
    expect(Object.isFrozen(copy?.list[0])).toBe(true)
  })

  it('moves the buffers that it is told to move', async () => {
    const { writer, reader } = createMemoryLane<Uint8Array>({ copy: 'clone-and-freeze' })
    const got = new Collector<Uint8Array>()
    reader.open(got)
    const bytes = new Uint8Array([1, 2, 3])
    writer.write(bytes, [bytes.buffer])
    expect(bytes.byteLength).toBe(0)
    await got.count(1)
    expect(got.items[0]).toEqual(new Uint8Array([1, 2, 3]))
  })

  it('takes more again once it is less than half full', async () => {
    const { writer, reader } = createMemoryLane<number>({ highWaterMark: 8 })
    for (const i of upTo(8)) expect(writer.write(i)).toBe(i < 7)
    let isWritable = false
    const writable = writer.writable().then(() => (isWritable = true))
    const got = new Collector<number>((item) => {
      if (item === 3 || item === 4) reader.pause()
    })
    reader.open(got)
    await turns(3)
    expect([got.items.length, writer.depth, isWritable]).toEqual([4, 4, false])
    reader.resume()
    await writable
    expect([got.items.length, writer.depth]).toEqual([5, 3])
    await writer.writable()
    reader.close()
  })

  it('refuses at once what cannot be copied, and stays in order', async () => {
    const { writer, reader } = createMemoryLane<unknown>({ copy: 'clone-and-freeze' })
    const got = new Collector<unknown>()
    reader.open(got)
    writer.write(1)
    expect(() => writer.write(() => 2)).toThrow('could not be cloned')
    writer.write(3)
    await got.count(2)
    expect(got.items).toEqual([1, 3])
  })

  it('behaves as a queue whatever the order of writes, commits, pauses and deaths', async () => {
    type Step = 'write' | 'commit' | 'pause' | 'resume' | 'turn' | 'died' | 'close' | 'reader-close'
    const step = fc.oneof(
      { weight: 12, arbitrary: fc.constant<Step>('write') },
      { weight: 8, arbitrary: fc.constantFrom<Step[]>('commit', 'pause', 'resume', 'turn') },
      { weight: 1, arbitrary: fc.constantFrom<Step[]>('died', 'close', 'reader-close') },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { writer, reader } = createMemoryLane<number>({ highWaterMark: 5 })
        const got = new Collector<number>()
        reader.open(got)
        let written = 0
        let committed = 0
        let end: string | undefined
        for (const name of steps) {
          if (name === 'turn') {
            await turns(2)
            if (end === undefined) committed = written
            continue
          }
          if (name === 'write' && end === undefined) {
            const depth = writer.depth + 1
            assert.equal(writer.write(written++), depth < 5)
            assert.equal(writer.depth, depth)
          }
          if (name === 'commit') writer.commit()
          if (name === 'pause') reader.pause()
          if (name === 'resume') reader.resume()
          if (end === undefined && (name === 'commit' || name === 'close')) committed = written
          if (name === 'died' && end === undefined) {
            reader.writerDied()
            end = 'writer-died'
          }
          if (name === 'close') {
            writer.close()
            end ??= 'writer-closed'
          }
          if (name === 'reader-close') {
            const isOver = got.ends.length > 0
            const before = got.items.length
            reader.close()
            if (!isOver) {
              end = 'reader-closed'
              committed = before
            }
          }
        }
        reader.resume()
        await turns(4)
        if (end === undefined) committed = written
        expect(got.items).toEqual(Array.from({ length: committed }, (_, i) => i))
        expect(got.ends).toEqual(end === undefined ? [] : [end])
        expect(writer.isOpen).toBe(end === undefined)
      }),
      { numRuns: 150 },
    )
  })
})
