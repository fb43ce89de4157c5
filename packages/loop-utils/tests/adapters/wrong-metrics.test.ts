import { channel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import {
  breakerMetrics,
  EventMetrics,
  jsonLogSink,
  prometheusText,
  type HistogramSample,
  type MetricFamily,
} from '../../src/adapters/index.ts'
import { readExposition } from './exposition-format.ts'

function textOf(...families: readonly object[]): string {
  return prometheusText([() => families as MetricFamily[]])
}

function gauge(name: string, ...samples: readonly object[]): object {
  return { name, help: '', type: 'gauge', samples }
}

function histogram(sample: Partial<HistogramSample>): object {
  return { name: 'x_h', help: '', type: 'histogram', samples: [{ buckets: [], sum: 0, count: 0, ...sample }] }
}

describe('what cannot stand on a metrics page is refused with what to give', () => {
  it.each<[string, string, () => unknown]>([
    ['name', 'a metric name, [a-zA-Z_:][a-zA-Z0-9_:]*', () => textOf(gauge('1st'))],
    ['type of x_g', "'gauge', as before", () => textOf(gauge('x_g'), { ...gauge('x_g'), type: 'counter' })],
    [
      'value of x_g',
      'a number of at least 0, as for every counter',
      () => textOf({ ...gauge('x_g', { value: -1 }), type: 'counter' }),
    ],
    ['value', 'a number', () => textOf(gauge('x_g', { value: '1' }))],
    [
      'label of x_g',
      'a label name, [a-zA-Z_][a-zA-Z0-9_]* and not __ at first',
      () => textOf(gauge('x_g', { labels: { __own: 'a' }, value: 1 })),
    ],
    [
      'labels of x_g',
      'labels that differ from those of every other sample',
      () => textOf(gauge('x_g', { labels: { a: '1', b: '2' }, value: 1 }, { labels: { b: '2', a: '1' }, value: 2 })),
    ],
    ['labels of x_h', 'other names than le, that of buckets', () => textOf(histogram({ labels: { le: '1' } }))],
    [
      'buckets of x_h',
      'rising bounds whose counts rise up to the whole count',
      () =>
        textOf(
          histogram({
            count: 2,
            buckets: [
              { le: 1, count: 1 },
              { le: 1, count: 2 },
            ],
          }),
        ),
    ],
    [
      'buckets of x_h',
      '3, the whole count, in the bucket without bound',
      () => textOf(histogram({ count: 3, buckets: [{ le: Infinity, count: 2 }] })),
    ],
    ['name', 'another name: histogram x_h has it', () => textOf(histogram({}), gauge('x_h_sum', { value: 1 }))],
    ['owners', 'a list', () => breakerMetrics(1 as never)],
    ['owners', 'a list', () => breakerMetrics(undefined as never)],
    ['prefix', 'a metric name', () => new EventMetrics({ prefix: 'a-b' })],
    ['buckets', 'rising bounds', () => new EventMetrics({ buckets: [1, 1] })],
    ['redact', 'a list of names', () => jsonLogSink(() => {}, { redact: 'password' as never })],
    ['fields', 'an object', () => jsonLogSink(() => {}, { fields: null as never })],
    ['fields', 'an object', () => jsonLogSink(() => {}, { fields: 'hub' as never })],
  ])('%s: %s', (option, expected, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option, expected }))
  })

  it('shows which name a histogram has already', () => {
    expect(() => textOf(gauge('x_h_bucket', { value: 1 }), histogram({}))).toThrow(
      expect.objectContaining({ option: 'name', value: "'x_h_bucket'" }),
    )
  })
})

describe('what looks alike on a metrics page', () => {
  it('are names that end like those of a histogram beside a metric that is none', () => {
    expect(readExposition(textOf(gauge('x_g', { value: 1 }), gauge('x_g_sum', { value: 2 })))).toHaveLength(2)
  })

  it('are labels of other names with the same letters', () => {
    const samples = [
      { labels: { a: '1', b: '2' }, value: 1 },
      { labels: { a: '1', ab: '2' }, value: 2 },
    ]
    expect(readExposition(textOf(gauge('x_g', ...samples)))[0]?.samples).toHaveLength(2)
  })
})

describe('EventMetrics', () => {
  it('has help for its families', () => {
    const metrics = new EventMetrics()
    metrics.onEvent('x:test:thing:do', {})
    expect(metrics.source().map(({ help }) => help)).toEqual([
      'Events by their names.',
      'Times that events tell of, by the names of the events.',
    ])
  })

  it('counts a time above every bound in the whole only, and one at a bound within it', () => {
    const metrics = new EventMetrics({ durations: { 'x:test:thing:do': 'ms' }, buckets: [1, 2] })
    for (const ms of [1000, 2000, 2500, '5', undefined]) metrics.onEvent('x:test:thing:do', { ms })
    metrics.onEvent('x:test:thing:other', { ms: 1, undefined: 7 })
    expect(metrics.source()[1]?.samples).toEqual([
      {
        labels: { event: 'x:test:thing:do' },
        buckets: [
          { le: 1, count: 1 },
          { le: 2, count: 2 },
        ],
        sum: 5.5,
        count: 3,
      },
    ])
  })

  it.each<[string, (metrics: EventMetrics) => Disposable]>([
    ['its subscription is', (metrics) => metrics.subscribe(['x:test:event-metrics:end'])],
    [
      'it is itself',
      (metrics) => {
        metrics.subscribe(['x:test:event-metrics:end'])
        return metrics
      },
    ],
  ])('listens no more when %s disposed of', (_, subscribe) => {
    const metrics = new EventMetrics()
    const subscription = subscribe(metrics)
    const mine = channel('x:test:event-metrics:end')
    expect(mine.hasSubscribers).toBe(true)
    mine.publish(null)
    subscription[Symbol.dispose]()
    subscription[Symbol.dispose]()
    mine.publish({})
    expect(mine.hasSubscribers).toBe(false)
    expect(metrics.source()[0]?.samples).toMatchObject([{ value: 1 }])
  })
})
