import { expect, it } from 'vitest'
import { Bulkhead } from '../../src/concurrency/index.ts'
import { TimeoutError } from '../../src/errors/index.ts'
import { recommended } from '../../src/recommended/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { never } from '../settled.ts'

it.each([
  ['a bulkhead of its own', () => ({ concurrent: 1 })],
  ['a bulkhead of the user', (clock: ManualClock) => new Bulkhead({ concurrent: 1, queue: 10, clock })],
])('calls whose time is over while they wait in line say nothing about the peer: %s', async (_, bulkheadOn) => {
  const clock = new ManualClock()
  const bulkhead = bulkheadOn(clock)
  const policy = recommended('peer', { totalTimeoutMs: 100, attemptTimeoutMs: false, retry: false, bulkhead, clock })
  const calls = Array.from({ length: 10 }, () => policy.execute(never))
  const outcomes = Promise.allSettled(calls)
  await clock.advance(100)
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'LOOP_TIMEOUT', kind: 'total' } })
  }
  expect(policy.breaker?.state).toBe('closed')
  expect(policy.breaker?.stats()).toMatchObject({ failures: 1, ignored: 9 })
  policy[Symbol.dispose]()
})

it('one reason that ends calls which run and calls which wait counts for those that run', async () => {
  const policy = recommended('peer', { totalTimeoutMs: false, retry: false, bulkhead: { concurrent: 2 } })
  const controller = new AbortController()
  const { signal } = controller
  const calls = Array.from({ length: 10 }, () => policy.execute(never, { signal }))
  const reason = new TimeoutError(1000, 'total')
  controller.abort(reason)
  for (const outcome of await Promise.allSettled(calls)) expect(outcome).toEqual({ status: 'rejected', reason })
  expect(policy.breaker?.stats()).toMatchObject({ failures: 2, ignored: 8 })
  policy[Symbol.dispose]()
})

it('calls for which there is no room say nothing about the peer', async () => {
  const policy = recommended('peer', { retry: false, bulkhead: { concurrent: 1, queue: 0 } })
  const first = policy.execute(() => Promise.reject(new Error('down')))
  const others = Array.from({ length: 10 }, () => policy.execute(never))
  for (const outcome of await Promise.allSettled(others)) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'LOOP_BULKHEAD_FULL' } })
  }
  await expect(first).rejects.toThrow('down')
  expect(policy.breaker?.stats()).toMatchObject({ failures: 1, ignored: 10 })
  policy[Symbol.dispose]()
})
