import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { checkInteger, checkObject } from '../errors/option-checks.ts'

export interface LoopMonitorOptions {
  /** How often the delay is sampled, in milliseconds, up to 1000. Default 10. */
  readonly resolutionMs?: number
}

/** How late a loop runs what is due, in milliseconds. All 0 before the first sample. */
export interface LoopDelay {
  readonly min: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** How busy and how late a loop was since the monitor was started or reset. */
export interface LoopHealth {
  /** The share of time in which the loop ran code, from 0 to 1. */
  readonly utilization: number
  readonly activeMs: number
  readonly idleMs: number
  readonly delayMs: LoopDelay
  /** How many times the delay was sampled. */
  readonly samples: number
}

/** Measures this thread's loop until it is disposed. It does not keep the process alive. */
export interface LoopMonitor extends Disposable {
  read(): LoopHealth
  /** Begins anew. */
  reset(): void
}

/**
 * Starts to measure this thread's loop: its utilization, and by how much a timer that recurs comes late. Costs a wake-up
 * of the loop every `resolutionMs`.
 *
 * @throws OptionError
 */
export function monitorLoop(options: LoopMonitorOptions = {}): LoopMonitor {
  return new HistogramMonitor(
    checkInteger('resolutionMs', checkObject(options).resolutionMs ?? 10, { min: 1, max: 1000 }),
  )
}

const NS_PER_MS = 1e6

class HistogramMonitor implements LoopMonitor {
  readonly #resolutionMs: number
  readonly #histogram: ReturnType<typeof monitorEventLoopDelay>
  #begun = performance.eventLoopUtilization()

  constructor(resolutionMs: number) {
    this.#resolutionMs = resolutionMs
    this.#histogram = monitorEventLoopDelay({ resolution: resolutionMs })
    this.#histogram.enable()
  }

  read(): LoopHealth {
    const histogram = this.#histogram
    const { active, idle, utilization } = performance.eventLoopUtilization(this.#begun)
    return {
      utilization,
      activeMs: active,
      idleMs: idle,
      samples: histogram.count,
      delayMs: {
        min: this.#delayOf(histogram.min),
        mean: this.#delayOf(histogram.mean),
        p50: this.#delayOf(histogram.percentile(50)),
        p90: this.#delayOf(histogram.percentile(90)),
        p99: this.#delayOf(histogram.percentile(99)),
        max: this.#delayOf(histogram.max),
      },
    }
  }

  reset(): void {
    this.#histogram.reset()
    this.#begun = performance.eventLoopUtilization()
  }

  [Symbol.dispose](): void {
    this.#histogram.disable()
  }

  /** What is recorded is the time between two samples. */
  #delayOf(intervalNs: number): number {
    return this.#histogram.count === 0 ? 0 : Math.max(0, intervalNs / NS_PER_MS - this.#resolutionMs)
  }
}
