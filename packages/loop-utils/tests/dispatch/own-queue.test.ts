import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Dispatcher, type OwnOverflow } from '../../src/dispatch/index.ts'
import { settled } from '../settled.ts'
import { turns, upTo } from './threads.ts'

describe('the queue of the own loop', () => {
  it('drops the newest at its capacity by default', async () => {
    await using dispatcher = new Dispatcher({ capacity: 3 })
    const got: number[] = []
    const take = (value: number): unknown => got.push(value)
    expect(upTo(5).map((i) => dispatcher.post(take, i))).toEqual([true, true, true, false, false])
    await dispatcher.drain()
    expect(got).toEqual([0, 1, 2])
    expect(dispatcher.stats()).toMatchObject({ maxDepth: 3, dropped: { newest: 2 } })
  })

  it('throws at its capacity when told to', async () => {
    await using dispatcher = new Dispatcher({ capacity: 1, overflow: 'error', name: 'house' })
    dispatcher.post(() => undefined)
    expect(() => dispatcher.post(() => undefined)).toThrow(
      expect.objectContaining({ code: 'LOOP_QUEUE_OVERFLOW', queue: "dispatcher 'house'" }),
    )
    await expect(dispatcher.call(() => 1)).rejects.toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW' })
    expect(dispatcher.stats().dropped.overflow).toBe(2)
  })

  it('drops the oldest function but never a call', async () => {
    await using dispatcher = new Dispatcher({ capacity: 3, overflow: 'drop-oldest' })
    const got: number[] = []
    const take = (value: number): unknown => got.push(value)
    const answer = dispatcher.call(() => 'answer')
    for (const i of upTo(10)) expect(dispatcher.post(take, i)).toBe(true)
    const second = dispatcher.call(() => 'second')
    expect(await answer).toBe('answer')
    expect(await second).toBe('second')
    expect(got).toEqual([9])
    expect(dispatcher.stats().dropped.oldest).toBe(9)
  })

  it.each([
    ['drop-newest', 'newest'],
    ['drop-oldest', 'oldest'],
    ['error', 'overflow'],
  ] as const)('tells an observer what it drops by the policy %s', async (overflow, reason) => {
    const seen: unknown[] = []
    const onEvent = (name: string, data: object): unknown => seen.push([name, data])
    await using dispatcher = new Dispatcher({ name: 'house', capacity: 1, overflow, onEvent })
    const post = (): unknown => dispatcher.post(() => undefined)
    post()
    await settled(new Promise((resolve) => resolve(post())))
    expect(seen).toEqual([['x:loop-utils:dispatcher:drop', { dispatcher: 'house', reason, capacity: 1 }]])
  })

  it('has no room for anything when only calls wait', async () => {
    await using dispatcher = new Dispatcher({ capacity: 1, overflow: 'drop-oldest' })
    const answer = dispatcher.call(() => 1)
    expect(dispatcher.post(() => undefined)).toBe(false)
    await expect(dispatcher.call(() => 2)).rejects.toMatchObject({ code: 'LOOP_QUEUE_OVERFLOW' })
    expect(await answer).toBe(1)
  })

  it('coalesces by function, or by what it is told', async () => {
    await using byFunction = new Dispatcher({ capacity: 2, overflow: 'coalesce' })
    const got: string[] = []
    const a = (value: number): unknown => got.push(`a${value}`)
    const b = (value: number): unknown => got.push(`b${value}`)
    const c = (): unknown => got.push('c')
    expect([byFunction.post(a, 1), byFunction.post(b, 1)]).toEqual([true, true])
    expect([byFunction.post(a, 2), byFunction.post(c), byFunction.post(b, 2)]).toEqual([true, false, true])
    await byFunction.drain()
    expect(got).toEqual(['a2', 'b2'])
    expect(byFunction.stats()).toMatchObject({ coalesced: 2, accepted: 4, delivered: 2, dropped: { newest: 1 } })

    await using byArgument = new Dispatcher({ capacity: 1, overflow: 'coalesce', coalesceBy: (_fn, [key]) => key })
    byArgument.post(a, 7)
    expect([byArgument.post(b, 7), byArgument.post(a, 8)]).toEqual([true, false])
    await byArgument.drain()
    expect(got).toEqual(['a2', 'b2', 'b7'])
  })

  it('behaves as a bounded queue with its policy, whatever is posted, called, given up and run', async () => {
    type Step = { readonly do: 'post' | 'call' | 'give-up' | 'run'; readonly key: number }
    const step = fc.record<Step>({
      do: fc.constantFrom('post', 'post', 'post', 'call', 'give-up', 'run'),
      key: fc.integer({ min: 0, max: 3 }),
    })
    const policy = fc.constantFrom<OwnOverflow[]>('drop-newest', 'drop-oldest', 'coalesce', 'error')
    await fc.assert(
      fc.asyncProperty(policy, fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 80 }), checkModel),
      { numRuns: 200 },
    )
  })
})

