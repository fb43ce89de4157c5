import { describe, expect, it } from 'vitest'
import {
  type Backoff,
  constant,
  decorrelated,
  exponential,
  fibonacci,
  linear,
  reconnectBackoff,
} from '../../src/backoff/index.ts'
import { seeded } from '../../src/clock/index.ts'
import { criticalDistance, distance, type Distribution, uniform } from './kolmogorov-smirnov.ts'

const SAMPLES = 20_000
const CRITICAL = criticalDistance(SAMPLES)

/** Delay number `place` (from 0) of as many sequences as there are samples, all from one source. */
function drawn(backoff: Backoff, place: number, seed: number): number[] {
  const random = seeded(seed)
  return Array.from({ length: SAMPLES }, () => {
    const delays = backoff.delays(random)
    for (let skipped = 0; skipped < place; skipped++) delays.next()
    return delays.next().value as number
  })
}

/** One sequence that is as long as there are samples. */
function runOf(backoff: Backoff, seed: number): number[] {
  const delays = backoff.delays(seeded(seed))
  return Array.from({ length: SAMPLES }, () => delays.next().value as number)
}

interface Case {
  readonly name: string
  readonly backoff: Backoff
  /** Which delay of the sequence is looked at; from 0. */
  readonly place: number
  readonly low: number
  readonly high: number
}

const growth = { initialDelayMs: 100, maxDelayMs: 1000 }

const CASES: readonly Case[] = [
  { name: 'full, first delay', backoff: exponential({ ...growth, jitter: 'full' }), place: 0, low: 0, high: 100 },
  { name: 'full, grown', backoff: exponential({ ...growth, jitter: 'full' }), place: 3, low: 0, high: 800 },
  { name: 'full, at the cap', backoff: exponential({ ...growth, jitter: 'full' }), place: 6, low: 0, high: 1000 },
  { name: 'full, linear', backoff: linear({ ...growth, jitter: 'full' }), place: 2, low: 0, high: 300 },
  { name: 'equal, first delay', backoff: exponential({ ...growth, jitter: 'equal' }), place: 0, low: 50, high: 100 },
  { name: 'equal, at the cap', backoff: exponential({ ...growth, jitter: 'equal' }), place: 5, low: 500, high: 1000 },
  { name: 'equal, Fibonacci', backoff: fibonacci({ ...growth, jitter: 'equal' }), place: 4, low: 250, high: 500 },
  {
    name: 'ratio, clear of the cap',
    backoff: exponential({ ...growth, jitter: { ratio: 0.25 } }),
    place: 1,
    low: 150,
    high: 250,
  },
  {
    name: 'ratio, partly above the cap',
    backoff: exponential({ ...growth, jitter: { ratio: 0.5 } }),
    place: 3,
    low: 400,
    high: 1000,
  },
  {
    name: 'ratio, at the cap',
    backoff: exponential({ ...growth, jitter: { ratio: 0.1 } }),
    place: 5,
    low: 900,
    high: 1000,
  },
  {
    name: 'ratio, not clamped, at the cap',
    backoff: exponential({ ...growth, jitter: { ratio: 0.1, clamp: false } }),
    place: 5,
    low: 900,
    high: 1100,
  },
  { name: 'ratio of 1', backoff: constant(40, { jitter: { ratio: 1 } }), place: 0, low: 0, high: 80 },
  { name: 'reconnecting, first delay', backoff: reconnectBackoff(), place: 0, low: 900, high: 1100 },
  { name: 'reconnecting, at the cap', backoff: reconnectBackoff(), place: 7, low: 54_000, high: 60_000 },
]

/** Where each delay lies between the lowest and the highest that the one before it allows; uniform from 0 to 1. */
function places(delays: readonly number[], factor: number): number[] {
  const { initialDelayMs, maxDelayMs } = growth
  return delays.slice(1).map((delay, index) => {
    const highest = Math.min(maxDelayMs, (delays[index] as number) * factor)
    return (delay - initialDelayMs) / (highest - initialDelayMs)
  })
}

/**
 * The second of the decorrelated delays from 1 with a factor of 3: uniform from 1 to 3·d where d is uniform from 1 to
 * 3; the integral over d.
 */
const secondDecorrelated: Distribution = (x) => {
  if (x < 1) return 0
  if (x >= 9) return 1
  // for these d, 3·d does not exceed x
  const surely = Math.max(0, x / 3 - 1)
  const rest = (x - 1) * Math.log(8 / Math.max(2, x - 1))
  return (surely + rest / 3) / 2
}

