import { OptionError } from '@x/loop-utils/errors'
import { describe, expect, it } from 'vitest'
import type { Slot } from '../../src/server/callback-queue.ts'
import { CallbackQueues, type CallbackQueuesOptions } from '../../src/server/callback-queues.ts'

interface Held {
  readonly item: string
  release(): void
}

function harness(options: Partial<CallbackQueuesOptions<string>> = {}) {
  const handled: string[] = []
  const held: Held[] = []
  const log: string[] = []
  const queues = new CallbackQueues<string>({
    maxPerKey: 1000,
    maxTotal: 100,
    overflow: 'wait',
    handle: (item) => {
      if (item.startsWith('throw')) throw new Error(item)
      if (item.startsWith('reject')) return Promise.reject(new Error(item))
      if (!item.startsWith('slow')) {
        handled.push(item)
        return undefined
      }
      return new Promise<void>((resolve) => {
        held.push({
          item,
          release: () => {
            handled.push(item)
            resolve()
          },
        })
      })
    },
    onError: (error, item) => log.push(`${item}: ${(error as Error).message}`),
    onHold: (key, isHeld) => log.push(`${isHeld ? 'hold' : 'release'} ${key}`),
    ...options,
  })
  return { queues, handled, held, log }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the queues of callbacks', () => {
  it('handle at once what does not wait, and keep nothing of it', () => {
    const { queues, handled } = harness()
    queues.push('a', 'one')
    queues.push('a', 'two')
    expect(handled).toEqual(['one', 'two'])
    expect(queues).toMatchObject({ waiting: 0, waitingByKey: new Map() })
  })

  it('keep the order of a key when handling takes its time, and let other keys go on', async () => {
    const { queues, handled, held } = harness()
    queues.push('a', 'slow 1')
    queues.push('a', 'quick 2')
    queues.push('b', 'quick 3')
    expect(handled).toEqual(['quick 3'])
    expect(queues).toMatchObject({ waiting: 2, waitingByKey: new Map([['a', 2]]) })
    held[0]?.release()
    await queues.idle()
    expect(handled).toEqual(['quick 3', 'slow 1', 'quick 2'])
    expect(queues).toMatchObject({ waiting: 0, waitingByKey: new Map() })
  })

  it('report what a handler throws or rejects with, and go on', async () => {
    const { queues, handled, log } = harness()
    queues.push('a', 'throw 1')
    queues.push('a', 'reject 2')
    queues.push('a', 'after')
    await queues.idle()
    expect(log).toEqual(['throw 1: throw 1', 'reject 2: reject 2'])
    expect(handled).toEqual(['after'])
  })

  it('have a bound over all keys and one for each, and say when half of it is free again', async () => {
    const { queues, held, log } = harness({ maxTotal: 6, maxPerKey: 4 })
    for (let index = 0; index < 4; index++) queues.push('a', `slow ${index}`)
    expect(log).toEqual(['hold a'])
    expect(queues.held).toEqual(['a'])
    queues.push('b', 'slow b')
    queues.push('b', 'slow c')
    expect(log).toEqual(['hold a', 'hold null'])
    expect(queues.held).toEqual([null, 'a'])
    held.shift()?.release()
    await turn()
    expect(log).toHaveLength(2)
    held.shift()?.release()
    held.shift()?.release()
    await turn()
    expect(log).toEqual(['hold a', 'hold null', 'release a', 'release null'])
    while (held.length > 0) {
      held.shift()?.release()
      await turn()
    }
    await queues.idle()
    expect(log).toHaveLength(4)
    expect(queues.held).toEqual([])
  })

  it('count an item by its weight', async () => {
    const { queues, held, log } = harness({ maxPerKey: 10, weigh: (item) => Number(item.split(' ')[1]) })
    queues.push('a', 'slow 6')
    queues.push('a', 'slow 4')
    expect(log).toEqual(['hold a'])
    held[0]?.release()
    await turn()
    expect(log).toEqual(['hold a', 'release a'])
    held[1]?.release()
    await queues.idle()
  })

  it('drop what waits longest, or what comes last, where that is the policy, never what is in hand', async () => {
    for (const [overflow, expected] of [
      ['drop-oldest', ['slow 1', 'four', 'five']],
      ['drop-newest', ['slow 1', 'two', 'three']],
    ] as const) {
      const { queues, held, handled } = harness({ maxPerKey: 3, overflow })
      for (const item of ['slow 1', 'two', 'three', 'four', 'five']) queues.push('a', item)
      queues.push('b', 'other')
      expect(queues.waiting).toBe(3)
      expect(queues.counts).toMatchObject({ dropped: 2, byInterface: new Map([['a', { dropped: 2, coalesced: 0 }]]) })
      held[0]?.release()
      await queues.idle()
      expect(handled).toEqual(['other', ...expected])
    }
  })

  it('drop nothing of other keys when the bound over all is met', async () => {
    const { queues, held } = harness({ maxTotal: 3, overflow: 'drop-oldest' })
    queues.push('a', 'slow a1')
    queues.push('a', 'a2')
    queues.push('b', 'slow b1')
    queues.push('b', 'b2')
    expect(queues.counts.byInterface).toEqual(new Map([['b', { dropped: 1, coalesced: 0 }]]))
    for (const item of held) item.release()
    await queues.idle()
  })

  it('forget what waits, but not what is in hand', async () => {
    const { queues, handled, held, log } = harness({ maxPerKey: 2 })
    queues.push('a', 'slow 1')
    queues.push('a', 'never')
    queues.push('b', 'slow 2')
    expect(queues.discard()).toBe(1)
    expect(log).toEqual(['hold a', 'release a'])
    for (const item of held) item.release()
    await queues.idle()
    expect(handled).toEqual(['slow 1', 'slow 2'])
  })

  it('tell when what waits now is gone, whatever comes after it', async () => {
    const { queues, held } = harness()
    const log: string[] = []
    await queues.settled('a')
    queues.push('a', 'slow 1')
    queues.push('a', 'slow 2')
    void queues.settled('a').then(() => log.push('first two'))
    queues.push('a', 'slow 3')
    void queues.settled('a').then(() => log.push('all three'))
    held[0]?.release()
    await turn()
    expect(log).toEqual([])
    held[1]?.release()
    await turn()
    expect(log).toEqual(['first two'])
    held[2]?.release()
    await turn()
    expect(log).toEqual(['first two', 'all three'])
  })

  it('let others have their turn while many items are handled', async () => {
    const { queues, held, handled } = harness({
      maxTotal: Infinity,
      handle: (item) => {
        if (item === 'slow') return new Promise((resolve) => held.push({ item, release: () => resolve() }))
        const until = performance.now() + 0.5
        while (performance.now() < until);
        handled.push(item)
        return undefined
      },
    })
    queues.push('a', 'slow')
    for (let index = 0; index < 100; index++) queues.push('a', `busy ${index}`)
    held[0]?.release()
    await turn()
    expect(handled.length).toBeGreaterThan(0)
    expect(handled.length).toBeLessThan(100)
    await queues.idle()
    expect(handled).toHaveLength(100)
  })

  it('hold nothing of a key that a stranger invented', () => {
    const { queues } = harness()
    for (let index = 0; index < 10_000; index++) queues.push(`invented ${index}`, 'x')
    expect(queues.waitingByKey.size).toBe(0)
  })

  it('count by key only so far, the rest together', () => {
    const { queues } = harness({ maxPerKey: 1, maxTotal: Infinity, overflow: 'drop-newest' })
    for (let index = 0; index < 300; index++) {
      queues.push(`key ${index}`, 'slow')
      queues.push(`key ${index}`, 'too many')
    }
    const { byInterface, dropped } = queues.counts
    expect(dropped).toBe(300)
    expect(byInterface.size).toBe(257)
    expect(byInterface.get('(others)')).toEqual({ dropped: 44, coalesced: 0 })
  })

  it('refuse a bound of nothing', () => {
    expect(() => harness({ maxTotal: 0 })).toThrow(OptionError)
    expect(() => harness({ maxPerKey: 0 })).toThrow(OptionError)
  })
})

