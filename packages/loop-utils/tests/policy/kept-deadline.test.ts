import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { Bulkhead } from '../../src/concurrency/index.ts'
import { compose, timeoutPolicy, type Policy } from '../../src/policy/index.ts'
import { retryPolicy } from '../../src/retry/index.ts'
import { Deadline } from '../../src/timeout/index.ts'
import { never, rejection } from '../settled.ts'

const BY_RETRY = { code: 'LOOP_RETRY_EXHAUSTED', limit: 'deadline', attempts: 1 }
const BY_TIMEOUT = { code: 'LOOP_TIMEOUT', kind: 'deadline', timeoutMs: 500 }

describe('a deadline', () => {
  it.each<[string, object, (clock: ManualClock) => Policy]>([
    ['a retry', BY_RETRY, (clock) => retryPolicy({ clock })],
    ['a retry of retries', BY_RETRY, (clock) => compose(retryPolicy({ clock }), retryPolicy({ clock }))],
    [
      'a time limit around a retry',
      BY_TIMEOUT,
      (clock) => compose(timeoutPolicy(9000, { clock }), retryPolicy({ clock })),
    ],
    [
      'a bulkhead around a retry',
      BY_TIMEOUT,
      (clock) => compose(new Bulkhead({ concurrent: 1 }), retryPolicy({ clock })),
    ],
  ])('is kept by %s with one timer', async (_, expected, make) => {
    const clock = new ManualClock({ startMs: 1000 })
    const call = rejection(make(clock).execute(never, { deadline: Deadline.after(500, clock) }))
    await clock.settle()
    expect(clock.pending).toBe(1)
    await clock.advance(499)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    expect(await call).toMatchObject(expected)
    expect(clock.pending).toBe(0)
  })
})

describe('a time limit', () => {
  it('within one that ends earlier sets no timer of its own', async () => {
    const clock = new ManualClock()
    const policy = compose(timeoutPolicy(500, { clock }), timeoutPolicy(9000, { clock, kind: 'attempt' }))
    const call = rejection(policy.execute(never))
    await clock.settle()
    expect(clock.pending).toBe(1)
    await clock.advance(500)
    expect(await call).toMatchObject({ code: 'LOOP_TIMEOUT', kind: 'total', timeoutMs: 500 })
    expect(clock.pending).toBe(0)
  })
})

describe('the names of policies', () => {
  it('are what a composition is named by', () => {
    expect(compose(retryPolicy(), timeoutPolicy(5)).name).toBe('compose(retry, timeout)')
  })
})
