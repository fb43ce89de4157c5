import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  capTotal,
  concat,
  constant,
  custom,
  decorrelated,
  exponential,
  fibonacci,
  linear,
  reconnectBackoff,
  sequence,
  take,
  type Backoff,
  type Jitter,
} from '../../src/backoff/index.ts'
import { seeded } from '../../src/clock/index.ts'
import { OptionError } from '../../src/errors/index.ts'

function first(backoff: Backoff, count: number, random: () => number = seeded(1)): number[] {
  return [...take(backoff, count).delays(random)]
}

/** The edges and the middle of what a source of random numbers gives. */
const LOWEST = (): number => 0
const HIGHEST = (): number => 1 - 2 ** -53

const jitters: fc.Arbitrary<Jitter> = fc.oneof(
  fc.constantFrom<Jitter>('none', 'full', 'equal'),
  fc.record({ ratio: fc.double({ min: 0, max: 1, noNaN: true }) }),
)

const bounds = fc
  .tuple(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.double({ min: 0, max: 1e9, noNaN: true }))
  .map(([a, b]) => ({ initialDelayMs: Math.min(a, b), maxDelayMs: Math.max(a, b) }))

const factors = fc.double({ min: 1, max: 1e300, noNaN: true })

const growing: fc.Arbitrary<{ backoff: Backoff; maxDelayMs: number }> = fc
  .record({ bounds, jitter: jitters, factor: factors, stepMs: fc.double({ min: 0, max: 1e308, noNaN: true }) })
  .chain(({ bounds, jitter, factor, stepMs }) =>
    fc.constantFrom(
      { backoff: exponential({ ...bounds, jitter, factor }), maxDelayMs: bounds.maxDelayMs },
      { backoff: linear({ ...bounds, jitter, stepMs }), maxDelayMs: bounds.maxDelayMs },
      { backoff: fibonacci({ ...bounds, jitter }), maxDelayMs: bounds.maxDelayMs },
      { backoff: decorrelated({ ...bounds, factor }), maxDelayMs: bounds.maxDelayMs },
    ),
  )

describe('every growing backoff', () => {
  it('stays finite, not negative and within its longest delay', () => {
    fc.assert(
      fc.property(
        growing,
        fc.integer(),
        fc.constantFrom(undefined, LOWEST, HIGHEST),
        ({ backoff, maxDelayMs }, seed, edge) => {
          for (const delayMs of first(backoff, 200, edge ?? seeded(seed))) {
            expect(delayMs >= 0 && delayMs <= maxDelayMs).toBe(true)
          }
        },
      ),
    )
  })

  it('keeps the smallest numbers there are within their longest delay', () => {
    const smallest = exponential({ initialDelayMs: 5e-324, maxDelayMs: 1.5e-323, jitter: 'equal' })
    expect(first(smallest, 4, HIGHEST).every((delayMs) => delayMs <= 1.5e-323)).toBe(true)
  })

  it('gives the same sequence for the same seed, again and again', () => {
    fc.assert(
      fc.property(growing, fc.integer(), ({ backoff }, seed) => {
        const once = first(backoff, 50, seeded(seed))
        expect(first(backoff, 50, seeded(seed))).toEqual(once)
      }),
    )
  })

  it('is still within bounds after 100 000 steps', () => {
    const options = { initialDelayMs: 1, maxDelayMs: 60_000, jitter: { ratio: 0.1 } } as const
    const all = [
      exponential({ ...options, factor: 1e300 }),
      linear({ ...options, stepMs: 1e308 }),
      fibonacci(options),
      decorrelated({ maxDelayMs: 60_000, factor: 1e300 }),
      reconnectBackoff(),
    ]
    for (const backoff of all) {
      const delays = first(backoff, 100_000)
      expect(delays).toHaveLength(100_000)
      expect(delays.every((delayMs) => delayMs >= 0 && delayMs <= 60_000)).toBe(true)
    }
  })
})

