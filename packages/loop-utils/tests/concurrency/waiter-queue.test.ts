import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { QueueLink, rejectAll, Waiter, WaiterQueue, type AbortSource } from '../../src/concurrency/waiter-queue.ts'
import { CountedSignal } from '../counted-signal.ts'
import { rejection } from '../settled.ts'
import { agree } from './interleavings.ts'

class Numbered extends QueueLink {
  readonly id: number

  constructor(id: number) {
    super()
    this.id = id
  }
}

type Step = readonly ['push' | 'unshift' | 'shift' | 'remove', number]

describe('WaiterQueue', () => {
  it('behaves as an array does, whoever steps out', () => {
    const step: fc.Arbitrary<Step> = fc.tuple(
      fc.constantFrom('push', 'push', 'unshift', 'shift', 'remove'),
      fc.nat({ max: 30 }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = new WaiterQueue<Numbered>()
        let model: Numbered[] = []
        const out: Numbered[] = []
        for (const [index, [what, at]] of steps.entries()) {
          if (what === 'push' || what === 'unshift') {
            // members that left may come back
            const member = (at % 3 === 0 ? out.pop() : undefined) ?? new Numbered(index)
            queue[what](member)
            model = what === 'push' ? [...model, member] : [member, ...model]
          } else if (what === 'shift') {
            const first = model.shift()
            agree('shifted', queue.shift()?.id, first?.id)
            if (first !== undefined) out.push(first)
          } else {
            const member = model[at % Math.max(1, model.length)] ?? out[0]
            if (member === undefined) continue
            agree('removed', queue.remove(member), model.includes(member))
            if (model.includes(member)) out.push(member)
            model = model.filter((other) => other !== member)
          }
          expect(queue.size).toBe(model.length)
          expect(queue.first).toBe(model[0])
          expect(queue.last).toBe(model.at(-1))
          expect([...queue]).toEqual(model)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('goes on when the member at hand steps out during an iteration', () => {
    const queue = new WaiterQueue<Numbered>()
    for (let id = 0; id < 5; id++) queue.push(new Numbered(id))
    const seen: number[] = []
    for (const member of queue) {
      seen.push(member.id)
      queue.remove(member)
    }
    expect(seen).toEqual([0, 1, 2, 3, 4])
    expect(queue.size).toBe(0)
  })

  it('refuses a member of another queue', () => {
    const [here, there] = [new WaiterQueue<Numbered>(), new WaiterQueue<Numbered>()]
    const member = new Numbered(1)
    here.push(member)
    expect(() => there.push(member)).toThrow('stands in a queue already')
    expect(there.remove(member)).toBe(false)
    expect(here.size).toBe(1)
  })

  it('lets any of 200 000 members step out as quickly as the first', () => {
    const fill = (): { queue: WaiterQueue<Numbered>; members: Numbered[] } => {
      const queue = new WaiterQueue<Numbered>()
      const members = Array.from({ length: 200_000 }, (_, id) => new Numbered(id))
      for (const member of members) queue.push(member)
      return { queue, members }
    }
    const measure = (order: (members: Numbered[]) => Numbered[]): number => {
      const { queue, members } = fill()
      const ordered = order(members)
      const startedAt = performance.now()
      for (const member of ordered) queue.remove(member)
      expect(queue.size).toBe(0)
      return performance.now() - startedAt
    }
    measure((members) => members)
    const forward = measure((members) => members)
    const backward = measure((members) => members.toReversed())
    // a search from the front would be 100 000 times as slow
    expect(backward).toBeLessThan(100 * Math.max(forward, 1))
  })
})

describe('Waiter', () => {
  it('is served in order and leaves no listener', async () => {
    const queue = new WaiterQueue<Waiter<string, number>>()
    const counted = new CountedSignal()
    const waits = [1, 2, 3].map((id) => Waiter.in(queue, id, { abort: counted.signal }))
    expect(counted.added).toBe(1)
    while (queue.first !== undefined) queue.first.resolve(`for ${queue.first.payload}`)
    expect(await Promise.all(waits)).toEqual(['for 1', 'for 2', 'for 3'])
    expect(counted.removed).toBe(1)
    expect(getEventListeners(counted.signal, 'abort')).toEqual([])
  })

  it('leaves the queue within abort(), and rejects with the reason itself', async () => {
    const queue = new WaiterQueue<Waiter<void>>()
    const counted = new CountedSignal()
    let givenUp = 0
    const wait = Waiter.in(queue, undefined, { abort: counted.signal, onGiveUp: () => givenUp++ })
    const reason = { not: 'an error' }
    counted.controller.abort(reason)
    expect(queue.size).toBe(0)
    expect(givenUp).toBe(1)
    expect(await rejection(wait)).toBe(reason)
    expect(counted.removed).toBe(1)
  })

  it('adds one listener to a signal on which many wait, so that Node does not warn', async () => {
    const queue = new WaiterQueue<Waiter<void>>()
    const counted = new CountedSignal()
    const waits = Array.from({ length: 1000 }, () => rejection(Waiter.in(queue, undefined, { abort: counted.signal })))
    expect(getEventListeners(counted.signal, 'abort')).toHaveLength(1)
    expect(counted.added).toBe(1)
    for (let served = 0; served < 500; served++) queue.shift()?.reject('served')
    expect(getEventListeners(counted.signal, 'abort')).toHaveLength(1)
    counted.controller.abort('aborted')
    expect(queue.size).toBe(0)
    const reasons = await Promise.all(waits)
    expect(reasons.filter((reason) => reason === 'served')).toHaveLength(500)
    expect(reasons.filter((reason) => reason === 'aborted')).toHaveLength(500)
    expect(counted.removed).toBe(1)
  })

  it('does not begin to wait after the abort', async () => {
    const queue = new WaiterQueue<Waiter<void>>()
    expect(await rejection(Waiter.in(queue, undefined, { abort: AbortSignal.abort('gone') }))).toBe('gone')
    expect(queue.size).toBe(0)
  })

  it('waits on an abort source that is no signal', async () => {
    const queue = new WaiterQueue<Waiter<void>>()
    const listeners = new Set<() => void>()
    const source: AbortSource = {
      aborted: false,
      reason: 'over',
      onAbort: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
    const served = Waiter.in(queue, undefined, { abort: source })
    queue.first?.resolve()
    await served
    expect(listeners.size).toBe(0)
    const aborted = Waiter.in(queue, undefined, { abort: source })
    for (const listener of listeners) listener()
    expect(await rejection(aborted)).toBe('over')
    expect(listeners.size).toBe(0)
  })

  it('gives up after its limit, and leaves no timer when it is served before', async () => {
    const clock = new ManualClock()
    const queue = new WaiterQueue<Waiter<void>>()
    const limit = { clock, ms: 50, toError: () => 'too late' }
    const late = Waiter.in(queue, undefined, { limit })
    late.catch(() => undefined)
    await clock.advance(50)
    expect(await rejection(late)).toBe('too late')
    const served = Waiter.in(queue, undefined, { limit })
    queue.first?.resolve()
    await served
    expect(clock.pending).toBe(0)
  })

  it('can stand before all others', async () => {
    const queue = new WaiterQueue<Waiter<number, number>>()
    const second = Waiter.in(queue, 2)
    const first = Waiter.in(queue, 1, { isFirst: true })
    expect([...queue].map((waiter) => waiter.payload)).toEqual([1, 2])
    const waits = Promise.allSettled([first, second])
    expect(rejectAll(queue, 'closed')).toBe(2)
    expect(await waits).toEqual([
      { status: 'rejected', reason: 'closed' },
      { status: 'rejected', reason: 'closed' },
    ])
    expect(queue.size).toBe(0)
  })
})
