import type { Random } from '../clock/random.ts'
import { checkDuration, checkFunction } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { backoffOf, type Backoff } from './backoff.ts'
import { spreadOf, type Jitter } from './jitter.ts'

/**
 * The same delay, for ever. With `jitter: { ratio }` it may exceed `delayMs`.
 *
 * @throws OptionError when `delayMs` is no duration
 */
export function constant(delayMs: number, options: { readonly jitter?: Jitter } = {}): Backoff {
  checkDuration('delayMs', delayMs)
  const spread = spreadOf(options.jitter ?? 'none', Number.MAX_VALUE)
  return backoffOf(function* (random: Random): Generator<number, void, undefined> {
    for (;;) yield spread(delayMs, random)
  })
}

/** How a list of delays ends. */
export interface SequenceOptions {
  /** Whether the last delay is repeated for ever; otherwise the sequence ends. Default false. */
  readonly repeatLast?: boolean
}

/**
 * The delays of a list, in milliseconds.
 *
 * @throws OptionError when one is no duration
 */
export function sequence(delaysMs: readonly number[], options: SequenceOptions = {}): Backoff {
  const list = delaysMs.map((delayMs, index) => checkDuration(`delaysMs[${index}]`, delayMs))
  const last = options.repeatLast === true ? list.at(-1) : undefined
  return backoffOf(function* (): Generator<number, void, undefined> {
    yield* list
    if (last !== undefined) for (;;) yield last
  })
}

/** What a custom backoff may build upon. */
export interface BackoffStep {
  /** How many attempts have failed; from 1. */
  readonly attempt: number
  /** The delay before, in milliseconds; 0 at first. */
  readonly previousMs: number
  /** The sum of all delays before, in milliseconds. */
  readonly totalMs: number
}

/**
 * Delays that `next` computes. It ends the sequence by returning undefined.
 *
 * @throws OptionError when `next` is no function, and from the sequence when it returns no duration
 */
export function custom(next: (step: BackoffStep, random: Random) => number | undefined): Backoff {
  checkFunction('next', next)
  return backoffOf(function* (random: Random): Generator<number, void, undefined> {
    let totalMs = 0
    let previousMs = 0
    for (let attempt = 1; ; attempt++) {
      const delayMs = next({ attempt, previousMs, totalMs }, random)
      if (delayMs === undefined) return
      previousMs = checkDuration('next()', delayMs)
      totalMs = Math.min(totalMs + delayMs, Number.MAX_VALUE)
      yield delayMs
    }
  })
}

/**
 * One sequence after the other; all but the last should end.
 *
 * @throws OptionError when none is given
 */
export function concat(...backoffs: readonly Backoff[]): Backoff {
  if (backoffs.length === 0) throw new OptionError('backoffs', backoffs, 'at least one backoff')
  return backoffOf(function* (random: Random): Generator<number, void, undefined> {
    for (const backoff of backoffs) yield* backoff.delays(random)
  })
}
