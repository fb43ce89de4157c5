import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { Dispatcher, type Overflow, attachPoster } from '../../src/dispatch/index.ts'
import { turns } from './threads.ts'

interface Handlers {
  readonly [name: string]: (...args: never[]) => unknown
  take(id: number, key: number): number
}

type Step = { readonly do: 'emit' | 'post' | 'call' | 'flush' | 'turn'; readonly key: number }

const step = fc.record<Step>({
  do: fc.constantFrom('emit', 'emit', 'emit', 'emit', 'emit', 'post', 'call', 'flush', 'turn'),
  key: fc.integer({ min: 0, max: 3 }),
})

interface Run {
  readonly delivered: number[]
  /** Ids of events that emit took, in order, and of all that was refused. */
  readonly taken: number[]
  readonly refused: number[]
  /** Ids of posts and calls that were not refused. */
  readonly certain: number[]
  readonly keys: ReadonlyMap<number, number>
}

/** Does the steps with a poster of this thread, checks bounds on the way, and closes it. */
async function perform(
  overflow: Overflow,
  credit: number,
  steps: readonly Step[],
): Promise<Run & { dispatcher: Dispatcher }> {
  const dispatcher = new Dispatcher()
  const delivered: number[] = []
  dispatcher.register({
    take: (id: number) => {
      delivered.push(id)
      return id
    },
  })
  const poster = attachPoster<Handlers>(dispatcher.connect({ overflow, credit }), {
    coalesceBy: (_handler, [, key]) => String(key),
  })
  const taken: number[] = []
  const refused: number[] = []
  const keys = new Map<number, number>()
  const promises: { readonly id: number; readonly outcome: Promise<boolean> }[] = []
  const settle = (id: number, promise: Promise<unknown>): void => {
    const outcome = promise.then(
      () => true,
      (error: unknown) => {
        assert.equal((error as { code?: string }).code, 'LOOP_QUEUE_OVERFLOW')
        return false
      },
    )
    promises.push({ id, outcome })
  }
  for (const [id, { do: what, key }] of steps.entries()) {
    keys.set(id, key)
    if (what === 'turn') await turns(2)
    if (what === 'flush') poster.flush()
    if (what === 'post') settle(id, poster.post('take', id, key))
    if (what === 'call') settle(id, poster.call('take', [id, key]))
    if (what === 'emit') (emits(poster, id, key) ? taken : refused).push(id)
    assert.ok(poster.depth <= 2 * credit, `${poster.depth} wait`)
  }
  const closed = poster.close()
  const certain: number[] = []
  for (const { id, outcome } of promises) ((await outcome) ? certain : refused).push(id)
  await closed
  return { delivered, taken, refused, certain, keys, dispatcher }
}

function emits(poster: ReturnType<typeof attachPoster<Handlers>>, id: number, key: number): boolean {
  try {
    return poster.emit('take', id, key)
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'LOOP_QUEUE_OVERFLOW')
    return false
  }
}

function checkCounts(dispatcher: Dispatcher, run: Run): void {
  const { delivered, dropped, coalesced, accepted } = dispatcher.stats()
  assert.equal(delivered, run.delivered.length)
  assert.equal(accepted, run.taken.length + run.certain.length)
  assert.equal(accepted, delivered + dropped.oldest + coalesced)
  assert.equal(dropped.newest + dropped.overflow, run.refused.length)
}

const credit = fc.integer({ min: 2, max: 12 })
const steps = fc.array(step, { maxLength: 80 })

describe('the overflow policies of a poster', () => {
  it('deliver exactly what was accepted, in order, when nothing accepted is ever dropped', async () => {
    const policy = fc.constantFrom<Overflow[]>('drop-newest', 'error', 'block')
    await fc.assert(
      fc.asyncProperty(policy, credit, steps, async (overflow, bound, todo) => {
        const { dispatcher, ...run } = await perform(overflow, bound, todo)
        const expected = [...run.taken, ...run.certain].toSorted((a, b) => a - b)
        assert.deepEqual(run.delivered, expected)
        checkCounts(dispatcher, run)
        await dispatcher.close()
      }),
      { numRuns: 80 },
    )
  })

  it('lose only older events when the oldest is dropped, never a post or a call', async () => {
    await fc.assert(
      fc.asyncProperty(credit, steps, async (bound, todo) => {
        const { dispatcher, ...run } = await perform('drop-oldest', bound, todo)
        // only what was flushed cannot be taken back
        if (!todo.some((next) => next.do === 'flush' || next.do === 'call' || next.do === 'post')) {
          assert.deepEqual(run.refused, [])
        }
        assert.deepEqual(
          run.delivered,
          run.delivered.toSorted((a, b) => a - b),
        )
        const got = new Set(run.delivered)
        assert.equal(got.size, run.delivered.length)
        for (const id of run.certain) assert.ok(got.has(id), `${id} was lost`)
        const last = run.taken.at(-1)
        if (last !== undefined) assert.ok(got.has(last), `${last} was the newest and was lost`)
        checkCounts(dispatcher, run)
        await dispatcher.close()
      }),
      { numRuns: 80 },
    )
  })

  it('deliver the newest of each key that was accepted when events coalesce, never losing a post or a call', async () => {
    await fc.assert(
      fc.asyncProperty(credit, steps, async (bound, todo) => {
        const { dispatcher, ...run } = await perform('coalesce', bound, todo)
        const got = new Set(run.delivered)
        assert.equal(got.size, run.delivered.length)
        for (const id of run.certain) assert.ok(got.has(id), `${id} was lost`)
        for (const key of [0, 1, 2, 3]) {
          const newest = run.taken.findLast((id) => run.keys.get(id) === key)
          assert.ok(newest === undefined || got.has(newest), `${newest} was the newest of its key and was lost`)
        }
        checkCounts(dispatcher, run)
        await dispatcher.close()
      }),
      { numRuns: 80 },
    )
  })
})
