import { expect, it } from 'vitest'
import { jsonLogSink } from '../../src/adapters/index.ts'
import { ManualClock } from '../../src/clock/index.ts'

it('events are written in every second, beside the number of those that were not', async () => {
  const clock = new ManualClock()
  const lines: unknown[] = []
  const sink = jsonLogSink((line) => lines.push((JSON.parse(line) as { data: unknown }).data), {
    maxLinesPerSecond: 1,
    clock,
  })
  for (let second = 0; second < 3; second++) {
    for (const event of ['a', 'b']) sink.onEvent('x:test:log:event', { second, event })
    await clock.advance(1000)
  }
  expect(lines).toEqual([
    { second: 0, event: 'a' },
    { dropped: 1 },
    { second: 1, event: 'a' },
    { dropped: 1 },
    { second: 2, event: 'a' },
  ])
  expect(sink.stats()).toMatchObject({ written: 5, dropped: 3 })
})
