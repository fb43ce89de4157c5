import { OptionError } from '@x/loop-utils/errors'
import { describe, expect, it } from 'vitest'
import { CallbackQueues } from '../../src/server/callback-queues.ts'

interface Held {
  readonly item: string
  release(): void
}

function harness(maxWaiting = 100) {
  const handled: string[] = []
  const held: Held[] = []
  const log: string[] = []
  const queues = new CallbackQueues<string>({
    maxPerKey: 1000,
    maxTotal: maxWaiting,
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

  it('say when they are full, and when half of that is free again', async () => {
    const { queues, held, log } = harness(4)
    for (let index = 0; index < 4; index++) queues.push('a', `slow ${index}`)
    expect(log).toEqual(['hold null'])
    held[0]?.release()
    await turn()
    expect(log).toEqual(['hold null'])
    held[1]?.release()
    await turn()
    expect(log).toEqual(['hold null', 'release null'])
    held[2]?.release()
    await turn()
    held[3]?.release()
    await queues.idle()
    expect(log).toEqual(['hold null', 'release null'])
  })

  it('forget what waits, but not what is in hand', async () => {
    const { queues, handled, held } = harness()
    queues.push('a', 'slow 1')
    queues.push('a', 'never')
    queues.push('b', 'slow 2')
    expect(queues.discard()).toBe(1)
    for (const item of held) item.release()
    await queues.idle()
    expect(handled).toEqual(['slow 1', 'slow 2'])
  })

  it('hold nothing of a key that a stranger invented', () => {
    const { queues } = harness()
    for (let index = 0; index < 10_000; index++) queues.push(`invented ${index}`, 'x')
    expect(queues.waitingByKey.size).toBe(0)
  })

  it('refuse a bound of nothing', () => {
    expect(() => harness(0)).toThrow(OptionError)
  })
})
