import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { prometheusText, PROMETHEUS_CONTENT_TYPE, type MetricFamily } from '../../src/adapters/index.ts'
import { OptionError } from '../../src/errors/index.ts'
import { readExposition } from './exposition-format.ts'
import { page } from './metric-page.ts'

interface Vector {
  readonly text: string
  readonly families: readonly {
    readonly name: string
    readonly type: string
    readonly help: string
    readonly samples: readonly {
      readonly name: string
      readonly labels: Record<string, string>
      readonly value: string
    }[]
  }[]
}

const vector = JSON.parse(readFileSync(new URL('../vectors/metric-page.json', import.meta.url), 'utf8')) as Vector

/** How Python shows a number. */
function shown(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf'
}

function one(family: Partial<MetricFamily>): () => string {
  const whole = { name: 'x_a', help: '', type: 'gauge', samples: [{ value: 1 }], ...family } as MetricFamily
  return () => prometheusText([() => [whole]])
}

describe('prometheusText', () => {
  it('writes what the Python client of Prometheus reads as it was meant', () => {
    expect(prometheusText(page)).toBe(vector.text)
    const read = readExposition(vector.text)
    expect(
      read.map(({ name, type, help, samples }) => ({
        name,
        type,
        help,
        samples: samples.map((sample) => ({ ...sample, value: shown(sample.value) })),
      })),
    ).toEqual(
      vector.families.map((family) => ({
        ...family,
        samples: family.samples.map((sample) => ({
          ...sample,
          value: shown(Number(sample.value.replace('inf', 'Infinity'))),
        })),
      })),
    )
  })

  it('writes the example of the description of the format', () => {
    const text = prometheusText([
      () => [
        {
          name: 'http_requests_total',
          help: 'The total number of HTTP requests.',
          type: 'counter',
          samples: [
            { labels: { method: 'post', code: '200' }, value: 1027 },
            { labels: { method: 'post', code: '400' }, value: 3 },
          ],
        },
        {
          name: 'http_request_duration_seconds',
          help: 'A histogram of the request duration.',
          type: 'histogram',
          samples: [
            {
              buckets: [
                { le: 0.05, count: 24_054 },
                { le: 0.1, count: 33_444 },
                { le: 0.2, count: 100_392 },
                { le: 0.5, count: 129_389 },
                { le: 1, count: 133_988 },
              ],
              sum: 53_423,
              count: 144_320,
            },
          ],
        },
      ],
    ])
    expect(text).toBe(
      [
        '# HELP http_requests_total The total number of HTTP requests.',
        '# TYPE http_requests_total counter',
        'http_requests_total{method="post",code="200"} 1027',
        'http_requests_total{method="post",code="400"} 3',
        '# HELP http_request_duration_seconds A histogram of the request duration.',
        '# TYPE http_request_duration_seconds histogram',
        'http_request_duration_seconds_bucket{le="0.05"} 24054',
        'http_request_duration_seconds_bucket{le="0.1"} 33444',
        'http_request_duration_seconds_bucket{le="0.2"} 100392',
        'http_request_duration_seconds_bucket{le="0.5"} 129389',
        'http_request_duration_seconds_bucket{le="1"} 133988',
        'http_request_duration_seconds_bucket{le="+Inf"} 144320',
        'http_request_duration_seconds_sum 53423',
        'http_request_duration_seconds_count 144320',
        '',
      ].join('\n'),
    )
    expect(PROMETHEUS_CONTENT_TYPE).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  it('of nothing is nothing', () => {
    expect(prometheusText([])).toBe('')
    expect(prometheusText([() => []])).toBe('')
  })

  it.each<[string, () => unknown]>([
    ['a name that begins with a digit', one({ name: '1x' })],
    ['a name with a dash', one({ name: 'x-a' })],
    ['an empty name', one({ name: '' })],
    ['a name with a line feed at its end', one({ name: 'x_a\n' })],
    ['a label with a dash', one({ samples: [{ labels: { 'a-b': '' }, value: 1 }] })],
    ['a label that is reserved', one({ samples: [{ labels: { __a: '' }, value: 1 }] })],
    ['a label with a colon', one({ samples: [{ labels: { 'a:b': '' }, value: 1 }] })],
    ['a value that is no number', one({ samples: [{ value: '1' as never }] })],
    ['a counter that is negative', one({ type: 'counter', samples: [{ value: -1 }] })],
    ['a counter that is no number', one({ type: 'counter', samples: [{ value: NaN }] })],
    [
      'the same labels twice',
      one({
        samples: [
          { labels: { a: '1', b: '2' }, value: 1 },
          { labels: { b: '2', a: '1' }, value: 2 },
        ],
      }),
    ],
    ['le as a label', one({ type: 'histogram', samples: [{ labels: { le: '1' }, buckets: [], sum: 0, count: 0 }] })],
    [
      'bounds that fall',
      one({
        type: 'histogram',
        samples: [
          {
            buckets: [
              { le: 2, count: 1 },
              { le: 1, count: 1 },
            ],
            sum: 0,
            count: 1,
          },
        ],
      }),
    ],
    [
      'counts that fall',
      one({
        type: 'histogram',
        samples: [
          {
            buckets: [
              { le: 1, count: 2 },
              { le: 2, count: 1 },
            ],
            sum: 0,
            count: 2,
          },
        ],
      }),
    ],
    [
      'more in a bucket than in all',
      one({ type: 'histogram', samples: [{ buckets: [{ le: 1, count: 2 }], sum: 0, count: 1 }] }),
    ],
    [
      'less without bound than in all',
      one({ type: 'histogram', samples: [{ buckets: [{ le: Infinity, count: 1 }], sum: 0, count: 2 }] }),
    ],
    [
      'two types of one name',
      () => prometheusText([() => [gauge('x_a'), { name: 'x_a', help: '', type: 'counter', samples: [] }]]),
    ],
    [
      'a name that is the line of a histogram',
      () => prometheusText([() => [gauge('x_a_sum'), { name: 'x_a', help: '', type: 'histogram', samples: [] }]]),
    ],
  ])('refuses %s', (_what, render) => {
    expect(render).toThrow(OptionError)
  })
})

function gauge(name: string): MetricFamily {
  return { name, help: '', type: 'gauge', samples: [] }
}
