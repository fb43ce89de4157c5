import { expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { debounce, throttle } from '../../src/concurrency/index.ts'

it.each([
  ['debounce', (fn: (value: number) => void, clock: ManualClock) => debounce(fn, 0, { clock })],
  ['throttle', (fn: (value: number) => void, clock: ManualClock) => throttle(fn, 0, { leading: false, clock })],
] as const)('%s of no time merges what is called in one turn, and may be called by its function', async (_, make) => {
  const clock = new ManualClock()
  const seen: number[] = []
  const paced = make((value) => {
    seen.push(value)
    if (value < 5) paced(value + 1)
  }, clock)
  for (const value of [1, 2, 3]) paced(value)
  expect([seen, paced.isPending()]).toEqual([[], true])
  await clock.runAll()
  expect([seen, paced.isPending(), clock.pending]).toEqual([[3, 4, 5], false, 0])
})