interface Entry {
  readonly id: number
  readonly key: number
  readonly isCall: boolean
}

async function checkModel(
  overflow: OwnOverflow,
  capacity: number,
  steps: readonly { readonly do: string; readonly key: number }[],
): Promise<void> {
  const dispatcher = new Dispatcher({ capacity, overflow, coalesceBy: (_fn, [key]) => key })
  const got: number[] = []
  const take = (_key: number, id: number): unknown => got.push(id)
  let model: Entry[] = []
  const expected: number[] = []
  const calls: {
    readonly id: number
    readonly controller: AbortController
    readonly settled: Promise<unknown>
    readonly accepted: boolean
  }[] = []
  let id = 0
  for (const step of steps) {
    if (step.do === 'run') {
      expected.push(...model.map((entry) => entry.id))
      model = []
      await turns(2)
    } else if (step.do === 'give-up') {
      const call = calls.pop()
      call?.controller.abort(new Error('given up'))
      await call?.settled
      model = model.filter((entry) => entry.id !== call?.id)
    } else {
      const entry: Entry = { id: id++, key: step.key, isCall: step.do === 'call' }
      const { accepted, next } = offer(model, entry, { overflow, capacity })
      model = next
      if (!entry.isCall) {
        assert.equal(offerTo(dispatcher, take, entry), accepted)
      } else {
        const controller = new AbortController()
        const options = { signal: controller.signal }
        const settled = dispatcher.call(() => got.push(entry.id), options).catch((error: unknown) => error)
        calls.push({ id: entry.id, controller, settled, accepted })
      }
    }
    assert.ok(dispatcher.depth <= capacity)
    if (step.do !== 'call') assert.equal(dispatcher.depth, model.length)
  }
  expected.push(...model.map((entry) => entry.id))
  await dispatcher.drain()
  assert.deepEqual(got, expected)
  for (const call of calls) {
    const isOverflow = ((await call.settled) as { code?: string }).code === 'LOOP_QUEUE_OVERFLOW'
    assert.equal(isOverflow, !call.accepted)
  }
  const { accepted, delivered, coalesced, dropped } = dispatcher.stats()
  assert.equal(accepted, delivered + coalesced + dropped.oldest + dropped.discarded)
  await dispatcher.close()
}

function offerTo(dispatcher: Dispatcher, take: (key: number, id: number) => unknown, entry: Entry): boolean {
  try {
    return dispatcher.post(take, entry.key, entry.id)
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'LOOP_QUEUE_OVERFLOW')
    return false
  }
}

/** What a queue does, said in the plainest way. */
function offer(
  model: readonly Entry[],
  entry: Entry,
  { overflow, capacity }: { readonly overflow: OwnOverflow; readonly capacity: number },
): { readonly accepted: boolean; readonly next: Entry[] } {
  if (model.length < capacity) return { accepted: true, next: [...model, entry] }
  if (overflow === 'drop-oldest') {
    const oldest = model.findIndex(({ isCall }) => !isCall)
    if (oldest !== -1) return { accepted: true, next: [...model.toSpliced(oldest, 1), entry] }
  }
  if (overflow === 'coalesce' && !entry.isCall) {
    const same = model.findLastIndex(({ isCall, key }) => !isCall && key === entry.key)
    if (same !== -1) return { accepted: true, next: model.with(same, entry) }
  }
  return { accepted: false, next: [...model] }
}
