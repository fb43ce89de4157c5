import { checkInteger, checkNumber, checkObject } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { OnEvent } from '../observe/observer.ts'
import { callSafely } from '../observe/stray-error.ts'
import { subscribeToChannels } from './channel-subscription.ts'
import { CHANNEL_NAMES } from './channels.ts'
import type { HistogramSample, MetricFamily } from './metric-family.ts'

export interface EventMetricsOptions {
  /** Before the names of the metrics. Default `'x_events'`. */
  readonly prefix?: string
  /**
   * Events whose data hold a time: the name of the event and that of the field, in milliseconds. Default: how long
   * retries wait.
   */
  readonly durations?: Readonly<Record<string, string>>
  /** The bounds of the histograms' buckets, in seconds, rising. Default: 5 ms to 60 s. */
  readonly buckets?: readonly number[]
  /** How many names are counted apart; the events of others are counted together as `other`. Default 256. */
  readonly maxNames?: number
}

const BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const DURATIONS: Readonly<Record<string, string>> = { 'x:loop-utils:retry:schedule': 'delayMs' }

/**
 * Counts events by their names, and how long they took: `<prefix>_total{event="x:…"}` and, for events with a time,
 * histogram `<prefix>_seconds{event="x:…"}`.
 *
 * @example
 * const events = new EventMetrics()
 * events.subscribe()
 * response.end(prometheusText([events.source]))
 */
export class EventMetrics implements Disposable {
  /** The option `onEvent` of whatever is to be counted. */
  readonly onEvent: OnEvent = (name, data) => this.#take(name, data)
  /** For `prometheusText`. */
  readonly source = (): MetricFamily[] => this.#families()
  readonly #prefix: string
  readonly #durations: ReadonlyMap<string, string>
  readonly #buckets: readonly number[]
  readonly #maxNames: number
  readonly #counts = new Map<string, number>()
  readonly #histograms = new Map<string, Distribution>()
  readonly #subscriptions = new Set<Disposable>()

  /** @throws OptionError when an option is out of range */
  constructor(options: EventMetricsOptions = {}) {
    const { prefix = 'x_events', durations = DURATIONS, buckets = BUCKETS, maxNames = 256 } = checkObject(options)
    if (!/^[A-Za-z_]\w*$/.test(prefix)) throw new OptionError('prefix', prefix, 'a metric name')
    let last = -Infinity
    for (const bound of buckets) {
      if (checkNumber('buckets', bound) <= last) throw new OptionError('buckets', buckets, 'rising bounds')
      last = bound
    }
    this.#prefix = prefix
    this.#durations = new Map(Object.entries(durations))
    this.#buckets = [...buckets]
    this.#maxNames = checkInteger('maxNames', maxNames, { min: 1 })
  }

  /**
   * Counts what is published on diagnostics channels, until what it returns, or this, is disposed of.
   *
   * @param names default: all events of this package
   */
  subscribe(names: Iterable<string> = CHANNEL_NAMES): Disposable {
    const channels = subscribeToChannels(names, this.onEvent)
    this.#subscriptions.add(channels)
    return {
      [Symbol.dispose]: () => {
        if (this.#subscriptions.delete(channels)) channels[Symbol.dispose]()
      },
    }
  }

  [Symbol.dispose](): void {
    for (const channels of this.#subscriptions) channels[Symbol.dispose]()
    this.#subscriptions.clear()
  }

  #take(event: string, data: Readonly<Record<string, unknown>>): void {
    const name = this.#counts.has(event) || this.#counts.size < this.#maxNames ? event : 'other'
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    const field = this.#durations.get(event)
    // other packages' channels may carry anything, and a subscriber that throws would end the process
    if (field !== undefined) callSafely('EventMetrics', () => this.#measure(event, data[field]))
  }

  #measure(event: string, ms: unknown): void {
    if (typeof ms === 'number' && Number.isFinite(ms)) this.#distributionOf(event).add(ms / 1000)
  }

  /** There are no more than `durations` has names. */
  #distributionOf(event: string): Distribution {
    let distribution = this.#histograms.get(event)
    if (distribution === undefined) {
      distribution = new Distribution(this.#buckets)
      this.#histograms.set(event, distribution)
    }
    return distribution
  }

  #families(): MetricFamily[] {
    const counts = [...this.#counts].map(([event, value]) => ({ labels: { event }, value }))
    const histograms = [...this.#histograms].map(([event, distribution]) => ({
      labels: { event },
      ...distribution.sample(),
    }))
    return [
      { name: `${this.#prefix}_total`, help: 'Events by their names.', type: 'counter', samples: counts },
      {
        name: `${this.#prefix}_seconds`,
        help: 'Times that events tell of, by the names of the events.',
        type: 'histogram',
        samples: histograms,
      },
    ]
  }
}

class Distribution {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0
  #count = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = bounds.map(() => 0)
  }

  add(value: number): void {
    this.#sum += value
    this.#count++
    const bucket = this.#bounds.findIndex((bound) => value <= bound)
    if (bucket >= 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
  }

  sample(): HistogramSample {
    let upTo = 0
    const buckets = this.#bounds.map((le, index) => ({ le, count: (upTo += this.#counts[index] ?? 0) }))
    return { buckets, sum: this.#sum, count: this.#count }
  }
}
