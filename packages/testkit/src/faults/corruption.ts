import type { Random } from '@x/loop-utils/clock'

/**
 * Returns a copy of `data` in which each byte was changed with the given probability, or `data` itself when none was. A
 * changed byte always differs from what it was.
 */
export function corrupt(data: Uint8Array, probability: number, random: Random): Uint8Array {
  let copy: Uint8Array | undefined
  for (let index = gap(probability, random); index < data.length; index += 1 + gap(probability, random)) {
    copy ??= Uint8Array.from(data)
    copy[index] = (copy[index] ?? 0) ^ (1 + Math.floor(random() * 255))
  }
  return copy ?? data
}

/** How many bytes stay whole before the next change: one draw for each change instead of one for each byte. */
function gap(probability: number, random: Random): number {
  if (probability >= 1) return 0
  if (probability <= 0) return Infinity
  return Math.floor(Math.log(1 - random()) / Math.log(1 - probability))
}
