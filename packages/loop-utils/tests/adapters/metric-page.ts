import type { MetricSource } from '../../src/adapters/index.ts'

/** A page with everything that the format has a rule for; what others read in it is in ../vectors/metric-page.json. */
export const page: readonly MetricSource[] = [
  () => [
    {
      name: 'x_demo_total',
      help: 'Slash \\ and\nline feed, "quotes" stay.',
      type: 'counter',
      samples: [
        { value: 3 },
        { labels: { path: 'C:\\DIR\\', quote: 'say "hi"', lines: 'a\nb', empty: '', unicode: 'Gerät €' }, value: 1e21 },
      ],
    },
    { name: 'x_demo_gauge', help: '', type: 'gauge', samples: [{ labels: { of: 'nan' }, value: NaN }] },
    { name: 'x_empty', help: 'No samples.', type: 'untyped', samples: [] },
  ],
  () => [
    {
      name: 'x_demo_gauge',
      help: 'A second source of the same metric.',
      type: 'gauge',
      samples: [
        { labels: { of: 'inf' }, value: Infinity },
        { labels: { of: 'minus inf' }, value: -Infinity },
        { labels: { of: 'minus' }, value: -0.25 },
        { labels: { of: 'tiny' }, value: 5e-324 },
      ],
    },
    {
      name: 'x_demo:seconds',
      help: 'A distribution.',
      type: 'histogram',
      samples: [
        {
          labels: { kind: 'read' },
          buckets: [
            { le: 0.05, count: 24_054 },
            { le: 0.1, count: 33_444 },
            { le: 1, count: 133_988 },
          ],
          sum: 53_423.5,
          count: 144_320,
        },
        {
          labels: { kind: 'none' },
          buckets: [
            { le: -1, count: 0 },
            { le: Infinity, count: 0 },
          ],
          sum: 0,
          count: 0,
        },
        { buckets: [], sum: -2.5, count: 1 },
      ],
    },
  ],
]
