import { checkInteger } from '../errors/option-checks.ts'
import type { Random } from './random.ts'

/**
 * A repeatable source of numbers: the same seed gives the same sequence in every thread and version of Node.
 * Not for secrets. The generator is xoshiro128** (Blackman and Vigna, 2018), its state filled by SplitMix32.
 *
 * @throws OptionError when `seed` is not a safe integer
 */
export function seeded(seed: number): Random {
  checkInteger('seed', seed)
  const fill = splitMix32(seed, Math.floor(seed / 2 ** 32))
  const state: [number, number, number, number] = [fill(), fill(), fill(), fill()]
  // 53 bits, so that every double in [0, 1) of that grid can appear
  return () => ((next(state) >>> 5) * 2 ** 26 + (next(state) >>> 6)) / 2 ** 53
}

function next(state: [number, number, number, number]): number {
  const [a, b, c, d] = state
  const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
  const third = c ^ a
  const fourth = d ^ b
  state[0] = a ^ fourth
  state[1] = b ^ third
  state[2] = third ^ (b << 9)
  state[3] = rotateLeft(fourth, 11)
  return result
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function splitMix32(low: number, high: number): () => number {
  let state = (low ^ Math.imul(high, 0x85ebca6b)) | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return mixed ^ (mixed >>> 15)
  }
}
