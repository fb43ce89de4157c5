import { OptionError } from '../errors/option-error.ts'
import type { MetricFamily, MetricLabels, MetricSample, MetricSource } from './metric-family.ts'

/** One metric that is read from a field of a `stats()`. */
export interface MetricColumn<S> {
  /** Behind the prefix. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  /**
   * What it is: a number, or undefined for no sample, or for each value of a further label one number. Times are in
   * seconds.
   */
  readonly read: (
    stats: S,
  ) => number | undefined | { readonly label: string; readonly values: Readonly<Record<string, number>> }
}

/** What has a `stats()` that metrics can be made of. */
export interface StatsOwner<S> {
  stats(): S
}

/** One whose metrics are read, or several, each with labels of its own. */
export type StatsOwners<S> = Iterable<StatsOwner<S> | readonly [labels: MetricLabels, owner: StatsOwner<S>]>

/** How the `stats()` of a kind of thing become metrics. */
export interface MetricTable<S> {
  /** Before the name of each metric. */
  readonly prefix: string
  readonly columns: readonly MetricColumn<S>[]
  /** Labels that tell this one from others of its kind. */
  readonly labelsOf?: (stats: S) => MetricLabels
}

/**
 * A source of metrics that asks each owner for its `stats()` at each reading. `owners` is gone through each time, so a
 * list that grows is followed.
 *
 * @throws OptionError when `owners` cannot be gone through
 */
export function tableMetrics<S>(table: MetricTable<S>, owners: StatsOwners<S>): MetricSource {
  if (typeof owners?.[Symbol.iterator] !== 'function') throw new OptionError('owners', owners, 'a list')
  return () => {
    const rows = [...owners].map((owner) => rowOf(table, owner))
    return table.columns.map((column): MetricFamily => {
      const { type, help } = column
      const samples = rows.flatMap((row) => samplesOf(column, row))
      return { name: `${table.prefix}_${column.name}`, help, type, samples }
    })
  }
}

interface Row<S> {
  readonly labels: MetricLabels
  readonly stats: S
}

function rowOf<S>({ labelsOf }: MetricTable<S>, given: StatsOwner<S> | readonly [MetricLabels, StatsOwner<S>]): Row<S> {
  const [labels, owner] = 'stats' in given ? [{}, given] : given
  const stats = owner.stats()
  return { labels: { ...labelsOf?.(stats), ...labels }, stats }
}

function samplesOf<S>({ read }: MetricColumn<S>, { labels, stats }: Row<S>): MetricSample[] {
  const found = read(stats)
  if (found === undefined) return []
  if (typeof found === 'number') return [{ labels, value: found }]
  return Object.entries(found.values).map(([name, value]) => ({ labels: { ...labels, [found.label]: name }, value }))
}
