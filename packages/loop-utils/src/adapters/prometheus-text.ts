import { OptionError } from '../errors/option-error.ts'
import type { HistogramSample, MetricFamily, MetricLabels, MetricSample, MetricSource } from './metric-family.ts'

/** The media type of {@link prometheusText}, for the Content-Type of a response. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Metrics in the text format of Prometheus, version 0.0.4. Families of the same name from several sources become one;
 * two samples of one family must differ in their labels.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format}
 * @throws OptionError when a name, a value or a set of labels is not one that the format admits
 * @example
 * const metrics = [breakerMetrics([breaker]), bulkheadMetrics([bulkhead])]
 * response.setHeader('content-type', PROMETHEUS_CONTENT_TYPE).end(prometheusText(metrics))
 */
export function prometheusText(sources: Iterable<MetricSource>): string {
  const pages = new Map<string, Page>()
  for (const source of sources) {
    for (const family of source()) {
      let page = pages.get(family.name)
      if (page === undefined) {
        page = new Page(family)
        pages.set(family.name, page)
      }
      page.add(family)
    }
  }
  checkSuffixes(pages)
  return [...pages.values()].map((page) => page.text()).join('')
}

const METRIC_NAME = /^[A-Za-z_:][\w:]*$/
const LABEL_NAME = /^(?!__)[A-Za-z_]\w*$/
const HISTOGRAM_SUFFIXES = ['_bucket', '_sum', '_count'] as const

/** All lines of one metric. */
class Page {
  readonly type: MetricFamily['type']
  readonly #name: string
  readonly #help: string
  readonly #lines: string[] = []
  readonly #labelSets = new Set<string>()

  constructor({ name, type, help }: MetricFamily) {
    if (!METRIC_NAME.test(name)) throw new OptionError('name', name, 'a metric name, [a-zA-Z_:][a-zA-Z0-9_:]*')
    this.#name = name
    this.#help = help
    this.type = type
  }

  add(family: MetricFamily): void {
    if (family.type !== this.type) {
      throw new OptionError(`type of ${this.#name}`, family.type, `'${this.type}', as before`)
    }
    if (family.type === 'histogram') for (const sample of family.samples) this.#addHistogram(sample)
    else for (const sample of family.samples) this.#addSample(sample)
  }

  text(): string {
    const help = this.#help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
    return `# HELP ${this.#name} ${help}\n# TYPE ${this.#name} ${this.type}\n${this.#lines.join('')}`
  }

  #addSample({ labels = {}, value }: MetricSample): void {
    if (this.type === 'counter' && !(value >= 0)) {
      throw new OptionError(`value of ${this.#name}`, value, 'a number of at least 0, as for every counter')
    }
    const pairs = this.#pairsOf(labels)
    this.#addLine('', pairs, value)
  }

  #addHistogram(sample: HistogramSample): void {
    const { labels = {}, buckets, sum, count } = sample
    if ('le' in labels) throw new OptionError(`labels of ${this.#name}`, labels, 'other names than le, that of buckets')
    const pairs = this.#pairsOf(labels)
    let lastLe = -Infinity
    let lastCount = 0
    for (const { le, count: upTo } of buckets) {
      if (!(le > lastLe) || !(upTo >= lastCount) || upTo > count) {
        throw new OptionError(`buckets of ${this.#name}`, le, 'rising bounds whose counts rise up to the whole count')
      }
      lastLe = le
      lastCount = upTo
      if (le !== Infinity) this.#addLine('_bucket', [...pairs, `le="${numeral(le)}"`], upTo)
    }
    if (lastLe === Infinity && lastCount !== count) {
      throw new OptionError(
        `buckets of ${this.#name}`,
        lastCount,
        `${count}, the whole count, in the bucket without bound`,
      )
    }
    this.#addLine('_bucket', [...pairs, 'le="+Inf"'], count)
    this.#addLine('_sum', pairs, sum)
    this.#addLine('_count', pairs, count)
  }

  #addLine(suffix: string, pairs: readonly string[], value: number): void {
    const labels = pairs.length === 0 ? '' : `{${pairs.join(',')}}`
    this.#lines.push(`${this.#name}${suffix}${labels} ${numeral(value)}\n`)
  }

  /** Labels as they are written. The same ones in another order are the same. */
  #pairsOf(labels: MetricLabels): string[] {
    const pairs = Object.entries(labels).map(([name, value]) => {
      if (!LABEL_NAME.test(name)) {
        throw new OptionError(
          `label of ${this.#name}`,
          name,
          'a label name, [a-zA-Z_][a-zA-Z0-9_]* and not __ at first',
        )
      }
      return `${name}="${escape(value)}"`
    })
    const key = [...pairs].sort().join(',')
    if (this.#labelSets.has(key)) {
      throw new OptionError(
        `labels of ${this.#name}`,
        `{${key}}`,
        'labels that differ from those of every other sample',
      )
    }
    this.#labelSets.add(key)
    return pairs
  }
}

/** The lines of a histogram must not look like those of another metric. */
function checkSuffixes(pages: ReadonlyMap<string, Page>): void {
  for (const [name, page] of pages) {
    const taken = page.type === 'histogram' ? HISTOGRAM_SUFFIXES.find((suffix) => pages.has(name + suffix)) : undefined
    if (taken !== undefined) throw new OptionError('name', name + taken, `another name: histogram ${name} has it`)
  }
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numeral(value: number): string {
  if (typeof value !== 'number') throw new OptionError('value', value, 'a number')
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