describe('coalescing', () => {
  /** `channel.parameter=value`; `barrier` has no slot, and a parameter in capitals is never replaced. */
  function slotOf(item: string): Slot | undefined {
    const [, group, key] = /^(\w+)\.(\w+)=/.exec(item) ?? []
    if (group === undefined || key === undefined) return undefined
    return { group, key: key === key.toUpperCase() ? null : key }
  }

  async function pass(items: readonly string[], options: Partial<CallbackQueuesOptions<string>> = {}) {
    const { queues, held, handled } = harness({ slotOf, ...options })
    queues.push('a', 'slow 0')
    for (const item of items) queues.push('a', item)
    held[0]?.release()
    await queues.idle()
    return { handled: handled.slice(1), coalesced: queues.counts.coalesced, waiting: queues.waiting }
  }

  it('leaves out values that are outdated while they wait, and keeps the order of the rest', async () => {
    const { handled, coalesced, waiting } = await pass([
      'c.level=1',
      'd.level=1',
      'c.level=2',
      'd.level=2',
      'c.level=3',
    ])
    expect(handled).toEqual(['d.level=2', 'c.level=3'])
    expect(coalesced).toBe(3)
    expect(waiting).toBe(0)
  })

  it('never passes over another parameter of the channel', async () => {
    const items = ['c.level=1', 'c.working=1', 'c.level=2', 'c.working=0', 'c.working=1']
    expect((await pass(items)).handled).toEqual(['c.level=1', 'c.working=1', 'c.level=2', 'c.working=1'])
  })

  it('never passes over what is no value, nor over what is not to be replaced', async () => {
    const items = ['c.level=1', 'barrier', 'c.level=2', 'c.PRESS=1', 'c.PRESS=1', 'c.level=3', 'c.level=4']
    const expected = ['c.level=1', 'barrier', 'c.level=2', 'c.PRESS=1', 'c.PRESS=1', 'c.level=4']
    expect((await pass(items)).handled).toEqual(expected)
  })

  it('makes room for a newer value before anything is dropped', async () => {
    const items = ['c.level=1', 'd.level=1', 'd.level=2', 'c.level=2', 'e.level=1']
    const { handled } = await pass(items, { maxPerKey: 3, overflow: 'drop-newest' })
    expect(handled).toEqual(['d.level=2', 'c.level=2'])
  })

  it('keeps up with many values of many channels', async () => {
    const items = Array.from({ length: 50_000 }, (_, index) => `c${index % 5000}.level=${index}`)
    const { handled } = await pass(items, { maxPerKey: Infinity, maxTotal: Infinity })
    expect(handled).toHaveLength(5000)
    expect(handled[0]).toBe('c0.level=45000')
  })
})
