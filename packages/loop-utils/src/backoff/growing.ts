import type { Random } from '../clock/random.ts'
import { checkDuration, checkNumber } from '../errors/option-checks.ts'
import { backoffOf, type Backoff } from './backoff.ts'
import { growth, type Growth } from './growth.ts'
import { spreadOf, type Jitter } from './jitter.ts'

/** What all growing sequences have in common. */
export interface GrowingOptions {
  /** The first delay before jitter, in milliseconds. Default 1000. */
  readonly initialDelayMs?: number
  /** The longest delay, in milliseconds. Default 60 000. */
  readonly maxDelayMs?: number
  /** Default `'none'`. */
  readonly jitter?: Jitter
}

/** Options of an exponential backoff. */
export interface ExponentialOptions extends GrowingOptions {
  /** What each delay is multiplied by; at least 1. Default 2. */
  readonly factor?: number
}

/**
 * Delays that are multiplied by `factor` up to `maxDelayMs`, for ever.
 *
 * @throws OptionError when an option is out of range
 */
export function exponential(options: ExponentialOptions = {}): Backoff {
  const factor = checkNumber('factor', options.factor ?? 2, { min: 1 })
  return growing(options, () => (delayMs) => delayMs * factor)
}

/** Options of a linear backoff. */
export interface LinearOptions extends GrowingOptions {
  /** What is added to each delay, in milliseconds. Default: the first delay. */
  readonly stepMs?: number
}

/**
 * Delays that grow by `stepMs` up to `maxDelayMs`, for ever.
 *
 * @throws OptionError when an option is out of range
 */
export function linear(options: LinearOptions = {}): Backoff {
  const stepMs = checkDuration('stepMs', options.stepMs ?? options.initialDelayMs ?? 1000)
  return growing(options, () => (delayMs) => delayMs + stepMs)
}

/**
 * Delays that are the sum of the two before (1, 1, 2, 3, 5 … times the first) up to `maxDelayMs`, for ever.
 *
 * @throws OptionError when an option is out of range
 */
export function fibonacci(options: GrowingOptions = {}): Backoff {
  return growing(options, () => {
    let previousMs = 0
    return (delayMs) => {
      const sumMs = previousMs + delayMs
      previousMs = delayMs
      return sumMs
    }
  })
}

/** Options of a backoff with decorrelated jitter. */
export interface DecorrelatedOptions {
  /** The shortest delay, in milliseconds. Default 1000. */
  readonly initialDelayMs?: number
  /** The longest delay, in milliseconds. Default 60 000. */
  readonly maxDelayMs?: number
  /** How far above the previous delay the next one may lie; at least 1. Default 3. */
  readonly factor?: number
}

/**
 * Delays that are drawn uniformly from the first delay to `factor` times the previous one, up to `maxDelayMs`, for ever
 * ("decorrelated jitter", AWS Architecture Blog, Exponential Backoff And Jitter).
 *
 * @throws OptionError when an option is out of range
 */
export function decorrelated(options: DecorrelatedOptions = {}): Backoff {
  const { initialDelayMs, maxDelayMs } = checkBounds(options)
  const factor = checkNumber('factor', options.factor ?? 3, { min: 1 })
  return backoffOf(function* (random: Random): Generator<number, void, undefined> {
    for (let delayMs = initialDelayMs; ;) {
      const highest = Math.min(maxDelayMs, delayMs * factor)
      delayMs = Math.min(highest, initialDelayMs + (highest - initialDelayMs) * random())
      yield delayMs
    }
  })
}

function growing(options: GrowingOptions, makeGrow: Growth['makeGrow']): Backoff {
  const bounds = checkBounds(options)
  return growth({ ...bounds, makeGrow, spread: spreadOf(options.jitter ?? 'none', bounds.maxDelayMs) })
}

function checkBounds(options: GrowingOptions): { readonly initialDelayMs: number; readonly maxDelayMs: number } {
  const maxDelayMs = checkDuration('maxDelayMs', options.maxDelayMs ?? 60_000)
  const initialDelayMs = options.initialDelayMs ?? Math.min(1000, maxDelayMs)
  return { initialDelayMs: checkDuration('initialDelayMs', initialDelayMs, { max: maxDelayMs }), maxDelayMs }
}
