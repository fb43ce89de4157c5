import { describe, expect, it } from 'vitest'
import { ItemQueue } from '../../src/lane/item-queue.ts'
import { upTo } from './collector.ts'

describe('a queue of items', () => {
  it('gives what it was given in the same order, over many chunks, and is empty then', () => {
    const queue = new ItemQueue<number>()
    for (const i of upTo(3000)) queue.push(i)
    expect([queue.length, queue.peek()]).toEqual([3000, 0])
    expect(upTo(3000).map(() => queue.shift())).toEqual(upTo(3000))
    expect([queue.length, queue.peek(), queue.shift(), queue.length]).toEqual([0, undefined, undefined, 0])
  })

  it('does so while it never gets empty', () => {
    const queue = new ItemQueue<number>()
    const got: number[] = []
    for (const i of upTo(3000)) {
      queue.push(i)
      if (i % 3 !== 0) got.push(queue.shift())
    }
    expect(queue.peek()).toBe(2000)
    while (queue.length > 0) got.push(queue.shift())
    expect(got).toEqual(upTo(3000))
  })

  it('is used again from its start once it is empty', () => {
    const queue = new ItemQueue<number>()
    for (const i of upTo(200)) {
      for (const j of upTo(20)) queue.push(20 * i + j)
      expect(upTo(20).map(() => queue.shift())).toEqual(upTo(20).map((j) => 20 * i + j))
    }
    for (const i of upTo(100)) queue.push(i)
    queue.clear()
    expect([queue.length, queue.peek()]).toEqual([0, undefined])
    for (const i of upTo(40)) queue.push(i)
    expect(upTo(40).map(() => queue.shift())).toEqual(upTo(40))
  })
})
