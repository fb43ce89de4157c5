import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seeded } from '../../src/clock/index.ts'
import { OptionError } from '../../src/errors/index.ts'

function draw(seed: number, count: number): number[] {
  const random = seeded(seed)
  return Array.from({ length: count }, () => random())
}

/** xoshiro128** as its authors write it, in arbitrary precision: https://prng.di.unimi.it/xoshiro128starstar.c */
function* reference(state: bigint[]): Generator<bigint, never, undefined> {
  const mask = 0xffffffffn
  const rotl = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & mask
  let [s0, s1, s2, s3] = state as [bigint, bigint, bigint, bigint]
  for (;;) {
    yield (rotl((s1 * 5n) & mask, 7n) * 9n) & mask
    const t = (s1 << 9n) & mask
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = rotl(s3, 11n)
  }
}

/** SplitMix32 in arbitrary precision. */
function fill(seed: bigint): bigint[] {
  const mask = 0xffffffffn
  let state = seed & mask
  return Array.from({ length: 4 }, () => {
    state = (state + 0x9e3779b9n) & mask
    let z = state
    z = ((z ^ (z >> 16n)) * 0x21f0aaadn) & mask
    z = ((z ^ (z >> 15n)) * 0x735a2d97n) & mask
    return z ^ (z >> 15n)
  })
}

describe('seeded', () => {
  it('gives the numbers of the published generator', () => {
    for (const seed of [0, 1, 42, 2 ** 32 - 1]) {
      const generator = reference(fill(BigInt(seed)))
      const expected = Array.from({ length: 100 }, () => {
        const high = generator.next().value >> 5n
        const low = generator.next().value >> 6n
        return Number((high << 26n) | low) / 2 ** 53
      })
      expect(draw(seed, 100)).toEqual(expected)
    }
  })

  it('gives the same numbers for the same seed, and others for another', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (one, other) => {
        expect(draw(one, 8)).toEqual(draw(one, 8))
        fc.pre(one !== other)
        expect(draw(one, 8)).not.toEqual(draw(other, 8))
      }),
    )
  })

  it('spreads its numbers evenly over [0, 1)', () => {
    const buckets = Array.from({ length: 20 }, () => 0)
    const numbers = draw(7, 40_000)
    for (const number of numbers) {
      expect(number >= 0 && number < 1).toBe(true)
      const index = Math.floor(number * 20)
      buckets[index] = (buckets[index] ?? 0) + 1
    }
    // chi-square with 19 degrees of freedom; the draw is fixed by its seed
    const chiSquare = buckets.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)
    expect(chiSquare).toBeLessThan(43.8)
    expect(new Set(numbers).size).toBe(40_000)
  })

  it('refuses what is no integer', () => {
    expect(() => seeded(0.5)).toThrow(OptionError)
    expect(() => seeded(Infinity)).toThrow(OptionError)
  })
})