describe('jitter', () => {
  it.each(CASES)('is spread evenly: $name', ({ backoff, place, low, high }) => {
    const delays = drawn(backoff, place, 20_260)
    expect(distance(delays, uniform(low, high))).toBeLessThan(CRITICAL)
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(low)
    expect(Math.max(...delays)).toBeLessThanOrEqual(high)
  })

  it.each(CASES)('does not depend on the delay before it: $name', ({ backoff, place, low, high }) => {
    const delays = drawn(backoff, place, 31)
    // the sum of two independent uniform numbers, less its whole part, is uniform
    const sums = delays.slice(1).map((delay, index) => {
      const sum = (delay - low + (delays[index] as number) - low) / (high - low)
      return sum - Math.floor(sum)
    })
    expect(distance(sums, uniform(0, 1))).toBeLessThan(criticalDistance(sums.length))
  })
})

describe('decorrelated jitter', () => {
  it.each([1.5, 3, 10])('is uniform between the first delay and %d times the one before, or the cap', (factor) => {
    const delays = runOf(decorrelated({ ...growth, factor }), 7)
    const found = places(delays, factor)
    expect(distance(found, uniform(0, 1))).toBeLessThan(criticalDistance(found.length))
    const sums = found.slice(1).map((place, index) => (place + (found[index] as number)) % 1)
    expect(distance(sums, uniform(0, 1))).toBeLessThan(criticalDistance(sums.length))
  })

  it('has the distribution of the integral in its second delay', () => {
    const backoff = decorrelated({ initialDelayMs: 1, maxDelayMs: 1e6 })
    expect(distance(drawn(backoff, 0, 3), uniform(1, 3))).toBeLessThan(CRITICAL)
    expect(distance(drawn(backoff, 1, 3), secondDecorrelated)).toBeLessThan(CRITICAL)
  })
})

describe('the test of Kolmogorov and Smirnov', () => {
  it('rejects jitter of one kind where another is expected', () => {
    const full = drawn(exponential({ ...growth, jitter: 'full' }), 0, 1)
    const equal = drawn(exponential({ ...growth, jitter: 'equal' }), 0, 1)
    expect(distance(full, uniform(50, 100))).toBeGreaterThan(CRITICAL)
    expect(distance(equal, uniform(0, 100))).toBeGreaterThan(CRITICAL)
    expect(distance(full, uniform(0, 104))).toBeGreaterThan(CRITICAL)
  })

  it('rejects delays that are cut at the cap rather than spread below it', () => {
    const isCut = drawn(exponential({ ...growth, jitter: { ratio: 0.1, clamp: false } }), 5, 1).map((delay) =>
      Math.min(1000, delay),
    )
    expect(distance(isCut, uniform(900, 1000))).toBeGreaterThan(CRITICAL)
    const random = seeded(5)
    let previous = 100
    const cutWalk = Array.from({ length: SAMPLES }, () => {
      previous = Math.min(1000, 100 + (previous * 3 - 100) * random())
      return previous
    })
    expect(distance(places(cutWalk, 3), uniform(0, 1))).toBeGreaterThan(CRITICAL)
  })

  it('rejects a bias of a few percent, and numbers that depend on each other', () => {
    const random = seeded(9)
    const biased = Array.from({ length: SAMPLES }, () => random() ** 1.05)
    expect(distance(biased, uniform(0, 1))).toBeGreaterThan(CRITICAL)
    const pairs = Array.from({ length: SAMPLES / 2 }, () => random()).flatMap((place) => [place, 1 - place])
    expect(distance(pairs, uniform(0, 1))).toBeLessThan(CRITICAL)
    const sums = pairs.slice(1).map((place, index) => (place + (pairs[index] as number)) % 1)
    expect(distance(sums, uniform(0, 1))).toBeGreaterThan(CRITICAL)
  })

  it('rejects chance itself hardly more often than in one of a thousand cases', () => {
    let rejected = 0
    for (let seed = 1; seed <= 2000; seed++) {
      const random = seeded(seed)
      const samples = Array.from({ length: 500 }, () => random())
      if (distance(samples, uniform(0, 1)) > criticalDistance(500)) rejected++
    }
    expect(rejected).toBeGreaterThan(0)
    expect(rejected).toBeLessThanOrEqual(7)
    expect(distance([0.5], uniform(0, 1))).toBe(0.5)
    expect(distance([0.25, 0.75], uniform(0, 1))).toBe(0.25)
  })
})
