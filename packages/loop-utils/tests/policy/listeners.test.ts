import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { constant } from '../../src/backoff/index.ts'
import { CircuitBreaker } from '../../src/breaker/index.ts'
import { compose, timeoutPolicy, type CallContext, type Policy } from '../../src/policy/index.ts'
import { recommended } from '../../src/recommended/index.ts'
import { retryPolicy } from '../../src/retry/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { never, settled } from '../settled.ts'

const CALLS = 60_000

const policies: [string, Policy][] = [
  ['a retry', retryPolicy({ maxAttempts: 1 })],
  ['a time limit', timeoutPolicy(60_000)],
  [
    'retry, breaker and time limit',
    compose(retryPolicy({ backoff: constant(0), maxAttempts: 1 }), new CircuitBreaker(), timeoutPolicy(60_000)),
  ],
]

/** One in a hundred fails, and one in ten looks at its signal. */
function call(index: number): (context: CallContext) => Promise<unknown> {
  if (index % 100 === 0) return () => Promise.reject(new Error('own'))
  return index % 10 === 0 ? async (context) => context.signal : async () => index
}

describe('calls on one signal', () => {
  it('leave as many listeners as they found, over 60 000 calls', { timeout: 300_000 }, async () => {
    const counted = new CountedSignal()
    const { signal } = counted
    for (let index = 0; index < CALLS; index++) {
      const policy = policies[index % policies.length]?.[1]
      await policy?.execute(call(index), { signal }).catch(() => {})
    }
    expect(counted.removed).toBe(counted.added)
    expect(counted.added).toBe(CALLS)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it.each([...policies, ['the recommended pipeline', recommended('x', { bulkhead: { concurrent: 5000 } })] as const])(
    'share one listener while they run, and cause no warning: %s',
    async (_name, policy) => {
      const warnings: Error[] = []
      const keep = (warning: Error): void => void warnings.push(warning)
      process.on('warning', keep)
      const counted = new CountedSignal()
      const runs = Promise.all(
        Array.from({ length: 1000 }, () => settled(policy.execute(never, { signal: counted.signal }))),
      )
      await new Promise((resolve) => setImmediate(resolve))
      expect(getEventListeners(counted.signal, 'abort')).toHaveLength(1)
      counted.controller.abort('enough')
      expect((await runs).every((run) => run.status === 'rejected' && run.reason === 'enough')).toBe(true)
      await new Promise((resolve) => setImmediate(resolve))
      process.off('warning', keep)
      expect(warnings).toEqual([])
      expect(getEventListeners(counted.signal, 'abort')).toEqual([])
    },
  )
})