describe('the sequences without jitter', () => {
  it('exponential multiplies', () => {
    expect(first(exponential(), 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
    expect(first(exponential({ initialDelayMs: 2, factor: 3, maxDelayMs: 50 }), 5)).toEqual([2, 6, 18, 50, 50])
    expect(first(exponential({ maxDelayMs: 10 }), 2)).toEqual([10, 10])
    expect(first(exponential({ initialDelayMs: 0 }), 3)).toEqual([0, 0, 0])
  })

  it('linear adds', () => {
    expect(first(linear({ initialDelayMs: 10, stepMs: 5, maxDelayMs: 22 }), 5)).toEqual([10, 15, 20, 22, 22])
    expect(first(linear({ initialDelayMs: 10 }), 3)).toEqual([10, 20, 30])
    expect(first(linear(), 2)).toEqual([1000, 2000])
  })

  it('fibonacci sums', () => {
    expect(first(fibonacci({ initialDelayMs: 10, maxDelayMs: 100 }), 8)).toEqual([10, 10, 20, 30, 50, 80, 100, 100])
  })

  it('constant repeats, and sequence lists', () => {
    expect(first(constant(7), 3)).toEqual([7, 7, 7])
    expect(first(sequence([1, 5]), 9)).toEqual([1, 5])
    expect(first(sequence([1, 5], { repeatLast: true }), 4)).toEqual([1, 5, 5, 5])
    expect(first(sequence([], { repeatLast: true }), 4)).toEqual([])
  })

  it('custom computes, and ends with undefined', () => {
    const steps: unknown[] = []
    const backoff = custom((step) => {
      steps.push(step)
      return step.attempt > 3 ? undefined : step.previousMs + step.attempt
    })
    expect(first(backoff, 9)).toEqual([1, 3, 6])
    expect(steps[2]).toEqual({ attempt: 3, previousMs: 3, totalMs: 4 })
    expect(
      first(
        custom((_, random) => random()),
        2,
        seeded(3),
      ),
    ).toEqual([seeded(3)(), expect.any(Number)])
    expect(
      first(
        custom(() => Number.MAX_VALUE),
        3,
      ),
    ).toEqual([Number.MAX_VALUE, Number.MAX_VALUE, Number.MAX_VALUE])
  })
})

describe('jitter', () => {
  it.each<[Jitter, number, number]>([
    ['none', 100, 100],
    ['full', 0, 100],
    ['equal', 50, 100],
    [{ ratio: 0.25 }, 75, 100],
    [{ ratio: 0.25, clamp: false }, 75, 125],
  ])('%o spreads a delay at the cap from %d to %d', (jitter, lowest, highest) => {
    const backoff = exponential({ initialDelayMs: 100, maxDelayMs: 100, jitter })
    expect(first(backoff, 1, LOWEST)).toEqual([lowest])
    expect(first(backoff, 1, HIGHEST)[0]).toBeCloseTo(highest, 9)
    expect(first(backoff, 1, () => 0.5)[0]).toBeCloseTo((lowest + highest) / 2, 9)
  })

  it('spreads a constant delay to both sides', () => {
    expect(first(constant(100, { jitter: { ratio: 0.1 } }), 1, HIGHEST)[0]).toBeCloseTo(110, 9)
  })

  it('draws decorrelated delays between the first and thrice the last', () => {
    const delays = first(decorrelated({ initialDelayMs: 10, maxDelayMs: 1000 }), 500)
    let previous = 10
    for (const delayMs of delays) {
      expect(delayMs >= 10 && delayMs <= Math.min(1000, previous * 3)).toBe(true)
      previous = delayMs
    }
    expect(Math.max(...delays)).toBeGreaterThan(500)
  })
})

describe('reconnectBackoff', () => {
  it('doubles from 1 s to 60 s, spread by a tenth', () => {
    const nominal = [1, 2, 4, 8, 16, 32]
    const delays = first(reconnectBackoff(), 6)
    for (const [index, delayMs] of delays.entries()) {
      const seconds = nominal[index] ?? NaN
      expect(delayMs >= seconds * 900 && delayMs <= seconds * 1100).toBe(true)
    }
  })

  it('draws uniformly from 54 to 60 s at the cap', () => {
    const delays = first(reconnectBackoff(), 10_006).slice(6)
    expect(delays.every((delayMs) => delayMs >= 54_000 && delayMs <= 60_000)).toBe(true)
    const tenths = Array.from({ length: 10 }, () => 0)
    for (const delayMs of delays) {
      const tenth = Math.min(9, Math.floor((delayMs - 54_000) / 600))
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    // chi-square with 9 degrees of freedom; a delay that was merely cut at 60 s would fill the last tenth with half of all
    expect(tenths.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(27.9)
  })

  it('reaches 66 s without the clamp', () => {
    const delays = first(reconnectBackoff({ clamp: false }), 5000).slice(6)
    expect(Math.max(...delays)).toBeGreaterThan(65_000)
    expect(delays.every((delayMs) => delayMs >= 54_000 && delayMs <= 66_000)).toBe(true)
  })

  it('takes other figures', () => {
    const backoff = reconnectBackoff({ initialDelayMs: 5, maxDelayMs: 20, factor: 4, ratio: 0 })
    expect(first(backoff, 3)).toEqual([5, 20, 20])
  })
})

describe('the algebra', () => {
  it('take ends a sequence', () => {
    expect(first(take(constant(1), 2), 5)).toEqual([1, 1])
    expect(first(take(constant(1), 0), 5)).toEqual([])
    expect(first(take(sequence([4]), 3), 5)).toEqual([4])
  })

  it('concat joins sequences', () => {
    expect(first(concat(take(constant(1), 2), sequence([5]), exponential()), 5)).toEqual([1, 1, 5, 1000, 2000])
  })

  it('capTotal ends when the sum is reached, cutting the last delay', () => {
    expect(first(capTotal(exponential(), 10_000), 9)).toEqual([1000, 2000, 4000, 3000])
    expect(first(capTotal(constant(5), 10), 9)).toEqual([5, 5])
    expect(first(capTotal(constant(5), 0), 9)).toEqual([])
    expect(first(capTotal(sequence([1]), 10), 9)).toEqual([1])
    fc.assert(
      fc.property(growing, fc.double({ min: 0, max: 1e9, noNaN: true }), ({ backoff }, totalMs) => {
        const sum = first(capTotal(backoff, totalMs), 100).reduce((total, delayMs) => total + delayMs, 0)
        expect(sum).toBeLessThanOrEqual(totalMs * (1 + 1e-9))
      }),
    )
  })

  it('uses Math.random unless told otherwise', () => {
    const { value } = exponential({ jitter: 'full' }).delays().next()
    expect(value).toBeGreaterThanOrEqual(0)
  })
})

describe('wrong options', () => {
  it.each<[string, () => unknown]>([
    ['factor', () => exponential({ factor: 0.5 })],
    ['factor', () => decorrelated({ factor: NaN })],
    ['maxDelayMs', () => exponential({ maxDelayMs: Infinity })],
    ['initialDelayMs', () => exponential({ initialDelayMs: 2, maxDelayMs: 1 })],
    ['initialDelayMs', () => fibonacci({ initialDelayMs: -1 })],
    ['stepMs', () => linear({ stepMs: -1 })],
    ['jitter', () => exponential({ jitter: 'some' as never })],
    ['jitter', () => exponential({ jitter: 7 as never })],
    ['jitter.ratio', () => exponential({ jitter: { ratio: 2 } })],
    ['delayMs', () => constant(Infinity)],
    ['delaysMs[1]', () => sequence([1, NaN])],
    ['next', () => custom(1 as never)],
    [
      'next()',
      () =>
        first(
          custom(() => NaN),
          1,
        ),
    ],
    ['count', () => take(constant(1), -1)],
    ['totalMs', () => capTotal(constant(1), -1)],
    ['backoffs', () => concat()],
  ])('are refused by name: %s', (option, make) => {
    expect(make).toThrow(OptionError)
    expect(make).toThrow(`option ${option} is `)
  })
})
