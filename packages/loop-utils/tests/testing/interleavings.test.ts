import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { interleavings, ManualClock, seeded } from '../../src/testing/index.ts'

describe('interleavings', () => {
  it('gives every order that keeps the tracks in order', () => {
    expect([...interleavings(['a', 'b'], ['x'])]).toEqual([
      ['a', 'b', 'x'],
      ['a', 'x', 'b'],
      ['x', 'a', 'b'],
    ])
    expect([...interleavings<string>()]).toEqual([[]])
    expect([...interleavings([], ['x'])]).toEqual([['x']])
  })

  it('gives as many as there are, each once', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.nat(4), fc.nat(2), (a, b, c) => {
        const track = (name: string, length: number): string[] => Array.from({ length }, (_, step) => `${name}${step}`)
        const all = [...interleavings(track('a', a), track('b', b), track('c', c))]
        const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1))
        expect(all).toHaveLength(factorial(a + b + c) / (factorial(a) * factorial(b) * factorial(c)))
        expect(new Set(all.map((steps) => steps.join())).size).toBe(all.length)
        for (const steps of all) {
          expect(steps.filter((step) => step.startsWith('a'))).toEqual(track('a', a))
          expect(steps.filter((step) => step.startsWith('b'))).toEqual(track('b', b))
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('the testing entry', () => {
  it('has a clock and a source of random numbers', () => {
    expect(new ManualClock().now()).toBe(0)
    expect(seeded(1)()).toBe(seeded(1)())
  })
})
