import { channel } from 'node:diagnostics_channel'
import { expect, it } from 'vitest'
import { EventMetrics, prometheusText } from '../../src/adapters/index.ts'
import { warning } from '../warning.ts'

it('a time that cannot be read is not counted, and does not end the process', async () => {
  const warned = warning('EventMetrics threw Error: no time here')
  using events = new EventMetrics({ durations: { 'x:test:times:read': 'ms' } })
  events.subscribe(['x:test:times:read'])
  channel('x:test:times:read').publish({
    get ms() {
      throw new Error('no time here')
    },
  })
  channel('x:test:times:read').publish({ ms: 20 })
  expect(await warned).toMatchObject({ code: 'LOOP_STRAY_ERROR' })
  expect(prometheusText([events.source])).toContain('x_events_total{event="x:test:times:read"} 2\n')
  expect(prometheusText([events.source])).toContain('x_events_seconds_count{event="x:test:times:read"} 1\n')
})
