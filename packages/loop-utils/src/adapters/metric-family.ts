/** Names and values by which the samples of a metric are told apart. */
export type MetricLabels = Readonly<Record<string, string>>

/** One value of a counter or gauge. */
export interface MetricSample {
  readonly labels?: MetricLabels
  readonly value: number
}

/** One distribution. */
export interface HistogramSample {
  readonly labels?: MetricLabels
  /**
   * How many observations were not above each bound, by rising bounds; each count includes those before. A bucket
   * without bound may be left out.
   */
  readonly buckets: readonly { readonly le: number; readonly count: number }[]
  /** Of all that was observed. */
  readonly sum: number
  /** How much was observed. */
  readonly count: number
}

/** A metric with all its samples, as a monitoring system reads it. */
export type MetricFamily =
  | {
      readonly name: string
      readonly help: string
      readonly type: 'counter' | 'gauge' | 'untyped'
      readonly samples: readonly MetricSample[]
    }
  | {
      readonly name: string
      readonly help: string
      readonly type: 'histogram'
      readonly samples: readonly HistogramSample[]
    }

/** Reads metrics as they are now. */
export type MetricSource = () => Iterable<MetricFamily>
