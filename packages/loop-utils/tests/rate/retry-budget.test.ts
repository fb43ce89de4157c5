import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OptionError, TimeoutError } from '../../src/errors/index.ts'
import { RetryBudget } from '../../src/rate/index.ts'
import { agree } from '../concurrency/interleavings.ts'

/** A clock that is set by hand. */
class HandClock {
  nowMs = 0

  now(): number {
    return this.nowMs
  }
}

describe('RetryBudget', () => {
  it('pays for retries until it is empty, and for one in ten calls after that', () => {
    const clock = new HandClock()
    const budget = new RetryBudget({ capacity: 5, minPerSecond: 0, clock })
    expect(Array.from({ length: 7 }, () => budget.tryWithdraw(new Error('down')))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
      false,
    ])
    let retries = 0
    for (let call = 0; call < 1000; call++) {
      budget.deposit()
      if (budget.tryWithdraw(new Error('down'))) retries++
    }
    expect(retries).toBeGreaterThanOrEqual(99)
    expect(retries).toBeLessThanOrEqual(100)
    expect(budget.stats()).toMatchObject({ deposits: 1000, withdrawals: 5 + retries })
  })

  it('pays for so many a second however few calls there are', () => {
    const clock = new HandClock()
    const budget = new RetryBudget({ capacity: 10, initial: 0, ratio: 0, minPerSecond: 2, clock })
    expect(budget.tryWithdraw()).toBe(false)
    clock.nowMs = 499
    expect(budget.tryWithdraw()).toBe(false)
    clock.nowMs = 500
    expect(budget.tryWithdraw()).toBe(true)
    expect(budget.tokens).toBe(0)
    clock.nowMs = 60_000
    expect(budget.tokens).toBe(10)
  })

  it('takes more for a retry after a timeout, and gives back for one that succeeded', () => {
    const budget = new RetryBudget({ capacity: 20, cost: 5, timeoutCost: 10, refund: 5, ratio: 0.2, minPerSecond: 0 })
    expect(budget.tryWithdraw(new TimeoutError(100, 'attempt'))).toBe(true)
    expect(budget.tokens).toBe(10)
    expect(budget.tryWithdraw(new Error('reset'))).toBe(true)
    expect(budget.tokens).toBe(5)
    expect(budget.tryWithdraw(new TimeoutError(100, 'attempt'))).toBe(false)
    budget.refund()
    expect(budget.tokens).toBe(10)
    budget.deposit()
    expect(budget.tokens).toBe(11)
    for (let call = 0; call < 100; call++) budget.refund()
    expect(budget.tokens).toBe(20)
  })

  it('never pays for more than its bound, nor refuses what it could pay, in any sequence', () => {
    fc.assert(
      fc.property(
        fc.record({
          capacity: fc.integer({ min: 1, max: 20 }),
          ratio: fc.constantFrom(0, 0.125, 0.25, 1),
          minPerSecond: fc.constantFrom(0, 1, 8),
        }),
        fc.array(fc.tuple(fc.constantFrom('call', 'retry', 'wait'), fc.integer({ min: 1, max: 8 })), {
          maxLength: 200,
        }),
        (options, steps) => {
          const clock = new HandClock()
          const budget = new RetryBudget({ ...options, clock })
          let tokens = options.capacity
          let [calls, retries] = [0, 0]
          for (const [what, amount] of steps) {
            if (what === 'call') {
              calls++
              budget.deposit()
              tokens = Math.min(options.capacity, tokens + options.ratio)
            } else if (what === 'wait') {
              clock.nowMs += 125 * amount
              tokens = Math.min(options.capacity, tokens + (options.minPerSecond * 125 * amount) / 1000)
            } else {
              agree('tryWithdraw', budget.tryWithdraw(), tokens >= 1)
              if (tokens >= 1) {
                retries++
                tokens--
              }
            }
            expect(budget.tokens).toBe(tokens)
          }
          const bound = options.capacity + options.ratio * calls + (options.minPerSecond * clock.nowMs) / 1000
          expect(retries).toBeLessThanOrEqual(bound)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('tells of retries that it does not pay for', () => {
    const seen: unknown[] = []
    const events: string[] = []
    const onMessage = (message: unknown): void => void seen.push(message)
    subscribe('x:loop-utils:retry-budget:refuse', onMessage)
    const budget = new RetryBudget({ initial: 0, minPerSecond: 0, onEvent: (name) => void events.push(name) })
    budget.tryWithdraw('reason')
    unsubscribe('x:loop-utils:retry-budget:refuse', onMessage)
    expect(seen).toEqual([{ tokens: 0, cost: 1, error: 'reason' }])
    expect(events).toEqual(['x:loop-utils:retry-budget:refuse'])
    expect(budget.stats().refused).toBe(1)
  })

  it('refuses wrong options', () => {
    expect(() => new RetryBudget({ capacity: 0 })).toThrow(OptionError)
    expect(() => new RetryBudget({ cost: 0 })).toThrow('cost')
    expect(() => new RetryBudget({ cost: 2, timeoutCost: 1 })).toThrow('timeoutCost')
    expect(() => new RetryBudget({ capacity: 5, timeoutCost: 6 })).toThrow('capacity')
    expect(() => new RetryBudget({ initial: 101 })).toThrow('initial')
    expect(() => new RetryBudget({ ratio: -1 })).toThrow('ratio')
    expect(() => new RetryBudget({ minPerSecond: Number.NaN })).toThrow('minPerSecond')
    expect(() => new RetryBudget({ refund: -1 })).toThrow('refund')
  })
})
