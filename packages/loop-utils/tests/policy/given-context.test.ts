import { describe, expect, it } from 'vitest'
import { CircuitBreaker } from '../../src/breaker/index.ts'
import { AdaptiveConcurrency, Bulkhead, hedgePolicy } from '../../src/concurrency/index.ts'
import { fallback } from '../../src/fallback/index.ts'
import { compose, timeoutPolicy, type ExecuteOptions, type PolicyFunction } from '../../src/policy/index.ts'
import { retryPolicy } from '../../src/retry/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { never, settled } from '../settled.ts'

const policies: [string, Executing][] = [
  ['a retry', retryPolicy()],
  ['a time limit', timeoutPolicy(60_000)],
  ['a breaker', new CircuitBreaker()],
  ['a fallback', fallback('stand-in')],
  ['a fallback around a breaker', fallback('stand-in').around(new CircuitBreaker())],
  ['a bulkhead', new Bulkhead({ concurrent: 8 })],
  ['an adaptive limit', new AdaptiveConcurrency()],
  ['a hedge', hedgePolicy({ afterMs: 60_000 })],
  ['a composition of nothing', compose()],
]

/** What policies and fallbacks have in common. */
interface Executing {
  execute(fn: PolicyFunction<unknown>, options: ExecuteOptions): Promise<unknown>
}

describe('a policy that user code gives the context of an outer one', () => {
  it.each(policies)('rejects within a macrotask of the abort, though the function hangs: %s', async (_name, policy) => {
    const counted = new CountedSignal()
    let inner: Promise<unknown> | undefined
    const outer = retryPolicy().execute(
      (context) => {
        inner = settled(policy.execute(never, context))
        return inner
      },
      { signal: counted.signal },
    )
    const outcome = settled(outer)
    // a wait for its turn, where there is one, is over by then
    await new Promise((resolve) => setImmediate(resolve))
    counted.controller.abort('enough')
    const late = new Promise((resolve) => setImmediate(resolve, 'still pending'))
    expect(await Promise.race([inner, late])).toEqual({ status: 'rejected', reason: 'enough' })
    expect(await outcome).toEqual({ status: 'rejected', reason: 'enough' })
    expect(counted.removed).toBe(counted.added)
  })

  it.each(policies)('gives its result, and leaves the context of use: %s', async (_name, policy) => {
    const counted = new CountedSignal()
    const result = await retryPolicy().execute(
      async (context) => {
        const first = await policy.execute(async () => 1, context)
        const second = await policy.execute(({ signal }) => Promise.resolve(signal.aborted), context)
        return [first, second, context.signal.aborted]
      },
      { signal: counted.signal },
    )
    expect(result).toEqual([1, false, false])
    expect([counted.added, counted.removed]).toEqual([1, 1])
  })
})
