import { channel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { EventMetrics, prometheusText, type EventMetricsOptions } from '../../src/adapters/index.ts'
import { constant } from '../../src/backoff/index.ts'
import { OptionError } from '../../src/errors/index.ts'
import { retry } from '../../src/retry/index.ts'
import { failing } from '../retry/failing.ts'
import { readExposition } from './exposition-format.ts'

function read(metrics: EventMetrics): Record<string, Record<string, number>> {
  return Object.fromEntries(
    readExposition(prometheusText([metrics.source])).map((family) => [
      family.name,
      Object.fromEntries(
        family.samples.map(({ name, labels, value }) => [
          `${name.slice(family.name.length)}${Object.values(labels).join(' ')}`,
          value,
        ]),
      ),
    ]),
  )
}

describe('EventMetrics', () => {
  it('counts events, and how long retries wait', async () => {
    const metrics = new EventMetrics({ buckets: [0.001, 0.002] })
    const { onEvent } = metrics
    await retry(failing(1, 2), { onEvent, backoff: constant(1) })
    await retry(failing(1), { onEvent, maxAttempts: 1 }).catch(() => {})
    onEvent('x:loop-utils:retry:schedule', { delayMs: 1500 })
    onEvent('x:loop-utils:retry:schedule', { delayMs: NaN })
    onEvent('x:loop-utils:retry:schedule', { delayMs: '3' })
    const name = 'x:loop-utils:retry:schedule'
    expect(read(metrics)).toEqual({
      x_events_total: { [name]: 5, 'x:loop-utils:retry:give-up': 1 },
      x_events_seconds: {
        [`_bucket${name} 0.001`]: 2,
        [`_bucket${name} 0.002`]: 2,
        [`_bucket${name} +Inf`]: 3,
        [`_sum${name}`]: 1.502,
        [`_count${name}`]: 3,
      },
    })
  })

  it('takes times from the events that it is told of', () => {
    const metrics = new EventMetrics({ prefix: 'my', durations: { 'x:mine:link:up': 'handshakeMs' }, buckets: [1] })
    metrics.onEvent('x:mine:link:up', { handshakeMs: 250 })
    expect(read(metrics)['my_seconds']).toMatchObject({ '_bucketx:mine:link:up 1': 1, '_sumx:mine:link:up': 0.25 })
  })

  it('listens to diagnostics channels until it is disposed of', async () => {
    const metrics = new EventMetrics()
    const mine = channel('x:test:event-metrics:happen')
    const first = metrics.subscribe()
    const second = metrics.subscribe([mine.name as string])
    await retry(failing(1), { backoff: constant(0) })
    mine.publish({})
    mine.publish('no object')
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    await retry(failing(1), { backoff: constant(0) })
    expect(read(metrics)['x_events_total']).toEqual({
      'x:loop-utils:retry:schedule': 1,
      'x:test:event-metrics:happen': 2,
    })
    metrics[Symbol.dispose]()
    second[Symbol.dispose]()
    mine.publish({})
    expect(mine.hasSubscribers).toBe(false)
    expect(read(metrics)['x_events_total']).toMatchObject({ 'x:test:event-metrics:happen': 2 })
  })

  it('is bounded, whatever names come', () => {
    const metrics = new EventMetrics({ maxNames: 2 })
    for (let index = 0; index < 1000; index++) metrics.onEvent(`x:test:thing:n${index}`, {})
    metrics.onEvent('x:test:thing:n1', {})
    expect(read(metrics)['x_events_total']).toEqual({ 'x:test:thing:n0': 1, 'x:test:thing:n1': 2, other: 998 })
  })

  it.each<[string, EventMetricsOptions]>([
    ['prefix', { prefix: '1x' }],
    ['buckets', { buckets: [1, 1] }],
    ['buckets', { buckets: [NaN] }],
    ['maxNames', { maxNames: 0 }],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => new EventMetrics(options)).toThrow(OptionError)
    expect(() => new EventMetrics(options)).toThrow(`option ${option} is `)
  })
})
