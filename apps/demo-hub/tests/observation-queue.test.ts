import type { Observation } from '@x/testkit/control'
import { describe, expect, it } from 'vitest'
import { ObservationQueue } from '../src/observation-queue.ts'

const observation = (number: number): Observation => ({ observer: 'test', topic: 'event', value: number })

describe('the queue of observations', () => {
  it('posts in order, in batches, one request at a time', async () => {
    const posted: (readonly Observation[])[] = []
    let underWay = 0
    const queue = new ObservationQueue(
      async (batch) => {
        underWay++
        expect(underWay).toBe(1)
        await new Promise((resolve) => setImmediate(resolve))
        posted.push(batch)
        underWay--
      },
      () => undefined,
    )
    for (let number = 0; number < 250; number++) queue.add(observation(number))
    await queue.idle()
    expect(posted.flat().map(({ value }) => value)).toEqual(Array.from({ length: 250 }, (_, number) => number))
    expect(Math.max(...posted.map(({ length }) => length))).toBeLessThanOrEqual(100)
    expect(queue.dropped).toBe(0)
  })

  it('reports what cannot be posted, and goes on', async () => {
    const errors: unknown[] = []
    const posted: unknown[] = []
    const queue = new ObservationQueue(
      async ([first]) => {
        if (first?.value === 0) throw new Error('refused')
        posted.push(first?.value)
      },
      (error) => errors.push(error),
    )
    queue.add(observation(0))
    queue.add(observation(1))
    await queue.idle()
    expect(errors).toEqual([new Error('refused')])
    expect(posted).toEqual([1])
    expect(queue.dropped).toBe(1)
  })

  it('lets the oldest go beyond its bound', async () => {
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const posted: unknown[] = []
    const queue = new ObservationQueue(
      async (batch) => {
        await held
        posted.push(...batch.map(({ value }) => value))
      },
      () => undefined,
    )
    for (let number = 0; number <= 10_010; number++) queue.add(observation(number))
    release()
    await queue.idle()
    expect(queue.dropped).toBe(10)
    expect(posted[0]).toBe(0)
    expect(posted[1]).toBe(11)
    expect(posted.at(-1)).toBe(10_010)
  })
})
