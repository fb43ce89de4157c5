import { describe, expectTypeOf, it } from 'vitest'
import {
  BreakerRegistry,
  CircuitBreaker,
  consecutive,
  countWindow,
  type BreakerChange,
  type BreakerOptions,
  type BreakerState,
  type Permit,
} from '../../src/breaker/index.ts'
import type { CallContext, Policy } from '../../src/policy/index.ts'

describe('the types of a breaker', () => {
  it('follow the function', () => {
    const breaker = new CircuitBreaker()
    expectTypeOf(breaker.execute(() => 1)).toEqualTypeOf<Promise<number>>()
    expectTypeOf(breaker.execute(() => Promise.resolve('a'))).toEqualTypeOf<Promise<string>>()
    expectTypeOf<Parameters<Parameters<CircuitBreaker['execute']>[0]>>().toEqualTypeOf<[CallContext]>()
    expectTypeOf(breaker.tryAcquire()).toEqualTypeOf<Permit | null>()
    expectTypeOf(breaker.state).toEqualTypeOf<BreakerState>()
    expectTypeOf(breaker).toExtend<Policy>()
    // @ts-expect-error -- a promise is no function
    void breaker.execute(Promise.resolve(1)).catch(() => undefined)
  })

  it('know the events', () => {
    new CircuitBreaker().on('change', (change) => {
      expectTypeOf(change).toEqualTypeOf<BreakerChange>()
    })
    new BreakerRegistry().on('change', (change) => {
      expectTypeOf(change.key).toBeString()
    })
    // @ts-expect-error -- there is no such event
    new CircuitBreaker().on('opened', () => undefined)
  })

  it('know the options', () => {
    expectTypeOf({ trip: consecutive(1) }).toExtend<BreakerOptions>()
    // @ts-expect-error -- a duration is given in milliseconds, by that name
    void ({ halfOpenAfter: 1 } satisfies BreakerOptions)
    // @ts-expect-error -- a window has a rate
    const noRate = (): unknown => countWindow({ size: 3 })
    expectTypeOf(noRate).toBeFunction()
  })
})
