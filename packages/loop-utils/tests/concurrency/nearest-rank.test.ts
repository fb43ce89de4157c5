import { expect, it } from 'vitest'
import { LatencyWindow } from '../../src/concurrency/index.ts'

it('a percentile of a hundred samples is the sample of that rank', () => {
  const latencies = new LatencyWindow(100)
  const ranks = Array.from({ length: 100 }, (_, index) => index + 1)
  for (const rank of ranks) latencies.record(rank)
  expect(ranks.map((percent) => latencies.percentile(percent))).toEqual(ranks)
  expect(latencies.percentile(99.9)).toBe(100)
})
